//! The running program: what the rules decide for each request, kept current while their files change.
//!
//! [`Flags`] is what a server asks. Rules are read from disk ([`Sources`]), compiled beside the running ones
//! ([`Compiled`]) and put in their place at once for all threads; each thread keeps an instance of its own. Rules
//! that are wrong leave the running ones in place and can be seen as [`Flags::rejected`].

mod compiled;
mod context;
mod history;
mod last_good;
mod live;
mod route;
mod sources;
mod tally;
mod watch;
mod worker;

pub use compiled::{Compiled, Findings, RulesError};
pub use context::{AttributeValue, ContextError, RequestContext, USER_ID};
pub use history::{
    Audited, Current, DatabaseHistory, Files, FolderHistory, Following, History, HistoryError, NewRevision,
    Recorded, read_folder, sources_of,
};
pub use live::{FlagError, Flags, Rejected, Revision};
pub use route::Route;
pub use sources::{ReadError, Sources};
pub use tally::{Outcome, Tally, Totals};
pub use watch::Watch;
