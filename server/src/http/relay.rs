//! `GET /relay/{provider}`: the door of the relay. Everything that can be refused is refused here,
//! before the WebSocket, as any other call is; a page that sees only that its WebSocket failed asks
//! the same address by `fetch` for the reason.

use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{
    HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};

use super::{Code, Problem, credential, guard, refused};
use crate::auth::{Caller, place};
use crate::config::Relay;
use crate::outgoing::Line;
use crate::relay::{self, End, Passed, Seat, Terms};
use crate::store::Note;
use crate::{AppState, clock, workers};

/// A token of the caller is offered as a subprotocol, for browsers send no header of their own with
/// a WebSocket.
const TOKEN: &str = "keyseal.token.";
/// How much of what a caller sends is read at once.
const READ: usize = 32 * 1024;

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/relay/{provider}", get(open))
}

async fn open(
    State(state): State<AppState>,
    provider: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    guard::check_origin(&state.config, &headers)?;
    let host = host(query.as_deref())?;
    let token = token(&headers)?;
    let caller = state.verifier.verify(token, &state.config).await?;
    let Path(provider) = provider.map_err(|_| Code::ProviderUnknown)?;
    let admitted = admit(&state, &caller, &provider, host.as_deref(), upgrade);
    let (upgrade, admitted) = match admitted {
        Ok(admitted) => admitted,
        Err(problem) => {
            refused::note(&state, &caller.owner, &problem).await;
            return Err(problem);
        }
    };
    let terms = Terms::new(&state, &caller, token, admitted.limits);
    let upgrade = upgrade
        .protocols([relay::PROTOCOL])
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * relay::PIECE)
        .max_message_size(relay::PIECE)
        .max_frame_size(relay::PIECE);
    Ok(upgrade.on_upgrade(move |socket| serve(state, caller, admitted, terms, socket)))
}

/// What a caller may open.
struct Admitted {
    provider: &'static str,
    line: Line,
    limits: Relay,
    seat: Seat,
}

fn admit(
    state: &AppState,
    caller: &Caller,
    provider: &str,
    host: Option<&str>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<(WebSocketUpgrade, Admitted), Problem> {
    credential::check_tier(state, caller)?;
    let route = state.client.route(provider).ok_or(Code::ProviderUnknown)?;
    let line = route.target(host)?.line()?;
    let limits = state.config.tiers.resolve(Some(&caller.tier)).1.relay;
    if limits.connections == 0 {
        return Err(Problem::new(Code::Forbidden, "Nothing is relayed here."));
    }
    let seat = state.relays.take(&caller.owner, limits).ok_or_else(|| {
        let many = limits.connections;
        Problem::new(Code::RateLimited, format!("You have {many} relays open."))
            .next("Close one, or wait until one has ended.")
            .retry_after(1)
    })?;
    let upgrade = upgrade.map_err(|_| no_upgrade())?;
    let offered = |protocol: &HeaderValue| protocol == relay::PROTOCOL;
    if !upgrade.requested_protocols().any(offered) {
        return Err(Problem::validation(
            "The WebSocket does not offer the subprotocol keyseal.relay.v1.",
        ));
    }
    let admitted = Admitted {
        provider: route.provider.id,
        line,
        limits,
        seat,
    };
    Ok((upgrade, admitted))
}

async fn serve(
    state: AppState,
    caller: std::sync::Arc<Caller>,
    admitted: Admitted,
    mut terms: Terms,
    socket: axum::extract::ws::WebSocket,
) {
    let Admitted {
        provider,
        line,
        seat,
        ..
    } = admitted;
    // The worker has one connection less since it was upgraded; it is still its work.
    let _work = workers::still_open();
    let metrics = state.metrics.as_ref();
    let counters = metrics.map(|metrics| metrics.relay(provider));
    let counters = counters.unwrap_or_default();
    let place = line.place();
    let (end, passed) = relay::serve(socket, line, &mut terms, &seat, counters).await;
    if let Some(metrics) = metrics {
        metrics.relay_ended(provider, end);
    }
    note(&state, &caller, (provider, &place), end, &passed).await;
    // Only now, so that a companion that goes down waits for the note.
    drop(seat);
}

/// Who relayed how much, once it is over. What failed or was refused before anything passed is written
/// down as other refusals are, no oftener.
async fn note(
    state: &AppState,
    caller: &Caller,
    (provider, place): (&str, &str),
    end: End,
    passed: &Passed,
) {
    let [up, down] = [&passed.up, &passed.down].map(|count| count.load(Ordering::Relaxed));
    let how = end.as_str();
    tracing::info!(provider, up, down, end = how, "relay");
    let note = Note {
        provider: Some(provider),
        ..Note::new("relay.close")
    };
    if up == 0 && down == 0 {
        if end == End::Refused {
            refused::note(state, &caller.owner, &Code::RelayRefused.into()).await;
        }
        if let Some(code) = end.never_began() {
            let said = format!("{place}, {how}");
            refused::write(state, &caller.owner, code, note, &said).await;
        }
        return;
    }
    let seconds = passed.open_for().as_secs_f64();
    let note = note.detail(format!(
        "up {up} bytes, down {down} bytes, {seconds:.1} s, {how}"
    ));
    let written = state.store.note(&caller.owner, &note, clock::micros());
    if let Err(error) = written.await {
        tracing::warn!(%error, "a relay was not written down");
    }
}

/// The host that was asked for: the one thing that may stand in the query.
fn host(query: Option<&str>) -> Result<Option<String>, Problem> {
    let mut host = None;
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name != "host" || host.is_some() {
            // Whatever it is: URLs end in logs and histories.
            return Err(Problem::new(
                Code::Unauthorized,
                "Of a relay's query only one `host` is read; a token or key in the URL is refused.",
            )
            .next("Offer the token as the subprotocol keyseal.token.<token>."));
        }
        host = Some(value.into_owned());
    }
    Ok(host)
}

