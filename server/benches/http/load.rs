//! A client that keeps a server busy: some connections, each with one request on its way at any time, all on one thread.
//!
//! It does as little as it can for a request, so that the server is what bounds both; how busy it was shows whether that holds.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Connections to one server, with the requests that they send in turn.
pub(super) struct Load {
    runtime: Runtime,
    connections: Vec<Connection>,
    requests: Vec<Vec<u8>>,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// The request that is sent next.
    next: usize,
}

/// What one server did in a while.
pub(super) struct Turn {
    took: Duration,
    client_took: Duration,
    server_took: Duration,
    /// In nanoseconds, in ascending order.
    latencies: Vec<u64>,
}

impl Turn {
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    pub(super) fn p99_us(&self) -> f64 {
        let p99 = self.latencies.get(self.latencies.len() * 99 / 100);
        p99.copied().unwrap_or_default() as f64 / 1e3
    }

    /// The client's own share of a core; near 1 the client would be what is measured.
    pub(super) fn client_busy(&self) -> f64 {
        self.client_took.as_secs_f64() / self.took.as_secs_f64()
    }

    /// What a request costs the server in processor time: what bounds it where nothing else runs.
    pub(super) fn server_us(&self) -> f64 {
        self.server_took.as_secs_f64() * 1e6 / self.latencies.len() as f64
    }
}

impl Load {
    /// Connects.
    pub(super) fn start(
        address: SocketAddr,
        connections: usize,
        requests: Vec<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let connect = async |nth: usize| {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            io::Result::Ok(Connection {
                stream,
                received: vec![0; 16 << 10],
                // Each begins elsewhere, so that no two ask the same at the same time.
                next: nth * requests.len() / connections,
            })
        };
        let connections = runtime.block_on(try_join_all((0..connections).map(connect)))?;
        Ok(Self {
            runtime,
            connections,
            requests,
        })
    }

    /// Keeps the server busy for so long.
    pub(super) fn turn(&mut self, duration: Duration) -> anyhow::Result<Turn> {
        let (began, client_began, all_began) = (Instant::now(), own_time()?, all_time()?);
        let end = began + duration;
        let asking = self
            .connections
            .iter_mut()
            .map(|connection| connection.ask(&self.requests, end));
        let latencies = self.runtime.block_on(try_join_all(asking))?;
        let took = began.elapsed();
        let client_took = own_time()?.saturating_sub(client_began);
        let server_took = all_time()?.saturating_sub(all_began).saturating_sub(client_took);
        let mut latencies = latencies.concat();
        latencies.sort_unstable();
        Ok(Turn {
            took,
            client_took,
            server_took,
            latencies,
        })
    }
}

impl Connection {
    /// Sends one request after the other until the time is over; how long each took.
    async fn ask(&mut self, requests: &[Vec<u8>], end: Instant) -> anyhow::Result<Vec<u64>> {
        let mut latencies = Vec::with_capacity(1 << 16);
        let mut sent = Instant::now();
        while sent < end {
            self.stream.write_all(&requests[self.next]).await?;
            self.next = (self.next + 1) % requests.len();
            self.answer().await?;
            let received = Instant::now();
            latencies.push(u64::try_from((received - sent).as_nanos())?);
            sent = received;
        }
        Ok(latencies)
    }

    /// Reads one answer to its end.
    async fn answer(&mut self) -> anyhow::Result<()> {
        let mut length = 0;
        loop {
            let read = self.stream.read(&mut self.received[length..]).await?;
            if read == 0 {
                bail!("the server hung up, or its answer is too long");
            }
            length += read;
            if is_whole(&self.received[..length])? {
                return Ok(());
            }
        }
    }
}

/// Whether an answer has arrived to its end; an error where it is not what was asked for.
fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else {
        return Ok(false);
    };
    let (head, body) = (&answer[..head], &answer[head + 4..]);
    if !head.starts_with(b"HTTP/1.1 200 ") {
        bail!("the server answered {}", String::from_utf8_lossy(answer));
    }
    // Both servers are actix-web, which writes it so.
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|header| header == name);
    let value = &head[at.context("an answer without its length")? + name.len()..];
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Ok(body.len() >= length)
}

/// The processor time of this thread.
fn own_time() -> anyhow::Result<Duration> {
    time_of(Path::new("/proc/thread-self"))
}

/// The processor time of all threads of this process.
fn all_time() -> anyhow::Result<Duration> {
    let threads = std::fs::read_dir("/proc/self/task").context("this needs Linux")?;
    threads.map(|thread| time_of(&thread?.path())).sum()
}

fn time_of(thread: &Path) -> anyhow::Result<Duration> {
    let times = std::fs::read_to_string(thread.join("schedstat")).context("this needs Linux")?;
    let busy_ns = times
        .split_whitespace()
        .next()
        .context("a thread without times")?;
    Ok(Duration::from_nanos(busy_ns.parse()?))
}
