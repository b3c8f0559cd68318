//! Tokens are made and revoked while the server runs, and nobody gets in without.

use crossfade::config::{Role, TokenFile};
use reqwest::Method;
use serde_json::json;

use crate::desk::{Answer, Desk};

#[tokio::test]
async fn tokens_are_made_and_revoked_by_the_api_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let admin = TokenFile::new(&path)
        .create(Role::Admin, "ada", None)
        .expect("a token");
    let desk = Desk::with(|config| config.tokens_file = Some(path.clone())).await;
    let asked = async |method: Method, path: &str, token: &str, body: serde_json::Value| {
        let request = desk.request(method, path).bearer_auth(token).json(&body);
        Answer::of(request).await
    };
    desk.get("/api/v1/features").await.expect(401);
    let wanted = json!({ "role": "evaluate", "name": "ci", "expires": "2099-01-01T00:00:00Z" });
    let made = asked(Method::POST, "/api/v1/tokens", &admin.token, wanted)
        .await
        .expect(201)
        .json;
    let token = made["token"].as_str().expect("a text").to_owned();
    let flag = "/ofrep/v1/evaluate/flags/read";
    let context = json!({ "context": { "targetingKey": "123" } });
    asked(Method::POST, flag, &token, context.clone())
        .await
        .expect(200);
    asked(Method::GET, "/api/v1/features", &token, json!({}))
        .await
        .expect(403);

    let listed = asked(Method::GET, "/api/v1/tokens", &admin.token, json!({}))
        .await
        .expect(200)
        .json;
    assert!(!listed.to_string().contains(&token), "{listed}");
    assert_eq!(listed[1]["name"], "ci");
    let id = made["id"].as_str().expect("a text");
    asked(
        Method::DELETE,
        &format!("/api/v1/tokens/{id}"),
        &admin.token,
        json!({}),
    )
    .await
    .expect(200);
    asked(Method::POST, flag, &token, context).await.expect(401);
    asked(
        Method::DELETE,
        &format!("/api/v1/tokens/{id}"),
        &admin.token,
        json!({}),
    )
    .await
    .expect(404);
    let wrong = json!({ "role": "root" });
    asked(Method::POST, "/api/v1/tokens", &admin.token, wrong)
        .await
        .expect(400);
}

#[tokio::test]
async fn a_running_server_follows_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let file = TokenFile::new(&path);
    let first = file.create(Role::Admin, "first", None).expect("a token");
    let desk = Desk::with(|config| config.tokens_file = Some(path)).await;
    let status = async |token: &str| {
        let request = desk.request(Method::GET, "/api/v1/features").bearer_auth(token);
        Answer::of(request).await.status.as_u16()
    };
    let becomes = async |token: &str, wanted: u16| {
        while status(token).await != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert_eq!(status(&first.token).await, 200);
    let second = file.create(Role::Admin, "second", None).expect("a token");
    becomes(&second.token, 200).await;
    file.revoke(&first.known.id).expect("a token");
    becomes(&first.token, 401).await;
    let audited = desk
        .request(Method::GET, "/api/v1/audit")
        .bearer_auth(&second.token);
    Answer::of(audited).await.expect(200);
}

#[tokio::test]
async fn what_is_done_is_audited_under_the_token_that_allowed_it_and_never_tells_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let admin = TokenFile::new(&path)
        .create(Role::Admin, "ada", None)
        .expect("a token");
    let desk = Desk::with(|config| config.tokens_file = Some(path)).await;
    let change = json!({ "changes": [{ "change": "add-user", "rule": "Testing Group", "user": "7" }] });
    let request = desk
        .request(Method::PATCH, "/api/v1/features/postgres-migration")
        .bearer_auth(&admin.token);
    Answer::of(request.json(&change)).await.expect(200);
    let request = desk
        .request(Method::GET, "/api/v1/audit")
        .bearer_auth(&admin.token);
    let audit = Answer::of(request).await.expect(200).json;
    assert_eq!(audit[0]["token"], admin.known.id);
    assert!(!audit.to_string().contains(&admin.token));
}
