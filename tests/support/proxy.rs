//! The network between the server and a database, which a test can break.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with the bytes that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Bytes pass.
    Good,
    /// Bytes pass this much later, in either direction.
    Slow(Duration),
    /// Nothing passes and nothing breaks, as when packets are lost.
    Silent,
    /// Connections are broken, and new ones are closed at once.
    Refusing,
}

/// A TCP proxy on a port of its own. Dropped, it breaks every connection.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
    breaks: watch::Sender<u64>,
}

impl Proxy {
    /// A proxy before the server of this URL.
    pub(crate) async fn before_url(direct: &str) -> Self {
        let port = direct.rsplit_once(':').and_then(|(_, tail)| tail.split_once('/'));
        let (port, _) = port.expect("a URL with a port and a database");
        Self::before(port.parse().expect("a port number")).await
    }

    /// Stands in front of a port on loopback.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let own_port = listener.local_addr().expect("an address").port();
        let (network, network_seen) = watch::channel(Network::Good);
        let (breaks, breaks_seen) = watch::channel(0);
        tokio::spawn(accept(
            listener,
            (Ipv4Addr::LOCALHOST, port).into(),
            network_seen,
            breaks_seen,
        ));
        Self {
            port: own_port,
            network,
            breaks,
        }
    }

    /// The URL of a database, led through this proxy.
    pub(crate) fn url(&self, direct: &str) -> String {
        let (head, tail) = direct.rsplit_once(':').expect("a port in the URL");
        let (_, database) = tail.split_once('/').expect("a database in the URL");
        format!("{head}:{}/{database}", self.port)
    }

    /// Changes the weather, for connections that there are and for new ones.
    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
        if network == Network::Refusing {
            self.break_connections();
        }
    }

    /// Breaks the connections that there are.
    pub(crate) fn break_connections(&self) {
        self.breaks.send_modify(|count| *count += 1);
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    mut network: watch::Receiver<Network>,
    breaks: watch::Receiver<u64>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = dropped(&mut network) => return,
        };
        let Ok((near, _)) = accepted else { continue };
        if *network.borrow() == Network::Refusing {
            continue;
        }
        tokio::spawn(carry(near, target, network.clone(), breaks.clone()));
    }
}

async fn dropped(network: &mut watch::Receiver<Network>) {
    while network.changed().await.is_ok() {}
}

/// Carries one connection until an end closes it or it is broken.
async fn carry(
    near: TcpStream,
    target: SocketAddr,
    network: watch::Receiver<Network>,
    mut breaks: watch::Receiver<u64>,
) {
    breaks.mark_unchanged();
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = pump(near_in, far_out, network.clone()) => {}
        () = pump(far_in, near_out, network) => {}
        _ = breaks.changed() => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut network: watch::Receiver<Network>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let now = *network.borrow_and_update();
        if let Network::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if network
            .wait_for(|network| *network != Network::Silent)
            .await
            .is_err()
        {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
