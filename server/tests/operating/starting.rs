//! What a server starts without, and with TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use crossfade::http::serve;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::desk::{Desk, repository};

/// Databases that nothing listens for.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nothing";

#[tokio::test]
async fn with_its_rules_gone_a_server_starts_from_the_last_good_ones_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("last-good.wasm");
    let first = Desk::with(|config| config.last_good = Some(kept.clone())).await;
    while !kept.is_file() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    first.server.stop().await;

    let second = Desk::with(|config| {
        config.last_good = Some(kept);
        config.rules = folder.path().join("unreachable");
    })
    .await;
    let decision: Value = second
        .evaluation()
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(decision["value"], true, "{decision}");
    let ready: Value = second.get("/health/ready").await.json().await.expect("JSON");
    let rejected = ready["rules"]["rejected"].as_str().expect("a reason");
    assert!(rejected.contains("unreachable"), "{rejected}");
}

#[tokio::test]
async fn with_both_databases_down_flags_are_answered_and_readiness_says_what_is_not() {
    let desk = Desk::with(|config| {
        config.old_database_url = Some(NOWHERE.parse().expect("a URL"));
        config.new_database_url = Some(NOWHERE.parse().expect("a URL"));
    })
    .await;
    assert_eq!(desk.evaluation().send().await.expect("an answer").status(), 200);
    let ready = desk.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.expect("JSON");
    assert_eq!(ready["reason"], "the old database does not answer");
    assert_eq!(ready["data"]["writes"], false);
    assert_eq!(ready["data"]["reads_from_new"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_it_speaks_tls() {
    let files = repository().join("server/tests/operating");
    let desk = Desk::with(|config| {
        config.tls_certificate = Some(files.join("certificate.pem"));
        config.tls_key = Some(files.join("key.pem"));
    })
    .await;
    let address = desk.server.address();
    let answer = tokio::task::spawn_blocking(move || {
        let certificate =
            CertificateDer::from_pem_file(files.join("certificate.pem")).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let stream = TcpStream::connect(address).expect("a connection");
        let mut stream = StreamOwned::new(connection, stream);
        let request = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    });
    let answer = answer.await.expect("a thread that ends");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security"), "{answer}");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_without_quoting_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key.pem");
    std::fs::write(&key, "hunter2").expect("a file");
    let config = crossfade::config::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        rules: repository().join("rules"),
        tls_certificate: Some(repository().join("server/tests/operating/certificate.pem")),
        tls_key: Some(key),
        ..Default::default()
    };
    let error = serve(config).await.err().expect("a refusal");
    let error = format!("{:#}", anyhow::Error::new(error));
    assert!(error.contains("key.pem") && !error.contains("hunter2"), "{error}");
}
