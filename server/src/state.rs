//! What every request shares.

use std::{net::SocketAddr, ops::Deref, sync::Arc};

use crate::{
    auth::Verifier,
    choose::roster::Roster,
    config::Config,
    http::{one::Lists, rate::Buckets, refused::Refusals},
    metrics::Metrics,
    outgoing::Client,
    relay::Relays,
    store::{Owner, Store, StoreError},
    unwrap::{envelope::Sessions, opened::Opened, ring::KeyRing},
    usage::{InUse, UnderWay},
};

/// One handle on all of it; a clone is a pointer.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// The parts, built once at start.
pub struct App {
    /// What the operator wrote.
    pub config: Config,
    /// Where the demo provider listens, if it was asked for.
    pub demo: Option<SocketAddr>,
    /// What is counted for the operator, if it is.
    pub metrics: Option<Metrics>,
    /// The database.
    pub store: Store,
    /// The private keys.
    pub ring: Arc<KeyRing>,
    /// Who calls.
    pub verifier: Verifier,
    /// The only way out.
    pub client: Client,
    /// What a user's requests choose from, for a moment.
    pub roster: Roster,
    /// The entries that something runs under.
    pub in_use: InUse,
    /// What was refused a moment ago.
    pub refusals: Refusals,
    /// The answers that are on their way.
    pub under_way: UnderWay,
    /// Unwrapped keys, for a short time.
    pub opened: Opened,
    /// Unwrapped sessions, for a short time.
    pub sessions: Sessions,
    /// Uploads, a minute and user.
    pub uploads: Buckets,
    /// New sessions, a minute and user.
    pub new_sessions: Buckets,
    /// Relays that are open.
    pub relays: Relays,
    /// Models that users' entries reach, for a short time.
    pub lists: Lists,
    /// Tests of keys, a minute and user.
    pub tests: Buckets,
}

impl AppState {
    /// Wraps the parts.
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl App {
    /// To be called after every write to a user's entries: what was remembered of them no longer
    /// holds.
    pub fn entries_changed(&self, owner: &Owner) {
        self.roster.forget(owner);
    }

    /// To be called after a key was replaced: the old one's plaintext goes; what already runs under
    /// it may end by itself.
    pub fn key_replaced(&self, owner: &Owner, id: &str) {
        self.roster.forget(owner);
        self.opened.forget(owner, id);
    }

    /// To be called after a revoke: the plaintext goes, and what runs under it ends.
    pub fn key_gone(&self, owner: &Owner, id: &str) {
        self.key_replaced(owner, id);
        self.in_use.end(owner, id);
    }

    /// Writes what was used since the last time; to be called often. Budgets are looked at anew.
    pub async fn write_usage(&self) -> Result<(), StoreError> {
        let written = self.store.flush_uses().await?;
        for owner in written.owners() {
            self.roster.forget(owner);
        }
        self.store.settled(written);
        Ok(())
    }

    /// Drops what was kept long enough; to be called every second.
    pub fn sweep(&self) {
        self.opened.sweep();
        self.sessions.sweep();
        self.roster.sweep();
        self.in_use.sweep();
        self.refusals.sweep();
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
