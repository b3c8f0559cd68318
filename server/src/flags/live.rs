//! The program that decides for this server.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{RequestContext, Route};

/// The running program. Cheap to clone; all clones change together.
#[derive(Clone)]
pub struct Flags {
    fixed: Arc<ArcSwap<Route>>,
}

impl Flags {
    /// The same decision for every request.
    pub fn fixed(route: Route) -> Self {
        Self {
            fixed: Arc::new(ArcSwap::from_pointee(route)),
        }
    }

    /// From now on this decision for every request.
    pub fn fix(&self, route: Route) {
        self.fixed.store(Arc::new(route));
    }

    /// Where this request's writes and reads go. Whatever goes wrong in deciding: the primary alone.
    pub fn route(&self, _context: &RequestContext) -> Route {
        **self.fixed.load()
    }
}
