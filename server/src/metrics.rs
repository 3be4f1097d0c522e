//! What is counted for the operator, in Prometheus' text form. No user, entry, label, host or path of
//! a request is among it: the labels have few values, which are all known beforehand.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::AppState;
use crate::connection::Rules;
use crate::http::{Code, Problem};
use crate::outgoing::SendError;
use crate::relay::End;

/// From half a millisecond to four minutes.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0, 240.0,
];

type Text = Cow<'static, str>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All of them; a clone is pointers.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    request_seconds: Histograms<Route>,
    upstream_seconds: Histograms<Provider>,
    upstream_errors: Family<UpstreamError, Counter>,
    unwraps: Counter,
    kept: Family<Kept, Gauge>,
    streams: Gauge,
    not_taken: Counter,
    relays: Gauge,
    relays_ended: Family<RelayEnd, Counter>,
    relay_bytes: Family<RelayBytes, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: Text,
    method: &'static str,
    status: u16,
    provider: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Provider {
    provider: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamError {
    provider: Text,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kept {
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RelayEnd {
    provider: Text,
    end: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RelayBytes {
    provider: Text,
    direction: &'static str,
}

/// Where the bytes of one relay are counted, while they pass.
#[derive(Clone, Default)]
pub struct RelayCounters {
    /// To the provider.
    pub up: Counter,
    /// From it.
    pub down: Counter,
}

impl Metrics {
    fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            upstream_seconds: Family::new_with_constructor(histogram),
            upstream_errors: Family::default(),
            unwraps: Counter::default(),
            kept: Family::default(),
            streams: Gauge::default(),
            not_taken: Counter::default(),
            relays: Gauge::default(),
            relays_ended: Family::default(),
            relay_bytes: Family::default(),
        }
    }

    /// A request was answered; for streams, its head was.
    pub fn answered(
        &self,
        route: &str,
        method: &'static str,
        status: u16,
        provider: Text,
        took: Duration,
    ) {
        let route = Text::from(route.to_owned());
        self.request_seconds
            .get_or_create(&Route {
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        let request = Request {
            route,
            method,
            status,
            provider,
        };
        self.requests.get_or_create(&request).inc();
    }

    /// A provider began to answer a forwarded request, or did not.
    pub fn upstream(&self, provider: Text, took: Duration, error: Option<SendError>) {
        match error {
            None => self
                .upstream_seconds
                .get_or_create(&Provider { provider })
                .observe(took.as_secs_f64()),
            Some(error) => {
                let code = Code::from(error).as_str();
                let error = UpstreamError { provider, code };
                self.upstream_errors.get_or_create(&error).inc();
            }
        }
    }

    /// A caller was let go who took nothing of an answer.
    pub fn not_taken(&self) {
        self.not_taken.inc();
    }

    /// For the bytes of a relay that begins.
    pub fn relay(&self, provider: &'static str) -> RelayCounters {
        let counter = |direction| {
            let labels = RelayBytes {
                provider: provider.into(),
                direction,
            };
            self.relay_bytes.get_or_create_owned(&labels)
        };
        RelayCounters {
            up: counter("up"),
            down: counter("down"),
        }
    }

    /// A relay ended.
    pub fn relay_ended(&self, provider: &'static str, end: End) {
        let labels = RelayEnd {
            provider: provider.into(),
            end: end.word(),
        };
        self.relays_ended.get_or_create(&labels).inc();
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("keyseal");
        all.register(
            "requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        all.register_with_unit(
            "request_duration",
            "Until the head of the answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        all.register_with_unit(
            "upstream_duration",
            "From sending a forwarded request until the head of the provider's answer",
            Unit::Seconds,
            self.upstream_seconds.clone(),
        );
        all.register(
            "upstream_errors",
            "Forwarded requests that no provider answered",
            self.upstream_errors.clone(),
        );
        all.register(
            "unwraps",
            "RSA operations to open something",
            self.unwraps.clone(),
        );
        all.register(
            "kept",
            "Opened keys and sessions that are kept for a short time",
            self.kept.clone(),
        );
        all.register(
            "answers_under_way",
            "Forwarded answers that still pass",
            self.streams.clone(),
        );
        all.register(
            "answers_not_taken",
            "Answers that ended because the caller took nothing of them for too long",
            self.not_taken.clone(),
        );
        all.register("relays_open", "Relays that are open", self.relays.clone());
        all.register(
            "relays_ended",
            "Relays that have ended, by how",
            self.relays_ended.clone(),
        );
        all.register_with_unit(
            "relay",
            "What relays passed",
            Unit::Bytes,
            self.relay_bytes.clone(),
        );
        all
    }
}

/// The metrics, and where they are to be had.
pub struct Exporter {
    listener: TcpListener,
    metrics: Metrics,
}

impl Exporter {
    /// Listens at an address of its own.
    pub async fn bind(address: std::net::SocketAddr) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            metrics: Metrics::new(),
        })
    }

    /// To count with.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers `GET /metrics` and nothing else, until it is dropped.
    pub async fn serve(self, state: AppState, rules: Arc<Rules>) {
        let shared = Shared {
            state,
            registry: Arc::new(self.metrics.registry()),
            metrics: self.metrics,
        };
        let router = Router::new()
            .route("/metrics", get(scrape))
            .with_state(shared);
        let service = TowerToHyperService::new(router);
        let mut open = JoinSet::new();
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of file descriptors, mostly: others have to close first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (service, rules) = (service.clone(), Arc::clone(&rules));
            open.spawn(async move {
                if rules.begun(&stream).await.is_some() {
                    let connection = rules
                        .builder()
                        .serve_connection(TokioIo::new(stream), service);
                    // One that breaks is the caller's business.
                    let _ = connection.await;
                }
            });
            while open.try_join_next().is_some() {}
        }
    }
}

