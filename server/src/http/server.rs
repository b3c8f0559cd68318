//! A running server, from its settings to its last answer.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{PathConfig, QueryConfig, ThinData};
use actix_web::{HttpServer, dev};
use tokio::task::JoinHandle;

use super::cors::cors;
use super::error::ApiError;
use super::limits;
use super::observe::observe;
use super::routes::routes;
use super::state::{App, StartError};
use super::tls::server_config;
use crate::config::Config;

/// How long a connection is kept while its client is silent. Clients and proxies keep theirs for up to 60 s (nginx, AWS's load
/// balancers); whoever hangs up first must not be us, or a request that is just being sent fails.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A server that answers. It goes on when this is dropped; only [`stop`](Self::stop) ends it.
pub struct Server {
    app: App,
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

/// Starts a server: rules are loaded and followed, the mirrors run, and the port is taken. Needs a Tokio runtime.
pub async fn serve(config: Config) -> Result<Server, StartError> {
    let app = App::start(config).await?;
    let listen = app.config().listen;
    let (address, server) = bind(&app).map_err(|source| StartError::Listen {
        address: listen,
        source,
    })?;
    log::info!("listening on {}://{address}", scheme(app.config()));
    Ok(Server {
        address,
        handle: server.handle(),
        task: tokio::spawn(server),
        app,
    })
}

impl Server {
    /// Where it listens: the port that was chosen, where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address:port`, or `https://…`
    pub fn base_url(&self) -> String {
        format!("{}://{}", scheme(self.app.config()), self.address)
    }

    /// What its handlers work with.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Waits until it ends by itself, which it does only when it breaks.
    pub async fn broken(&mut self) -> io::Result<()> {
        (&mut self.task).await.map_err(io::Error::other)?
    }

    /// Takes no new requests, answers those it has, lets the mirrors finish, and ends.
    pub async fn stop(self) {
        self.app.hang_up();
        self.handle.stop(true).await;
        self.app.stop().await;
    }
}

fn scheme(config: &Config) -> &'static str {
    if config.is_secure() { "https" } else { "http" }
}

fn bind(app: &App) -> io::Result<(SocketAddr, dev::Server)> {
    let config = app.config();
    let listener = TcpListener::bind(config.listen)?;
    let address = listener.local_addr()?;
    let state = app.clone();
    let mut server = HttpServer::new(move || {
        let config = state.config();
        actix_web::App::new()
            .app_data(ThinData(state.clone()))
            .app_data(
                QueryConfig::default().error_handler(|error, _| ApiError::Url(error.to_string()).into()),
            )
            .app_data(PathConfig::default().error_handler(|error, _| ApiError::Url(error.to_string()).into()))
            .configure(routes)
            .wrap(Condition::new(state.limits().is_some(), from_fn(limits::limit)))
            .wrap(Condition::new(
                !config.cors_origins.is_empty(),
                cors(&config.cors_origins),
            ))
            .wrap(from_fn(observe))
    })
    .disable_signals()
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(Duration::from_millis(config.request_deadline_ms))
    .shutdown_timeout(config.shutdown_deadline_s)
    .max_connections(config.max_connections);
    if let Some(workers) = config.workers {
        server = server.workers(workers);
    }
    let server = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            server.listen_rustls_0_23(listener, server_config(certificate, key)?)?
        }
        _ => server.listen(listener)?,
    };
    Ok((address, server.run()))
}
