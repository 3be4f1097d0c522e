//! Reads one answer to its end.

use super::Usage;
use super::count::milliseconds;
use super::counts::Counts;
use super::event_stream::{Lines, Part};
use super::gemini;
use super::money::MicroUsd;
use super::route::{Kind, Route};
use super::scan::{Found, Scanner};
use super::wanted::Field;

/// Longer names are not kept: they become rows of a database.
const LONGEST_NAME: usize = 120;

/// Reads the body of a successful answer as it passes; see the [module](super).
pub struct Reader {
    route: Route,
    format: Format,
    scanner: Scanner,
    said: Said,
    /// What the answer or event that is being read says; taken over at its end.
    heard: Said,
    /// What stood in front of the body.
    characters: Option<u64>,
}

enum Format {
    /// One JSON text: an answer, or an array of them.
    Json,
    /// One JSON text a line.
    JsonLines,
    /// Server-sent events.
    Events(Lines),
    /// Nothing that says anything.
    Opaque,
}

#[derive(Default)]
struct Said {
    model: Option<String>,
    tier: Option<String>,
    kind: Option<String>,
    counts: Option<Counts>,
    gemini: bool,
    images: Option<u64>,
    duration: Option<u64>,
    cost: Option<MicroUsd>,
    /// Whether the answer itself said that it is over.
    over: bool,
}

impl Reader {
    /// For the answer to a request of that route. An encoded body is never decoded: what it says is
    /// unknown.
    #[must_use]
    pub fn new(route: Route, content_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        let identity = content_encoding.is_none_or(|it| it.eq_ignore_ascii_case("identity"));
        let media_type = content_type.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default();
        let format = match media_type.trim().to_ascii_lowercase().as_str() {
            _ if !identity || route.kind == Kind::Free => Format::Opaque,
            "text/event-stream" => Format::Events(Lines::default()),
            "application/stream+json" | "application/x-ndjson" | "application/jsonl" => {
                Format::JsonLines
            }
            "application/json" => Format::Json,
            other if other.ends_with("+json") => Format::Json,
            _ => Format::Opaque,
        };
        Self {
            route,
            format,
            scanner: Scanner::default(),
            said: Said::default(),
            heard: Said::default(),
            characters: None,
        }
    }

    /// Takes the number of characters that speech was made of from the answer's header
    /// `x-character-count`, where ElevenLabs says it: the body is sound alone.
    #[must_use]
    pub fn with_characters(mut self, header: Option<&str>) -> Self {
        self.characters = header
            .filter(|_| self.route.kind == Kind::Speech)
            .and_then(|count| count.parse().ok());
        self
    }

    /// What the request is for.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Reads on. Takes nothing but what it counts.
    pub fn push(&mut self, bytes: &[u8]) {
        let Self {
            format,
            scanner,
            said,
            heard,
            route,
            characters: _,
        } = self;
        match format {
            Format::Opaque => {}
            Format::Json => {
                scanner.push(bytes, &mut |found| listen(found, heard, said, route.kind))
            }
            Format::JsonLines => {
                for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                    scanner.push(line, &mut |found| listen(found, heard, said, route.kind));
                    if line.ends_with(b"\n") {
                        scanner.reset();
                        *heard = Said::default();
                    }
                }
            }
            Format::Events(lines) => {
                lines.push(bytes, &mut |lines, part| {
                    event(lines, &part, scanner, heard, said, route.kind);
                });
            }
        }
    }

    /// How many bytes are set aside for what is being read.
    #[cfg(test)]
    pub(super) fn holds(&self) -> usize {
        self.scanner.holds()
    }

    /// What the answer used. `whole`: its body came to its proper end, as far as HTTP can tell.
    #[must_use]
    pub fn finish(mut self, whole: bool) -> Usage {
        if let Format::Events(lines) = &mut self.format {
            let (scanner, heard, said) = (&mut self.scanner, &mut self.heard, &mut self.said);
            let kind = self.route.kind;
            lines.end_event(&mut |lines, part| event(lines, &part, scanner, heard, said, kind));
        }
        let stream = match self.format {
            Format::Json if !self.scanner.is_array() => {
                if !self.scanner.is_done() {
                    self.said = Said::default();
                }
                false
            }
            Format::Json => true,
            Format::JsonLines | Format::Events(_) => true,
            Format::Opaque => false,
        };
        let said = self.said;
        let mut counts = said.counts.unwrap_or_default();
        // Gemini counts in every piece of a stream: only the last piece says how much it was.
        let cut = stream && !said.over && (!whole || said.gemini);
        if cut {
            counts.forget_end();
        }
        if self.route.output_by_total && counts.total.is_some() {
            counts.output_by_total = true;
        }
        let mut usage = counts.into_usage();
        usage.characters = usage.characters.or(self.characters);
        usage.model = said.model;
        usage.tier = said.tier;
        if self.route.kind == Kind::Image {
            usage.images = usage.images.or(said.images);
        }
        if self.route.kind == Kind::Transcription {
            usage.audio_ms = usage.audio_ms.or(said.duration);
        }
        if !cut {
            usage.cost = usage.cost.or(said.cost);
        }
        usage
    }
}

