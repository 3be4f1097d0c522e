//! What a body is, by its `Content-Type`.

/// JSON that is one text, as RFC 8259, RFC 6839 and the MIME Sniffing standard name it. Streams of
/// JSON texts (`application/jsonl`, `application/json-seq`, `application/stream+json`) are none: they
/// are neither waited for nor searched.
pub(super) fn is_json(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|byte| *byte == b';');
    let kind = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    let suffix = kind.len().checked_sub("+json".len());
    let has_suffix = suffix.is_some_and(|at| kind[at..].eq_ignore_ascii_case(b"+json"));
    is("application/json") || is("text/json") || has_suffix && !is("application/stream+json")
}
