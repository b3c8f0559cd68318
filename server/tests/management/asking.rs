//! What is read, checked and explained.

use reqwest::Method;
use serde_json::json;

use crate::desk::Desk;

#[tokio::test]
async fn features_are_listed_with_their_parts_and_read_with_their_text() {
    let desk = Desk::open().await;
    let list = desk.get("/api/v1/features").await.expect(200).json;
    assert_eq!(list[0]["name"], "postgres-migration");
    assert_eq!(list[0]["flags"], json!(["write", "read"]));
    assert_eq!(
        list[0]["rules"],
        json!(["Testing Group", "Pro in India and the United States"])
    );
    let whole = desk.get("/api/v1/features/postgres-migration").await.expect(200);
    assert_eq!(whole.json["document"], desk.file("postgres-migration.yaml"));
    assert_eq!(whole.json["file"], "postgres-migration.yaml");
}

#[tokio::test]
async fn a_proposal_is_checked_tested_and_compared_for_contexts_of_one_s_own() {
    let desk = Desk::open().await;
    let text = desk
        .file("postgres-migration.yaml")
        .replace("default: user-groups ", "default: testing-groups ");
    let text = text.replace(
        "country: \"FR\" }, expect: { read: false,",
        "country: \"FR\" }, expect: { read: true,",
    );
    let proposal = json!({ "files": { "postgres-migration.yaml": text }, "contexts": [{ "targetingKey": "7", "country": "DE" }] });
    let answer = desk
        .send(Method::POST, "/api/v1/check", proposal)
        .await
        .expect(200)
        .json;
    let examples = answer["preview"]["examples"].as_array().expect("a list");
    assert!(
        examples
            .iter()
            .any(|example| example["context"]["country"] == "DE"),
        "{answer}"
    );

    let wrong = json!({ "files": { "postgres-migration.yaml": text.replace("country in", "contry in") } });
    let answer = desk
        .send(Method::POST, "/api/v1/check", wrong)
        .await
        .expect(422)
        .json;
    assert_eq!(answer["code"], "WRONG_RULES");
    let first = &answer["details"][0];
    assert_eq!(
        (&first["file"], &first["line"]),
        (&json!("postgres-migration.yaml"), &json!(19)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_decision_is_explained_rule_by_rule() {
    let desk = Desk::open().await;
    let question = json!({ "context": { "targetingKey": "900", "country": "FR" }, "names": ["read"], "at": "2026-12-01T09:00:00Z" });
    let answer = desk
        .send(Method::POST, "/api/v1/explain", question)
        .await
        .expect(200)
        .json;
    let feature = &answer["features"][0];
    assert_eq!(feature["decision"]["variation"], "user-groups");
    assert_eq!(feature["rules"][0]["outcome"], "condition_false");
    desk.send(
        Method::POST,
        "/api/v1/explain",
        json!({ "context": {}, "at": "noon" }),
    )
    .await
    .expect(400);
}

#[tokio::test]
async fn the_description_has_every_path() {
    let desk = Desk::open().await;
    let description = desk.get("/openapi.json").await.expect(200).json;
    assert_eq!(description["openapi"], "3.1.0");
    for path in [
        "/api/v1/features/{name}",
        "/data/{table}",
        "/ofrep/v1/evaluate/flags",
        "/metrics",
    ] {
        assert!(description["paths"][path].is_object(), "{path}");
    }
}
