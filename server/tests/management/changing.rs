//! Changes take effect before they are answered, leave all else in the file alone, and can be taken back.

use std::fs;

use reqwest::Method;
use serde_json::json;

use crate::desk::{Answer, Desk};

const FEATURE: &str = "/api/v1/features/postgres-migration";
const FILE: &str = "postgres-migration.yaml";

#[tokio::test]
async fn a_part_is_changed_with_the_rest_of_the_file_left_alone_and_decides_at_once() {
    let desk = Desk::open().await;
    let before = desk.file(FILE);
    assert_eq!(desk.decide("read", "789").await, false);
    let change = json!({ "change": "add-user", "rule": "Testing Group", "user": "789" });
    let changed = desk.change(change).await.expect(200).json;
    assert_eq!(
        desk.decide("read", "789").await,
        true,
        "in effect when it is answered"
    );
    let list = r#"["123", "456"]"#;
    assert_eq!(desk.file(FILE), before.replace(list, r#"["123", "456", "789"]"#));
    assert_eq!(changed["revision"]["author"], "ada");
    assert_eq!(changed["revision"]["reason"], "tests");
    let difference = changed["difference"].as_str().expect("a text");
    assert!(
        difference.contains("+    when: user_id in [\"123\", \"456\", \"789\"]\n"),
        "{difference}"
    );

    let back = json!({ "change": "remove-user", "rule": "Testing Group", "user": "789" });
    desk.change(back).await.expect(200);
    assert_eq!(desk.file(FILE), before);
}

#[tokio::test]
async fn several_parts_are_changed_together() {
    let desk = Desk::open().await;
    let changes = json!({ "changes": [
        { "change": "rollout", "rule": "Testing Group", "percent": "100%" },
        { "change": "serve", "rule": "Testing Group", "serve": { "migrated": "50%", "testing-groups": "50%" } },
        { "change": "enabled", "enabled": true },
    ] });
    desk.send(Method::PATCH, FEATURE, changes).await.expect(200);
    let text = desk.file(FILE);
    assert!(
        text.contains("    rollout: 100%\n    serve: { migrated: 50%, testing-groups: 50% }\n"),
        "{text}"
    );
    let off = json!({ "change": "enabled", "enabled": false });
    desk.change(off).await.expect(422).json["report"].take();
    assert_eq!(
        desk.file(FILE),
        text,
        "tests in the file would fail, so nothing is changed"
    );
}

#[tokio::test]
async fn a_preview_shows_what_would_change_and_changes_nothing() {
    let desk = Desk::open().await;
    let before = desk.file(FILE);
    let path = format!("{FEATURE}?preview=true");
    let text = before.replace("user_id in [\"123\", \"456\"]", "user_id in [\"456\"]");
    let text = text.replace(
        "expect: { read: true, write: false }",
        "expect: { read: false, write: false }",
    );
    let etag = desk.get(FEATURE).await.etag.expect("a tag");
    let request = desk.request(Method::PUT, &path).header("if-match", etag);
    let answer = Answer::of(request.json(&json!({ "document": text })))
        .await
        .expect(200)
        .json;
    assert_eq!(answer["revision"], json!(null));
    assert_eq!(answer["preview"]["basis"], "sample");
    let example = &answer["preview"]["examples"][0];
    assert_eq!(example["flag"], "read", "{answer}");
    assert_eq!(example["context"]["user_id"], "123");
    assert_eq!(example["before"]["value"], true);
    assert_eq!(
        example["after"],
        json!({ "value": false, "variation": "user-groups", "rule": null })
    );
    assert_eq!(desk.file(FILE), before);
    assert_eq!(desk.decide("read", "123").await, true);
}

#[tokio::test]
async fn a_feature_is_made_replaced_and_deleted_by_whoever_knows_what_it_was() {
    let desk = Desk::open().await;
    let document = "feature: banner # new\nvariables: { shown: { type: boolean } }\nvariations: { yes: { shown: true }, no: { shown: false } }\ndefault: yes\n";
    let path = "/api/v1/features/banner";
    let made = desk
        .send(Method::PUT, path, json!({ "document": document }))
        .await
        .expect(200);
    assert_eq!(desk.file("banner.yaml"), document);
    assert_eq!(desk.decide("shown", "1").await, true);

    let other = document.replace("default: yes", "default: no");
    let put = |etag: &str| {
        desk.request(Method::PUT, path)
            .header("if-match", etag)
            .json(&json!({ "document": other }))
    };
    desk.send(Method::PUT, path, json!({ "document": other }))
        .await
        .expect(428);
    Answer::of(put("\"another\"")).await.expect(412);
    let replaced = Answer::of(put(&made.etag.expect("a tag"))).await.expect(200);
    assert_eq!(desk.decide("shown", "1").await, false);
    assert_eq!(desk.get(path).await.json["document"], other);

    let etag = replaced.etag.expect("a tag");
    Answer::of(desk.request(Method::DELETE, path)).await.expect(428);
    Answer::of(desk.request(Method::DELETE, path).header("if-match", etag))
        .await
        .expect(200);
    assert!(!desk.folder.path().join("banner.yaml").exists());
    desk.get(path).await.expect(404);
}

#[tokio::test]
async fn a_segment_is_made_changed_by_a_value_and_deleted() {
    let desk = Desk::open().await;
    let path = "/api/v1/segments/staff";
    desk.send(Method::PUT, path, json!({ "document": "# staff\n1\n" }))
        .await
        .expect(200);
    let values = json!({ "add": ["2", "3"], "remove": ["1"] });
    desk.send(Method::PATCH, path, values).await.expect(200);
    assert_eq!(desk.file("segments/staff.txt"), "# staff\n2\n3\n");
    assert_eq!(desk.get("/api/v1/segments").await.json[0]["name"], "staff");
    desk.send(Method::PATCH, path, json!({ "add": ["two\nlines"] }))
        .await
        .expect(400);
    let etag = desk.get(path).await.expect(200).etag.expect("a tag");
    Answer::of(desk.request(Method::DELETE, path).header("if-match", etag))
        .await
        .expect(200);
    assert!(!desk.folder.path().join("segments/staff.txt").exists());
}

#[tokio::test]
async fn revisions_tell_who_why_and_what_hand_edits_included_and_are_restored() {
    let desk = Desk::open().await;
    let original = desk.file(FILE);
    desk.change(
        json!({ "change": "rollout", "rule": "Pro in India and the United States", "percent": "30%" }),
    )
    .await
    .expect(200);
    let edited = desk.file(FILE).replace("30%", "35%");
    fs::write(desk.folder.path().join(FILE), &edited).expect("an edit by hand");
    let revisions = desk.get("/api/v1/revisions").await.expect(200).json;
    let authors: Vec<&str> = revisions
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|r| r["author"].as_str())
        .collect();
    assert_eq!(authors, ["on disk", "ada", "on disk"]);

    let second = desk.get("/api/v1/revisions/2").await.expect(200).json;
    assert_eq!(second["reason"], "tests");
    let difference = second["difference"].as_str().expect("a text");
    assert!(
        difference.contains("-    rollout: 25%\n+    rollout: 30%\n"),
        "{difference}"
    );

    let path = "/api/v1/revisions/1/restore?author=bob&reason=back";
    let restored = desk.send(Method::POST, path, json!({})).await.expect(200).json;
    assert_eq!(desk.file(FILE), original);
    assert_eq!(restored["revision"]["id"], 4);
    desk.get("/api/v1/revisions/99").await.expect(404);

    let audit = desk.get("/api/v1/audit").await.expect(200).json;
    let actions: Vec<&str> = audit
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|e| e["action"].as_str())
        .collect();
    assert_eq!(actions, ["restore revision 1", "edit feature postgres-migration"]);
    assert_eq!(audit[0]["author"], "bob");
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
        desk.send(method, "/api/v1/audit", json!({})).await.expect(405);
    }
}

#[tokio::test]
async fn of_changes_made_at_once_none_is_lost() {
    let desk = Desk::open().await;
    let users: Vec<String> = (0..8).map(|user| format!("new-{user}")).collect();
    let changes = users
        .iter()
        .map(|user| desk.change(json!({ "change": "add-user", "rule": "Testing Group", "user": user })));
    for answer in futures_util::future::join_all(changes).await {
        answer.expect(200);
    }
    let text = desk.file(FILE);
    assert!(
        users.iter().all(|user| text.contains(&format!("\"{user}\""))),
        "{text}"
    );
}
