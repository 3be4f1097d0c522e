//! Counts what is served: around the body on its way to the caller.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::response;
use http_body::{Frame, SizeHint};
use keyseal::usage::{Hider, Kind, Reader, Shown, Usage};

use super::{Ask, names, price};
use crate::AppState;
use crate::choose::platform::Reservation;
use crate::clock;
use crate::store::{Counts, ENVELOPE, Owner, PLATFORM, Used};

/// Where ElevenLabs says how many characters were spoken.
const CHARACTERS: HeaderName = HeaderName::from_static("x-character-count");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Who was served, and under what.
pub struct Served {
    /// The caller.
    pub owner: Owner,
    /// The catalogue's id.
    pub provider: &'static str,
    /// The credential.
    pub by: By,
}

/// The credential that served.
pub enum By {
    /// The entry of this id.
    Entry(String),
    /// A key out of the request's own envelope.
    Envelope,
    /// The operator's own key. Whoever learns the cost settles the reservation.
    Platform(Box<Reservation>),
}

impl By {
    /// As rows of the usage name it.
    fn name(self) -> String {
        match self {
            Self::Entry(id) => id,
            Self::Envelope => ENVELOPE.to_owned(),
            Self::Platform(_) => PLATFORM.to_owned(),
        }
    }
}

/// How many answers are on their way: at the end of the server they are waited for, so that they
/// are counted.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    /// How many.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// Counts a request that the provider broke off before it began to answer.
pub fn broke(state: &AppState, served: Served, model: Option<&str>) {
    state.store.record(Used {
        at: clock::micros(),
        provider: served.provider,
        model: names::named(served.provider, model, None).row,
        credential: served.by.name(),
        owner: served.owner,
        counts: Counts {
            requests: 1,
            failed: 1,
            ..Counts::default()
        },
    });
}

/// Counts the answer from here to its end. `head` is the answer's, as it goes to the caller; a `good`
/// one is what was asked for, and may cost.
pub fn metered<B>(
    state: &AppState,
    served: Served,
    ask: Ask,
    good: bool,
    head: &mut response::Parts,
    body: B,
) -> Body
where
    B: http_body::Body<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
{
    let text = |name: HeaderName| head.headers.get(name).and_then(|it| it.to_str().ok());
    let reader = good.then(|| {
        let content_type = text(header::CONTENT_TYPE);
        // A value that is no text is an encoding that is not known here.
        let encoding = match head.headers.contains_key(header::CONTENT_ENCODING) {
            true => Some(text(header::CONTENT_ENCODING).unwrap_or("unknown")),
            false => None,
        };
        Reader::new(ask.route.clone(), content_type, encoding).with_characters(text(CHARACTERS))
    });
    let hider = (good && ask.hide_counts && is_plain_event_stream(&head.headers)).then(|| {
        // What is left out is not in the length that the provider said.
        head.headers.remove(header::CONTENT_LENGTH);
        Hider::default()
    });
    if good && ask.route.kind != Kind::Free {
        price::prepare();
    }
    state.under_way.0.fetch_add(1, Ordering::AcqRel);
    let count = Count {
        state: state.clone(),
        served,
        ask,
        reader,
    };
    Body::new(Meter {
        inner: body,
        count: Some(count),
        hider,
    })
}

fn is_plain_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let is_stream = content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/event-stream"));
    is_stream && !headers.contains_key(header::CONTENT_ENCODING)
}

/// A body that is looked at as it passes. Dropped, the request has ended: at the body's end, where
/// it broke off, or where the caller left.
struct Meter<B: http_body::Body> {
    inner: B,
    count: Option<Count>,
    hider: Option<Hider>,
}

impl<B> http_body::Body for Meter<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        loop {
            let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    this.ended(false);
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.ended(true);
                    let held = this.hider.take().map(Hider::finish).unwrap_or_default();
                    let last = (!held.is_empty()).then(|| Ok(Frame::data(Bytes::from(held))));
                    return Poll::Ready(last);
                }
            };
            let Some(data) = frame.data_ref() else {
                return Poll::Ready(Some(Ok(frame)));
            };
            if let Some(reader) = this.count.as_mut().and_then(|count| count.reader.as_mut()) {
                reader.push(data);
            }
            match this.hider.as_mut().map(|hider| hider.push(data)) {
                None | Some(Shown::Same) => return Poll::Ready(Some(Ok(frame))),
                Some(Shown::Instead(shown)) if shown.is_empty() => {}
                Some(Shown::Instead(shown)) => {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from(shown)))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.hider.as_ref().is_none_or(Hider::holds_nothing) && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.hider {
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}