#[derive(Clone)]
struct Shared {
    state: AppState,
    registry: Arc<Registry>,
    metrics: Metrics,
}

async fn scrape(State(shared): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let Shared {
        state,
        registry,
        metrics,
    } = shared;
    let unwraps = &metrics.unwraps;
    unwraps.inc_by(state.ring.unwraps().saturating_sub(unwraps.get()));
    let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    for (what, count) in [
        ("keys", state.opened.count()),
        ("sessions", state.sessions.count()),
    ] {
        metrics.kept.get_or_create(&Kept { what }).set(gauge(count));
    }
    metrics.streams.set(gauge(state.under_way.count()));
    metrics
        .relays
        .set(i64::try_from(state.relays.count()).unwrap_or(i64::MAX));
    let mut out = String::new();
    text::encode(&mut out, &registry).map_err(|_| Problem::from(Code::Unavailable))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_stands_in_the_text_under_its_labels() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(3);
        metrics.answered("/healthz", "GET", 200, "".into(), took);
        metrics.answered("/healthz", "GET", 200, "".into(), took);
        metrics.upstream("openai".into(), took, None);
        metrics.upstream("openai".into(), took, Some(SendError::ConnectTimeout));
        metrics.relay("openai").up.inc_by(7);
        metrics.relay("openai").up.inc_by(5);
        metrics.relay_ended("openai", End::Idle);
        let mut out = String::new();
        text::encode(&mut out, &metrics.registry()).expect("text");
        for line in [
            "keyseal_requests_total{route=\"/healthz\",method=\"GET\",status=\"200\",provider=\"\"} 2",
            "keyseal_request_duration_seconds_bucket{le=\"0.005\",route=\"/healthz\"} 2",
            "keyseal_upstream_duration_seconds_count{provider=\"openai\"} 1",
            "keyseal_upstream_errors_total{provider=\"openai\",code=\"upstream_timeout\"} 1",
            "keyseal_relay_bytes_total{provider=\"openai\",direction=\"up\"} 12",
            "keyseal_relays_ended_total{provider=\"openai\",end=\"relay_idle\"} 1",
            "keyseal_unwraps_total 0",
        ] {
            assert!(out.lines().any(|known| known == line), "{line}\n{out}");
        }
        assert!(out.ends_with("# EOF\n"));
    }
}
