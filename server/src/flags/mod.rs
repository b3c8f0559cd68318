//! The running program: what the rules decide for each request, kept current while their files change.

mod context;
mod live;
mod route;

pub use context::{AttributeValue, ContextError, RequestContext, USER_ID};
pub use live::Flags;
pub use route::Route;
