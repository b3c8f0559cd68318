//! The listening server, from its settings to its last answer.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::ThinData;
use actix_web::{HttpServer, dev};

use super::routes::routes;
use super::state::App;

/// A server that has its port, so that clients may connect, and does not answer before it is run.
pub struct Listening {
    /// Where it listens: the port that was chosen where port 0 was asked for.
    pub address: SocketAddr,
    server: dev::Server,
}

impl Listening {
    /// Takes the port. Needs a Tokio runtime.
    pub fn bind(app: &App) -> io::Result<Self> {
        let config = app.config();
        let listener = TcpListener::bind(config.listen)?;
        let address = listener.local_addr()?;
        let state = app.clone();
        let mut server = HttpServer::new(move || {
            actix_web::App::new()
                .app_data(ThinData(state.clone()))
                .configure(routes)
        })
        .disable_signals()
        .client_request_timeout(Duration::from_millis(config.request_deadline_ms))
        .shutdown_timeout(config.shutdown_deadline_s)
        .max_connections(config.max_connections);
        if let Some(workers) = config.workers {
            server = server.workers(workers);
        }
        Ok(Self {
            address,
            server: server.listen(listener)?.run(),
        })
    }

    /// Stops it from elsewhere, gracefully or at once.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers until it is stopped.
    pub async fn run(self) -> io::Result<()> {
        self.server.await
    }
}
