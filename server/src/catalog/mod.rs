//! What PostgreSQL says of tables, their columns and their keys.
//!
//! Used by everything that writes SQL about tables it was not compiled for. It knows nothing of journals,
//! flags or requests.

mod read;
mod table;

pub use read::{Catalog, CatalogError, read_table, read_table_names};
pub use table::{Column, Generated, Table, quote_identifier, quote_literal};