impl<B: http_body::Body> Meter<B> {
    fn ended(&mut self, whole: bool) {
        if let Some(count) = self.count.take() {
            count.write(whole);
        }
    }
}

impl<B: http_body::Body> Drop for Meter<B> {
    fn drop(&mut self) {
        // A body whose length is known is not asked for an end.
        let whole = self.inner.is_end_stream();
        self.ended(whole);
    }
}

/// What is known of a request until it is counted.
struct Count {
    state: AppState,
    served: Served,
    ask: Ask,
    /// Of a successful answer.
    reader: Option<Reader>,
}

impl Count {
    fn write(mut self, whole: bool) {
        let at = clock::micros();
        let failed = self.reader.is_none();
        let usage = self.reader.map(|reader| reader.finish(whole));
        let usage = usage.unwrap_or_default();
        let asked = self.ask.model.filter(|_| !failed);
        let answered = usage.model.as_deref();
        let model = answered.or(asked.as_deref());
        let kind = self.ask.route.kind;
        let is_billed = !failed && kind != Kind::Free;
        let provider = self.served.provider;
        let named = names::named(provider, asked.as_deref(), answered);
        let cost = match is_billed {
            true if named.listed || provider == price::FREE => {
                price::cost(provider, model, kind, &usage, at)
            }
            true => usage.cost,
            false => None,
        };
        if let By::Platform(reservation) = &mut self.served.by {
            // A cost that is unknown stays what was reserved for it.
            reservation.settle(match is_billed {
                true => cost.map(|cost| number(Some(cost.0))),
                false => Some(0),
            });
        }
        let fee = match self.served.by {
            By::Entry(_) | By::Envelope if is_billed => self.state.config.fees.on(cost, model),
            _ => None,
        };
        let credential = self.served.by.name();
        let money = |amount: Option<keyseal::usage::MicroUsd>| number(amount.map(|it| it.0));
        let counts = Counts {
            requests: 1,
            failed: i64::from(failed),
            priced: i64::from(cost.is_some()),
            unpriced: i64::from(is_billed && cost.is_none()),
            uncounted: i64::from(is_billed && says_nothing(kind, &usage)),
            cost_micro_usd: money(cost),
            fee_micro_usd: money(fee),
            ..counted(&usage)
        };
        self.state.store.record(Used {
            owner: self.served.owner,
            at,
            provider,
            model: named.row,
            credential,
            counts,
        });
        self.state.under_way.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn counted(usage: &Usage) -> Counts {
    Counts {
        input_tokens: number(usage.input_tokens),
        cached_tokens: number(usage.cached_tokens),
        cache_write_tokens: number(usage.cache_write_tokens),
        output_tokens: number(usage.output_tokens),
        reasoning_tokens: number(usage.reasoning_tokens),
        images: number(usage.images),
        audio_ms: number(usage.audio_ms),
        characters: number(usage.characters),
        ..Counts::default()
    }
}

fn number(count: Option<u64>) -> i64 {
    count.map_or(0, |count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// What was used is not known, or not all of it.
fn says_nothing(kind: Kind, usage: &Usage) -> bool {
    match kind {
        Kind::Embeddings => usage.input_tokens.is_none(),
        Kind::Chat | Kind::Gemini => usage.total_tokens().is_none(),
        _ => [
            usage.total_tokens(),
            usage.images,
            usage.audio_ms,
            usage.characters,
            usage.rerank_searches,
        ]
        .iter()
        .all(Option::is_none),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_left_unsaid_is_counted_as_unsaid() {
        let said = |kind, usage: Usage| !says_nothing(kind, &usage);
        let input = Usage {
            input_tokens: Some(1),
            ..Usage::default()
        };
        assert!(!said(Kind::Chat, Usage::default()));
        assert!(!said(Kind::Chat, input.clone()), "the stream broke off");
        assert!(said(Kind::Embeddings, input));
        let image = Usage {
            images: Some(1),
            ..Usage::default()
        };
        assert!(said(Kind::Image, image.clone()) && !said(Kind::Chat, image));
    }
}
