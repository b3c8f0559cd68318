//! Metrics, identifiers and headers.

use crossfade::config::{Config, Role, Token, Tokens};

use crate::desk::{Desk, header};

#[tokio::test]
async fn metrics_count_decisions_by_variation_and_rule_and_requests_by_area() {
    let desk = Desk::with(|_| {}).await;
    for _ in 0..3 {
        desk.evaluation().send().await.expect("an answer");
    }
    // A country that is no string makes itself missing, not the request a failure.
    let numbered = r#"{"context": {"targetingKey": "900", "country": 91}}"#;
    let answer = desk.evaluation().body(numbered).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    desk.get("/nowhere").await;
    let metrics = desk.get("/metrics").await;
    let content_type = header(&metrics, "content-type").expect("a type");
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    let text = metrics.text().await.expect("a body");
    for line in [
        "crossfade_decisions_total{feature=\"postgres-migration\",variation=\"testing-groups\",rule=\"Testing Group\"} 3",
        "crossfade_mistyped_attributes_total{attribute=\"country\"} 1",
        "crossfade_http_requests_total{area=\"ofrep\",status=\"2xx\"} 4",
        "crossfade_http_requests_total{area=\"other\",status=\"4xx\"} 1",
        "crossfade_http_request_seconds_count{area=\"ofrep\"} 4",
        "crossfade_rules_rejected 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn metrics_are_for_admins() {
    let tokens = Tokens::new(vec![
        Token::of_text(Role::Data, "data"),
        Token::of_text(Role::Admin, "admin"),
    ]);
    let desk = Desk::with(|config: &mut Config| config.tokens = tokens).await;
    let status = async |token: &str| {
        let request = desk.client.get(desk.url("/metrics")).bearer_auth(token);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(desk.get("/metrics").await.status(), 401);
    assert_eq!(status("data").await, 403);
    assert_eq!(status("admin").await, 200);
}

#[tokio::test]
async fn every_answer_has_an_identifier_and_is_safe_in_a_browser() {
    let desk = Desk::with(|_| {}).await;
    for path in ["/health/live", "/nowhere", "/data/orders"] {
        let answer = desk.get(path).await;
        assert!(
            header(&answer, "x-request-id").is_some_and(|id| id.len() == 16),
            "{path}"
        );
        assert_eq!(
            header(&answer, "x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(header(&answer, "cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            header(&answer, "strict-transport-security"),
            None,
            "{path}: no TLS"
        );
    }
    let named = desk.evaluation().header("x-request-id", "from-the-proxy-7");
    let named = named.send().await.expect("an answer");
    assert_eq!(header(&named, "x-request-id"), Some("from-the-proxy-7"));
}

#[tokio::test]
async fn only_pages_of_listed_origins_may_read_answers() {
    let desk = Desk::with(|config| config.cors_origins = vec!["https://shop.example".to_owned()]).await;
    let allowed = async |origin: &str| {
        let answer = desk
            .evaluation()
            .header("origin", origin)
            .send()
            .await
            .expect("an answer");
        header(&answer, "access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(
        allowed("https://shop.example").await.as_deref(),
        Some("https://shop.example")
    );
    assert_eq!(allowed("https://evil.example").await, None);
    let preflight = desk
        .client
        .request(reqwest::Method::OPTIONS, desk.url("/ofrep/v1/evaluate/flags"))
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type");
    let preflight = preflight.send().await.expect("an answer");
    assert_eq!(preflight.status(), 200);
    assert_eq!(header(&preflight, "access-control-max-age"), Some("600"));

    let closed = Desk::with(|_| {}).await;
    let answer = closed.evaluation().header("origin", "https://shop.example");
    let answer = answer.send().await.expect("an answer");
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
}
