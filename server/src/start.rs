//! From a configuration to a running server, and back to nothing.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use keyseal::envelope::Unwrap;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time,
};

use crate::{
    AppState,
    auth::Verifier,
    choose::roster::Roster,
    clock::{self, Micros},
    config::{Config, ConfigError},
    connection::Rules,
    demo, http,
    http::{Problem, one::Lists, rate::Buckets, refused::Refusals},
    metrics::Exporter,
    outgoing::{Client, ClientError},
    relay::Relays,
    state::App,
    store::{Note, Owner, Store, StoreError},
    unwrap::{
        envelope::Sessions,
        opened::Opened,
        ring::{KeyRing, RingError},
    },
    usage::{InUse, UnderWay},
    workers::{Cut, GRACE, Workers},
};

/// `keys_dir` is looked at this often.
const RING_INTERVAL: Duration = Duration::from_secs(2);
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// A kill loses no more than this of what was used; and with what a replica remembers of an entry,
/// a budget that was spent elsewhere holds within a second.
const USAGE_INTERVAL: Duration = Duration::from_millis(400);
/// How long answers that are cut at the end may take to be counted.
const LAST_COUNTS: Duration = Duration::from_secs(1);
/// A revoke ends streams within a second, whichever replica it came to.
const REVOKED_INTERVAL: Duration = Duration::from_millis(500);
/// How far back a revoke is looked for: clocks of replicas differ.
const REVOKED_WINDOW: Duration = Duration::from_secs(30);
const FORGET_INTERVAL: Duration = Duration::from_secs(60);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration or one of its secrets.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The private keys.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// What is said about a provider.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The address to listen on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The demo provider.
    #[error("the demo provider does not start: {0}")]
    Demo(io::Error),
}

/// A server that is bound and ready to run.
pub struct Server {
    state: AppState,
    listener: TcpListener,
    exporter: Option<Exporter>,
}

impl Server {
    /// Binds, opens the database and the key ring; both are made at first start.
    pub async fn bind(mut config: Config, with_demo: bool) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        config.bound_to(address);
        let exporter = exporter(&mut config).await?;

        let store = Store::open(&config.database_url)
            .await?
            .with_fees_of_month(config.fees.month_cap);
        let ring = match store.holds_keys().await? {
            true => KeyRing::open_kept(&config.keys_dir, &config.public_url())?,
            false => KeyRing::open(&config.keys_dir, &config.public_url())?,
        };
        let verifier = Verifier::open(&config)?;
        let demo = match with_demo {
            true => Some(demo::start().await.map_err(StartError::Demo)?),
            false => None,
        };
        let state = AppState::new(App {
            roster: Roster::default(),
            in_use: InUse::default(),
            refusals: Refusals::default(),
            under_way: UnderWay::default(),
            client: Client::new(&config, demo)?,
            opened: Opened::new(&config),
            sessions: Sessions::new(&config),
            uploads: Buckets::per_minute(config.limits.uploads_per_minute),
            new_sessions: Buckets::per_minute(config.limits.sessions_per_minute),
            relays: Relays::default(),
            metrics: exporter.as_ref().map(Exporter::metrics),
            lists: Lists::default(),
            tests: Buckets::per_minute(config.limits.tests_per_minute),
            ring: Arc::new(ring),
            demo,
            store,
            verifier,
            config,
        });
        Ok(Self {
            state,
            listener,
            exporter,
        })
    }

    /// What the requests share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.state.config.listen
    }

    /// In local mode a link that opens the page, once.
    pub fn link(&self) -> Result<Option<String>, Problem> {
        let Some(local) = self.state.verifier.local() else {
            return Ok(None);
        };
        let code = local.link(clock::seconds())?;
        Ok(Some(format!(
            "{}/#link={code}",
            self.state.config.public_url()
        )))
    }

    /// Serves until `stop` is ready, then gives what is open a bounded time to end.
    ///
    /// # Errors
    /// No thread could be started.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let mut background = background(&self.state);
        let rules = Rules::new(&self.state.config.limits, self.state.metrics.clone());
        let rules = Arc::new(rules);
        if let Some(exporter) = self.exporter {
            background.spawn(exporter.serve(self.state.clone(), Arc::clone(&rules)));
        }
        let counting = Counting::start(self.state.clone());
        let service = http::service(self.state.clone());
        let workers = Workers::start(&service, &rules)?;
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, mostly: others have to close first.
                time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            workers.give(stream);
        }
        drop(self.listener);
        tracing::info!("stopping");
        self.state.relays.stop();
        let (drained, Cut(cut)) = workers.drain(GRACE).await;
        if cut {
            tracing::warn!("streams that were still open are cut");
        }
        let counted = async {
            while self.state.under_way.count() > 0 || self.state.relays.count() > 0 {
                time::sleep(Duration::from_millis(10)).await;
            }
        };
        if time::timeout(LAST_COUNTS, counted).await.is_err() {
            tracing::warn!("answers that are cut are not counted");
        }
        counting.end().await;
        drop(background);
        self.state.store.close().await;
        drained.release();
        Ok(())
    }
}

