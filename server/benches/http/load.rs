//! A client that keeps a server busy: some connections, each with one request on its way at any time, all on one thread.
//!
//! It does as little as it can for a request, so that the server is what bounds both, and never sleeps: a server would have to wake it, and
//! the more often the slower the server is. So it takes a core to itself.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Connections to one server, with the requests that they send in turn.
pub(super) struct Load {
    connections: Vec<Connection>,
    requests: Vec<Vec<u8>>,
}

struct Connection {
    stream: TcpStream,
    /// When the request that is on its way was sent.
    sent: Instant,
    /// What has come of its answer.
    received: Vec<u8>,
    received_bytes: usize,
    /// The request that is sent next.
    next: usize,
}

/// What one server did in a while.
pub(super) struct Turn {
    took: Duration,
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
        let connect = |nth: usize| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            anyhow::Ok(Connection {
                stream,
                sent: Instant::now(),
                received: vec![0; 16 << 10],
                received_bytes: 0,
                // Each begins elsewhere, so that no two ask the same at the same time.
                next: nth * requests.len() / connections,
            })
        };
        let connections = (0..connections).map(connect).collect::<Result<_, _>>()?;
        Ok(Self {
            connections,
            requests,
        })
    }

    /// Keeps the server busy for so long, and waits for its last answers.
    pub(super) fn turn(&mut self, duration: Duration) -> anyhow::Result<Turn> {
        let (began, client_began, all_began) = (Instant::now(), own_time()?, all_time()?);
        let mut latencies = Vec::with_capacity(1 << 18);
        for connection in &mut self.connections {
            connection.send(&self.requests)?;
        }
        while began.elapsed() < duration {
            for connection in &mut self.connections {
                if let Some(latency) = connection.answered()? {
                    latencies.push(latency);
                    connection.send(&self.requests)?;
                }
            }
        }
        let took = began.elapsed();
        let client_took = own_time()?.saturating_sub(client_began);
        let server_took = all_time()?.saturating_sub(all_began).saturating_sub(client_took);
        for connection in &mut self.connections {
            while connection.answered()?.is_none() {}
        }
        latencies.sort_unstable();
        Ok(Turn {
            took,
            server_took,
            latencies,
        })
    }
}

impl Connection {
    /// Requests are far smaller than a socket's buffer, so that none is written by halves.
    fn send(&mut self, requests: &[Vec<u8>]) -> anyhow::Result<()> {
        self.sent = Instant::now();
        self.received_bytes = 0;
        self.stream.write_all(&requests[self.next])?;
        self.next = (self.next + 1) % requests.len();
        Ok(())
    }

    /// How many nanoseconds the answer took; nothing while it is still on its way.
    fn answered(&mut self) -> anyhow::Result<Option<u64>> {
        match self.stream.read(&mut self.received[self.received_bytes..]) {
            Ok(0) => bail!("the server hung up, or its answer is too long"),
            Ok(read) => self.received_bytes += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if is_whole(&self.received[..self.received_bytes])? {
            return Ok(Some(u64::try_from(self.sent.elapsed().as_nanos())?));
        }
        Ok(None)
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
