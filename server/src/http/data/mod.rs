//! `/data/{table}`: rows of any table in PostgREST's URL grammar.
//!
//! Text becomes a [`grammar::Query`], a query and the catalog's table become one SQL statement, and the routing
//! decides which database runs it.

mod answer;
pub mod body;
pub mod database_error;
pub mod error;
pub mod grammar;
pub mod handlers;
pub mod once;
mod prefer;
pub mod range;
mod reading;
mod request;
pub(super) mod shapes;
pub mod sql;