/// Where the metrics are, if somewhere.
async fn exporter(config: &mut Config) -> Result<Option<Exporter>, StartError> {
    let Some(address) = config.metrics_listen else {
        return Ok(None);
    };
    let failed = |source| StartError::Listen { address, source };
    let exporter = Exporter::bind(address).await.map_err(failed)?;
    config.metrics_listen = Some(exporter.address().map_err(failed)?);
    Ok(Some(exporter))
}

/// What runs beside the requests; ends when the set is dropped.
fn background(state: &AppState) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let sweeping = state.clone();
    tasks.spawn(async move {
        let mut ticks = time::interval(SWEEP_INTERVAL);
        loop {
            ticks.tick().await;
            sweeping.sweep();
            let generation = sweeping.verifier.generation();
            sweeping.relays.checked_under(generation);
            sweeping.store.forget_now().await;
        }
    });
    let following = state.clone();
    tasks.spawn(async move {
        mark_by_ring(&following).await;
        let mut ticks = time::interval(RING_INTERVAL);
        let mut last_failure = String::new();
        loop {
            ticks.tick().await;
            let ring = Arc::clone(&following.ring);
            match tokio::task::spawn_blocking(move || ring.refresh()).await {
                Ok(Ok(changed)) => {
                    last_failure.clear();
                    if changed {
                        tracing::info!("the key ring was read again");
                        note_ring(&following).await;
                        mark_by_ring(&following).await;
                    }
                }
                Ok(Err(error)) if error.to_string() != last_failure => {
                    last_failure = error.to_string();
                    tracing::error!(%error, "the key ring stays as it was");
                }
                _ => {}
            }
        }
    });
    let revoking = state.clone();
    tasks.spawn(async move {
        let mut ticks = time::interval(REVOKED_INTERVAL);
        loop {
            ticks.tick().await;
            if let Err(error) = end_revoked(&revoking).await {
                tracing::warn!(%error, "revokes of other replicas were not looked for");
            }
        }
    });
    let identities = state.clone();
    tasks.spawn(async move { identities.verifier.follow().await });
    let forgetting = state.clone();
    tasks.spawn(async move {
        let mut ticks = time::interval(FORGET_INTERVAL);
        loop {
            ticks.tick().await;
            if let Err(error) = forgetting.store.forget_replays().await {
                tracing::warn!(%error, "old envelopes were not forgotten");
            }
            if let Err(error) = forgetting.store.forget_counters(clock::micros()).await {
                tracing::warn!(%error, "old counters were not forgotten");
            }
            if let Err(error) = forget_events(&forgetting).await {
                tracing::warn!(%error, "old notes were not removed");
            }
        }
    });
    tasks
}

/// Writes what was used, often. A write has taken its rows: it is waited for, never cut off.
struct Counting {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Counting {
    fn start(state: AppState) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut ticks = time::interval(USAGE_INTERVAL);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
                }
                if let Err(error) = state.write_usage().await {
                    tracing::warn!(%error, "usage was not written; tried again in a moment");
                }
                if let Err(error) = state.store.flush_settlements().await {
                    tracing::warn!(%error, "costs were not written; tried again in a moment");
                }
            }
        });
        Self { task, stop }
    }

    async fn end(self) {
        drop(self.stop);
        // It fails only where it panicked, and then there is nothing to wait for.
        let _ = self.task.await;
    }
}

/// The audit keeps what the operator wants kept.
async fn forget_events(state: &AppState) -> Result<(), StoreError> {
    let days = state.config.audit.keep_days;
    if days == 0 {
        return Ok(());
    }
    let kept = clock::DAY.saturating_mul(Micros::from(days));
    let removed = state.store.forget_events(clock::micros() - kept).await?;
    if removed > 0 {
        tracing::info!(removed, "old notes were removed");
    }
    Ok(())
}

/// For `keyseal-server audit`.
async fn note_ring(state: &AppState) {
    let current = format!("the current key is {}", state.ring.current_kid());
    let note = Note::new("ring.change").detail(current);
    let (owner, now) = (Owner::operator(), clock::micros());
    if let Err(error) = state.store.note(&owner, &note, now).await {
        tracing::warn!(%error, "a change of the key ring was not written down");
    }
}

/// Entries that no key of the ring opens say "enter again"; those whose key came back do no more.
async fn mark_by_ring(state: &AppState) {
    let marked = state.store.mark_by_ring(|kid| state.ring.knows(kid)).await;
    if let Err(error) = marked {
        tracing::error!(%error, "entries were not compared with the key ring");
    }
}

/// Ends what runs here under entries that were revoked elsewhere.
async fn end_revoked(state: &AppState) -> Result<(), StoreError> {
    if state.in_use.is_empty() {
        return Ok(());
    }
    let window = Micros::try_from(REVOKED_WINDOW.as_micros()).unwrap_or(Micros::MAX);
    for (owner, id) in state.store.revoked_since(clock::micros() - window).await? {
        if state.in_use.end(&owner, &id) {
            state.key_gone(&owner, &id);
        }
    }
    Ok(())
}
