//! What every request shares.

use std::{ops::Deref, sync::Arc};

use crate::{
    auth::Verifier,
    config::Config,
    http::rate::Buckets,
    outgoing::Client,
    store::Store,
    unwrap::{envelope::Sessions, opened::Opened, ring::KeyRing},
};

/// One handle on all of it; a clone is a pointer.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// The parts, built once at start.
pub struct App {
    /// What the operator wrote.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The private keys.
    pub ring: Arc<KeyRing>,
    /// Who calls.
    pub verifier: Verifier,
    /// The only way out.
    pub client: Client,
    /// Unwrapped keys, for a short time.
    pub opened: Opened,
    /// Unwrapped sessions, for a short time.
    pub sessions: Sessions,
    /// Uploads, a minute and user.
    pub uploads: Buckets,
    /// New sessions, a minute and user.
    pub new_sessions: Buckets,
}

impl AppState {
    /// Wraps the parts.
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
