//! Whatever the management API is sent, it says what is wrong with it, changes nothing and goes on.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk};

/// Texts that have broken other programs.
const HOSTILE: [&str; 14] = [
    "'; drop table orders; --",
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    ".crossfade/audit",
    "a\u{0}b",
    "\r\nx-injected: 1",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "\u{202e}\u{feff}\u{1f600}",
    "con.txt",
    "*",
    "&anchor *alias !!binary x",
    "- a: [",
];

#[tokio::test]
async fn hostile_texts_in_every_place_are_refused_and_leave_the_folder_alone() {
    let desk = Desk::open().await;
    let before = everything(&desk);
    for text in HOSTILE {
        let mut url = reqwest::Url::parse("http://a/").expect("a URL");
        url.path_segments_mut().expect("a path").push(text);
        let name = url.path().trim_start_matches('/').to_owned();
        for path in [
            format!("/api/v1/features/{name}"),
            format!("/api/v1/segments/{name}"),
        ] {
            let bodies = [
                json!({ "document": text }),
                json!({ "document": "1\n", "file": text }),
                json!({ "changes": [{ "change": "default", "variation": text }] }),
                json!({ "add": ["1"] }),
                json!({ text: text }),
            ];
            for body in bodies {
                for method in [Method::PUT, Method::PATCH] {
                    let answer = desk
                        .send(method.clone(), &format!("{path}?preview=true"), body.clone())
                        .await;
                    assert!(answer.status.as_u16() < 500, "{method} {path} {body}: {answer:?}");
                }
            }
            let answer = desk.get(&path).await;
            assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        }
        for change in [
            json!({ "change": "default", "variation": text }),
            json!({ "change": "rollout", "rule": "Testing Group", "percent": text }),
            json!({ "change": "serve", "rule": text, "serve": text }),
            json!({ "change": "serve", "rule": "Testing Group", "serve": { text: text } }),
        ] {
            let answer = desk.change(change.clone()).await;
            assert!(answer.status.is_client_error(), "{change}: {answer:?}");
        }
        for path in ["/api/v1/check", "/api/v1/explain"] {
            for body in [
                json!({ "files": { text: text } }),
                json!({ "context": { text: text }, "names": [text], "at": text }),
            ] {
                let answer = desk.send(Method::POST, path, body.clone()).await;
                assert!(answer.status.as_u16() < 500, "{path} {body}: {answer:?}");
            }
        }
    }
    assert_eq!(everything(&desk), before);
    // A user may be called anything; the rules hold the name and nothing more.
    for text in HOSTILE {
        let change = json!({ "change": "add-user", "rule": "Testing Group", "user": text });
        let answer = desk.change(change).await;
        if answer.status.is_success() {
            assert_eq!(desk.decide("read", text).await, true, "{text:?}");
        } else {
            assert!(answer.status.is_client_error(), "{text:?}: {answer:?}");
        }
    }
    assert_eq!(desk.decide("read", "900").await, false);
}

#[tokio::test]
async fn what_is_no_json_or_no_url_of_an_operation_is_told_in_json() {
    let desk = Desk::open().await;
    let feature = "/api/v1/features/postgres-migration";
    let request = desk.request(Method::PATCH, feature).body("{");
    assert_eq!(Answer::of(request).await.expect(400).json["code"], "INVALID_BODY");
    for path in [
        format!("{feature}?preview=perhaps"),
        format!("{feature}?authr=ada"),
    ] {
        let answer = desk
            .send(Method::PATCH, &path, json!({ "changes": [] }))
            .await
            .expect(400);
        assert_eq!(answer.json["code"], "INVALID_URL", "{path}");
    }
    assert_eq!(
        desk.get("/api/v1/revisions/first").await.expect(400).json["code"],
        "INVALID_URL"
    );
    let unknown = json!({ "change": "rollout", "rule": "Nobody's", "percent": "5%" });
    let answer = desk.change(unknown).await.expect(422).json;
    assert_eq!(answer["message"], "the feature has no rule `Nobody's`");
}

/// Every file of the rules, by name, without the history.
fn everything(desk: &Desk) -> Value {
    let mut files = serde_json::Map::new();
    let mut folders = vec![desk.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.ends_with(".crossfade") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("a file");
                files.insert(path.display().to_string(), text.into());
            }
        }
    }
    files.into()
}
