//! What the tests stand on: clusters, databases, the shop, and a network that can be broken.

pub(crate) mod app;
pub(crate) mod compare;
pub(crate) mod databases;
pub(crate) mod migration;
pub(crate) mod proxy;
pub(crate) mod server_process;
pub(crate) mod stage;
pub(crate) mod steps;
