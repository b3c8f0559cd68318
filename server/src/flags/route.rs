//! What the rules say of one request's writes and reads.

/// The decisions that the data plane asks for. The default is the primary alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Route {
    /// The variable `write`: also write to the new database.
    pub write: bool,
    /// The variable `read`: read from the new database.
    pub read: bool,
}
