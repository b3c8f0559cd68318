//! A connection that a client keeps is not closed under it: the next request on it would fail.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::app::App;
use crate::support::databases::Pair;

/// Longer than the five seconds that actix-web keeps connections for, unless told otherwise.
const A_PAUSE: Duration = Duration::from_secs(7);

#[tokio::test]
async fn a_connection_is_kept_through_a_pause_of_its_client() {
    let pair = Pair::empty().await;
    let app = App::over_shop(&pair).await;
    let address = app.base_url.strip_prefix("http://").expect("an address");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut answer = [0; 4096];

    connection.write_all(request.as_bytes()).await.expect("a request");
    let length = connection.read(&mut answer).await.expect("an answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));

    let closed = timeout(A_PAUSE, connection.read(&mut answer)).await;
    assert!(closed.is_err(), "the server hung up: {closed:?}");
    connection
        .write_all(request.as_bytes())
        .await
        .expect("another request");
    let length = connection.read(&mut answer).await.expect("another answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
}
