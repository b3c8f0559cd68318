//! What applications talk to: the server's routes, and how each answers.

mod auth;
mod body;
mod cors;
mod dashboard;
pub mod data;
mod error;
mod health;
mod limits;
mod management;
mod metrics;
mod migration;
mod observe;
pub mod ofrep;
mod openapi;
mod operation;
mod overview;
mod routes;
mod server;
mod state;
mod tls;
mod tokens;

pub use error::ApiError;
pub use management::ManagementError;
pub use routes::routes;
pub use server::{Server, serve};
pub use state::{App, StartError};
pub use tls::TlsError;
pub use tokens::TokensError;
