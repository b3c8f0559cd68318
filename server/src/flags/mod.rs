//! The running program: what the rules decide for each request, kept current while their files change.

mod context;

pub use context::{AttributeValue, ContextError, RequestContext, USER_ID};
