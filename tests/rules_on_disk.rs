//! The server follows the rules on disk: edits take effect within a second, wrong ones never do, and no request fails.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::app::App;
use crate::support::databases::Pair;
use crate::support::migration::eventually;

const EFFECT_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_takes_effect_within_a_second_and_no_request_fails_meanwhile() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    for default in ["migrated", "testing-groups", "user-groups"] {
        let current = app
            .evaluate("read", json!({ "targetingKey": "900" }))
            .await
            .json();
        let before = current["variant"].as_str().expect("a variant").to_owned();
        app.edit_rules(&format!("default: {before}"), &format!("default: {default}"));
        let edited = Instant::now();
        loop {
            // Every answer on the way is a whole one, by the old rules or by the new.
            app.get("/data/orders?limit=1", "user_id=900").await.done();
            let answer = app
                .evaluate("read", json!({ "targetingKey": "900" }))
                .await
                .done()
                .json();
            if answer["variant"] == default {
                break;
            }
            assert_eq!(answer["variant"], before.as_str());
            assert!(
                edited.elapsed() < EFFECT_WITHIN,
                "not in effect after {:?}",
                edited.elapsed()
            );
        }
    }
}

#[tokio::test]
async fn an_edit_that_does_not_compile_leaves_the_running_rules_in_place_and_says_why() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    app.edit_rules("country in", "contry in");
    eventually("the edit is refused", async || {
        app.state().flags().rejected().is_some()
    })
    .await;
    let refused = app.state().flags().rejected().expect("a refusal");
    assert!(refused.message.contains("contry"), "{}", refused.message);
    let tester = app
        .evaluate("read", json!({ "targetingKey": "123" }))
        .await
        .done()
        .json();
    assert_eq!(tester["value"], true);

    app.edit_rules("contry in", "country in");
    eventually("the mended rules are taken", async || {
        app.state().flags().rejected().is_none()
    })
    .await;
}