fn event(
    lines: &Lines,
    part: &Part<'_>,
    scanner: &mut Scanner,
    heard: &mut Said,
    said: &mut Said,
    kind: Kind,
) {
    match part {
        Part::Data(bytes) => scanner.push(bytes, &mut |found| listen(found, heard, said, kind)),
        Part::End => {
            said.over |= lines.is_mark();
            scanner.reset();
            *heard = Said::default();
        }
    }
}

fn listen(found: Found<'_>, heard: &mut Said, said: &mut Said, kind: Kind) {
    match found {
        // Each event of a stream names the model again.
        Found::Value(Field::Model, json) if heard.model.is_none() && said.is_model(json) => {}
        Found::Value(field, json) => heard.take(field, json),
        Found::Count(Field::Things, count) => heard.images = Some(count),
        Found::Count(..) => {}
        Found::End => said.add(std::mem::take(heard), kind),
    }
}

impl Said {
    fn take(&mut self, field: Field, json: &[u8]) {
        match field {
            Field::Model => self.model = text(json).and_then(|text| name(&text)),
            Field::Tier => self.tier = text(json).and_then(|text| name(&text)),
            Field::Type => self.kind = text(json),
            Field::Usage => self.count(Counts::read(json)),
            Field::StartUsage => {
                let counts = Counts::read(json).map(|mut counts| {
                    counts.forget_end();
                    counts
                });
                self.count(counts);
            }
            Field::GeminiUsage => {
                self.gemini = true;
                self.count(gemini::read(json));
            }
            Field::Finish => self.over |= text(json).is_some(),
            Field::Duration => {
                self.duration = std::str::from_utf8(json).ok().and_then(milliseconds);
            }
            Field::Cost => {
                let cost = std::str::from_utf8(json).ok();
                self.cost = cost.and_then(MicroUsd::from_dollars);
            }
            Field::Things => {}
        }
    }

    /// Whether this, as it was written, is the model that is known.
    fn is_model(&self, json: &[u8]) -> bool {
        let known = self.model.as_deref().unwrap_or_default().as_bytes();
        json.strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .is_some_and(|model| !model.is_empty() && model == known)
    }

    fn count(&mut self, counts: Option<Counts>) {
        let Some(later) = counts else { return };
        match &mut self.counts {
            Some(counts) => counts.replace_by(later),
            None => self.counts = Some(later),
        }
    }

    /// Takes over what one answer, or one event, said.
    fn add(&mut self, heard: Self, kind: Kind) {
        self.count(heard.counts);
        self.model = heard.model.or(self.model.take());
        self.tier = heard.tier.or(self.tier.take());
        self.duration = heard.duration.or(self.duration);
        self.cost = heard.cost.or(self.cost);
        self.gemini |= heard.gemini;
        let event = heard.kind.as_deref().unwrap_or_default();
        self.over |= heard.over || is_last(event);
        // Streams of images say each one in an event of its own.
        let finished = kind == Kind::Image && event.ends_with(".completed");
        if let Some(more) = heard.images.or(finished.then_some(1)) {
            self.images = Some(self.images.unwrap_or(0).saturating_add(more));
        }
    }
}

/// The events with which Anthropic, OpenAI's responses and Cohere say that the stream is over.
fn is_last(event: &str) -> bool {
    matches!(
        event,
        "message_stop"
            | "message-end"
            | "response.completed"
            | "response.incomplete"
            | "response.failed"
    )
}

fn text(json: &[u8]) -> Option<String> {
    serde_json::from_slice(json).ok()
}

/// A name that may become part of a row: short, visible ASCII.
pub(super) fn name(text: &str) -> Option<String> {
    let good = !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| text.to_owned())
}
