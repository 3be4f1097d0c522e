//! One thread with a runtime of its own for each core. A connection stays on its thread, and so do
//! the provider's connections that it uses: no request waits for another core to wake up.

use std::cell::{Cell, RefCell};
use std::net::TcpStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::connection::Rules;

/// Threads of a worker for what blocks: opening keys.
const BLOCKING: usize = 16;

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
    static OPEN: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
}

/// How many workers there are.
pub fn count() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// This thread's worker, from 1 on; 0 on any other thread.
pub fn number() -> usize {
    NUMBER.get()
}

/// Counts a connection among this thread's that it no longer serves as HTTP, until it is dropped:
/// new ones go to the worker with the fewest.
pub fn still_open() -> Option<OneLess> {
    let open = OPEN.with_borrow(Clone::clone)?;
    open.fetch_add(1, Ordering::Relaxed);
    Some(OneLess(open))
}

/// The workers of a server.
pub struct Workers(Vec<Worker>);

struct Worker {
    streams: mpsc::UnboundedSender<StdStream>,
    open: Arc<AtomicUsize>,
    drained: oneshot::Receiver<Cut>,
    release: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Whether connections had to be cut to come to an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cut(pub bool);

/// Workers that serve nothing any more. What began on their runtimes, such as connections of the
/// database's pool, lives until they are released.
pub struct Drained(Vec<(oneshot::Sender<()>, JoinHandle<()>)>);

impl Workers {
    /// Starts one for each core.
    pub fn start(service: &Router, rules: &Arc<Rules>) -> std::io::Result<Self> {
        let start = |number| Worker::start(number, service.clone(), Arc::clone(rules));
        (1..=count()).map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Gives a connection to the worker with the fewest.
    pub fn give(&self, stream: TcpStream) {
        let Ok(stream) = stream.into_std() else {
            return;
        };
        let fewest = self
            .0
            .iter()
            .min_by_key(|worker| worker.open.load(Ordering::Relaxed));
        if let Some(worker) = fewest {
            worker.open.fetch_add(1, Ordering::Relaxed);
            // Only a worker that has ended takes none, and then the server is ending.
            let _ = worker.streams.send(stream);
        }
    }

    /// Lets what is open end, and cuts what is still open after `grace`.
    pub async fn drain(self, grace: Duration) -> (Drained, Cut) {
        let (ending, threads): (Vec<_>, Vec<_>) = self
            .0
            .into_iter()
            .map(|worker| {
                drop(worker.streams);
                (worker.drained, (worker.release, worker.thread))
            })
            .unzip();
        let mut cut = false;
        for drained in ending {
            // Twice the time: the worker itself cuts after `grace`.
            let ended = tokio::time::timeout(grace * 2, drained).await;
            cut |= !matches!(ended, Ok(Ok(Cut(false))));
        }
        (Drained(threads), Cut(cut))
    }
}

impl Drained {
    /// Ends the threads.
    pub fn release(self) {
        for (release, thread) in self.0 {
            let _ = release.send(());
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn start(number: usize, service: Router, rules: Arc<Rules>) -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING)
            .build()?;
        let (streams, arriving) = mpsc::unbounded_channel();
        let (drain, drained) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        let thread = thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || {
                NUMBER.set(number);
                OPEN.set(Some(Arc::clone(&counted)));
                runtime.block_on(async move {
                    let cut = serve(arriving, service, rules, counted).await;
                    let _ = drain.send(cut);
                    let _ = released.await;
                });
                runtime.shutdown_background();
            })?;
        Ok(Self {
            streams,
            open,
            drained,
            release,
            thread,
        })
    }
}

/// How long open streams may go on after the signal to stop.
pub const GRACE: Duration = Duration::from_secs(8);

async fn serve(
    mut arriving: mpsc::UnboundedReceiver<StdStream>,
    service: Router,
    rules: Arc<Rules>,
    counted: Arc<AtomicUsize>,
) -> Cut {
    let mut open = JoinSet::new();
    open.spawn(near_timer());
    let connections = GracefulShutdown::new();
    let service = TowerToHyperService::new(service);
    let mut silent = JoinSet::new();
    loop {
        let begun = tokio::select! {
            arrived = arriving.recv() => {
                let Some(stream) = arrived else { break };
                silent.spawn(begun(stream, OneLess(Arc::clone(&counted)), Arc::clone(&rules)));
                continue;
            }
            Some(begun) = silent.join_next() => begun,
        };
        let Ok(Some((stream, one_less))) = begun else {
            continue;
        };
        let connection = rules
            .builder()
            .serve_connection_with_upgrades(TokioIo::new(stream), service.clone())
            .into_owned();
        let watched = connections.watch(connection);
        let rules = Arc::clone(&rules);
        open.spawn(async move {
            if let Err(error) = watched.await {
                rules.broke(&*error);
            }
            drop(one_less);
        });
        while open.try_join_next().is_some() {}
    }
    let ended = tokio::time::timeout(GRACE, connections.shutdown()).await;
    if ended.is_err() {
        open.shutdown().await;
    }
    Cut(ended.is_err())
}

/// The connection, once a request begins on it.
async fn begun(
    stream: StdStream,
    one_less: OneLess,
    rules: Arc<Rules>,
) -> Option<(TcpStream, OneLess)> {
    let stream = TcpStream::from_std(stream).ok()?;
    rules.begun(&stream).await?;
    Some((stream, one_less))
}

/// A timer that is always near. Without one, that of a request would often be the next that is due,
/// and a runtime that waits until then is woken, by a system call, to wait anew.
async fn near_timer() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Counts a connection out, however it ends.
pub struct OneLess(Arc<AtomicUsize>);

impl Drop for OneLess {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
