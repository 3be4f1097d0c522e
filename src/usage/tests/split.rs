//! However a body is split, it says the same.

use proptest::prelude::*;

use super::super::{Hider, Reader, Route, Shown, Usage};

const BODIES: [(&str, &str, &str); 6] = [
    (
        "/v1/chat/completions",
        "text/event-stream",
        "\u{feff}: hi\r\n\r\ndata: {\"model\":\"m\\\"\\\\\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \\\"usage\\\" \\u00e9 \u{1F600}\"}}],\"usage\":null}\r\n\r\ndata:{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9,\"cost\":1.5e-5}}\n\ndata: [DONE]\r\r",
    ),
    (
        "/v1/messages",
        "text/event-stream",
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude\",\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ),
    (
        "/v1beta/models/g:streamGenerateContent",
        "application/json",
        "[{\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":1}}\n,\r\n{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":8},\"modelVersion\":\"g\"}\n]",
    ),
    (
        "/v1/images/generations",
        "application/json",
        "{\"created\":1,\"data\":[{\"b64_json\":\"AAAA\\\\\\\"\"},{\"b64_json\":\"BB\"}],\"usage\":{\"input_tokens\":50,\"output_tokens\":50}}",
    ),
    (
        "/v1/chat",
        "application/x-ndjson",
        "{\"a\":1}\n{\"response\":{\"meta\":{\"billed_units\":{\"input_tokens\":6,\"output_tokens\":8}}}}\n",
    ),
    (
        "/v1/audio/transcriptions",
        "application/json",
        " {\"duration\" : 8.4700002 , \"text\":\"x\"}\n",
    ),
];

fn pieces(bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|pair| bytes[pair[0]..pair[1]].to_vec())
        .collect()
}

fn read(path: &str, content_type: &str, pieces: &[Vec<u8>], whole: bool) -> Usage {
    let route = Route::of("openai", "POST", path);
    let mut reader = Reader::new(route, Some(content_type), None);
    pieces.iter().for_each(|piece| reader.push(piece));
    reader.finish(whole)
}

fn shown(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut hider = Hider::default();
    let mut out = Vec::new();
    for piece in pieces {
        match hider.push(piece) {
            Shown::Same => out.extend_from_slice(piece),
            Shown::Instead(other) => out.extend_from_slice(&other),
        }
    }
    out.extend_from_slice(&hider.finish());
    out
}

#[test]
fn the_bodies_of_this_file_say_something() {
    for (path, content_type, body) in BODIES {
        let usage = read(path, content_type, &[body.as_bytes().to_vec()], true);
        let said = usage.input_tokens.is_some() || usage.audio_ms.is_some();
        assert!(said, "{path}: {usage:?}");
    }
}

#[test]
fn one_byte_at_a_time_says_the_same() {
    for (path, content_type, body) in BODIES {
        let bytes: Vec<Vec<u8>> = body.bytes().map(|byte| vec![byte]).collect();
        let whole = read(path, content_type, &[body.as_bytes().to_vec()], true);
        assert_eq!(read(path, content_type, &bytes, true), whole, "{path}");
    }
}

proptest! {
    #[test]
    fn any_split_says_the_same(
        which in 0..BODIES.len(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        cut_off in any::<bool>(),
        length in any::<prop::sample::Index>(),
    ) {
        let (path, content_type, body) = BODIES[which];
        let end = if cut_off { length.index(body.len()) } else { body.len() };
        let bytes = &body.as_bytes()[..end];
        let whole = read(path, content_type, &[bytes.to_vec()], !cut_off);
        prop_assert_eq!(read(path, content_type, &pieces(bytes, &cuts), !cut_off), whole);
    }

    #[test]
    fn garbage_never_panics_and_any_split_says_the_same(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        which in 0..BODIES.len(),
        at in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let (path, content_type, body) = BODIES[which];
        let place = at.index(body.len());
        let mut spoiled = body.as_bytes().to_vec();
        spoiled.splice(place..place, bytes.drain(..));
        let whole = read(path, content_type, &[spoiled.clone()], true);
        prop_assert_eq!(read(path, content_type, &pieces(&spoiled, &cuts), true), whole);
    }

    #[test]
    fn any_split_hides_the_same(cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let stream = concat!(
            "data: {\"choices\":[{\"index\":0}],\"usage\":null}\n\n",
            ": comment\n\n",
            "data: {\"id\":\"c\",\"choices\": [ ],\"usage\":{\"total_tokens\":9}}\n\n",
            "data: [DONE]\n\n"
        );
        let expected = concat!(
            "data: {\"choices\":[{\"index\":0}],\"usage\":null}\n\n",
            ": comment\n\n",
            "data: [DONE]\n\n"
        );
        let out = shown(&pieces(stream.as_bytes(), &cuts));
        prop_assert_eq!(std::str::from_utf8(&out).expect("text"), expected);
    }

    #[test]
    fn what_is_no_chunk_of_counts_passes_byte_for_byte(
        bytes in prop::collection::vec(prop::sample::select(b"da: {}[]\"\n\rx".to_vec()), 0..400),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        prop_assert_eq!(shown(&pieces(&bytes, &cuts)), bytes);
    }
}
