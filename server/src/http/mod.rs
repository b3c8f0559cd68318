//! What applications talk to: the server's routes, and how each answers.

mod auth;
mod body;
mod cors;
pub mod data;
mod error;
mod health;
mod limits;
mod metrics;
mod observe;
pub mod ofrep;
mod routes;
mod server;
mod state;
mod tls;

pub use error::ApiError;
pub use routes::routes;
pub use server::{Server, serve};
pub use state::{App, StartError};
pub use tls::TlsError;
