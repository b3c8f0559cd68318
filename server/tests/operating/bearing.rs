//! Clients that are slow, many, large or strangers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crossfade::config::{Role, Token, Tokens};

use crate::desk::{Desk, header};

/// What the server says on a connection until it hangs up, after it was sent this much.
fn said_to(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a time-out");
    stream.write_all(sent.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_too_slow_with_its_head_or_its_body_is_let_go() {
    let desk = Desk::with(|config| {
        config.request_deadline_ms = 200;
        config.body_deadline_ms = 200;
    })
    .await;
    let address = desk.server.address();
    for sent in [
        "GET /health/live HTTP/1.1\r\nhost: a\r\n",
        "POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{\"context\"",
    ] {
        let began = Instant::now();
        let answer = tokio::task::spawn_blocking(move || said_to(address, sent))
            .await
            .expect("a thread");
        assert!(answer.starts_with("HTTP/1.1 408"), "{sent}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(10), "{sent}");
    }
    // On a busy machine others may be too slow now and then, too.
    while desk.evaluation().send().await.expect("an answer").status() != 200 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_heads_that_are_too_large_are_refused_before_they_are_read() {
    let desk = Desk::with(|config| config.max_body_bytes = 1_000).await;
    let body = format!("{{\"context\": {{\"a\": \"{}\"}}}}", "x".repeat(10_000_000));
    let answer = desk
        .client
        .post(desk.url("/ofrep/v1/evaluate/flags"))
        .body(body)
        .send()
        .await;
    // It hangs up on a body that nobody reads; whether the client sees the answer before that is a race of its own.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 413);
    }
    let address = desk.server.address();
    let head = format!(
        "GET /health/live HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "x".repeat(1_000_000)
    );
    let answer = tokio::task::spawn_blocking(move || said_to(address, &head))
        .await
        .expect("a thread");
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_eq!(desk.evaluation().send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_flood_without_a_token_is_refused_while_those_who_have_one_are_served() {
    let desk = Desk::with(|config| {
        config.tokens = Tokens::new(vec![Token::of_text(Role::Evaluate, "known")]);
        config.rate_limit = Some(50);
    })
    .await;
    let mut statuses = std::collections::BTreeMap::new();
    for _ in 0..300 {
        let answer = desk.evaluation().send().await.expect("an answer");
        *statuses.entry(answer.status().as_u16()).or_insert(0) += 1;
        if answer.status() == 429 {
            assert_eq!(header(&answer, "retry-after"), Some("1"));
        }
    }
    assert!(
        statuses.keys().all(|status| [401, 429].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses[&429] > 100, "{statuses:?}");
    let known = desk
        .evaluation()
        .bearer_auth("known")
        .send()
        .await
        .expect("an answer");
    assert_eq!(known.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_cost_little_and_hinder_nobody() {
    let desk = Desk::with(|_| {}).await;
    let address = desk.server.address();
    let before = resident_bytes();
    let mut idle = Vec::new();
    for _ in 0..2_000 {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream
            .write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
            .expect("a request");
        idle.push(stream);
    }
    for stream in &mut idle {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    assert_eq!(desk.evaluation().send().await.expect("an answer").status(), 200);
    let each = resident_bytes().saturating_sub(before) / idle.len() as u64;
    assert!(each < 64 * 1024, "{each} bytes each");
}

/// What this process holds in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let kilobytes: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .expect("a number");
    kilobytes * 1024
}