/// The caller's token: offered as a subprotocol, else where it stands in any call.
fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|protocol| protocol.trim().strip_prefix(TOKEN));
    let token = match (offered.next(), offered.next()) {
        (Some(token), None) => Some(token),
        (None, _) => place::token(headers),
        (Some(_), Some(_)) => None,
    };
    token.ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            "The request carries no token, or several.",
        )
        .next("Offer the subprotocols keyseal.relay.v1 and keyseal.token.<token>.")
    })
}

fn no_upgrade() -> Problem {
    let mut headers = HeaderMap::new();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    Problem::new(
        Code::UpgradeRequired,
        "You may open a relay here, by a WebSocket.",
    )
    .next("If that fails, something between you and the companion takes no WebSocket.")
    .headers(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_all_that_is_read_of_a_query() {
        assert_eq!(host(None).expect("none"), None);
        let sealed = host(Some("host=gw.example.com%3A8443")).expect("a host");
        assert_eq!(sealed.as_deref(), Some("gw.example.com:8443"));
        for query in [
            "token=x",
            "key=x",
            "host=a.example&host=b.example",
            "host=a.example&access_token=x",
            "Host=a.example",
            "x",
        ] {
            let refused = host(Some(query)).expect_err(query);
            assert_eq!(refused.code, Code::Unauthorized, "{query}");
        }
    }

    #[test]
    fn a_token_is_offered_once_or_stands_in_a_header() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let parsed = pairs.iter().map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().expect("a name"),
                    HeaderValue::from_static(value),
                )
            });
            parsed.collect::<HeaderMap>()
        };
        let protocols = "sec-websocket-protocol";
        for (pairs, expected) in [
            (
                &[(protocols, "keyseal.relay.v1, keyseal.token.a.b-c_d")][..],
                Some("a.b-c_d"),
            ),
            (
                &[(protocols, "keyseal.token.t,keyseal.relay.v1")],
                Some("t"),
            ),
            (&[("authorization", "Bearer t")], Some("t")),
            (
                &[
                    (protocols, "keyseal.token.t"),
                    ("authorization", "Bearer u"),
                ],
                Some("t"),
            ),
            (&[(protocols, "keyseal.token.t, keyseal.token.u")], None),
            (&[(protocols, "keyseal.relay.v1")], None),
            (&[], None),
        ] {
            assert_eq!(token(&headers(pairs)).ok(), expected, "{pairs:?}");
        }
    }
}
