//! What applications talk to: the server's routes, and how each answers.

mod auth;
mod body;
pub mod data;
mod error;
mod health;
pub mod ofrep;
mod routes;
mod server;
mod state;

pub use error::ApiError;
pub use routes::routes;
pub use server::{Server, serve};
pub use state::{App, StartError};
