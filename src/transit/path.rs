//! Which paths may go out at all, whatever the provider's list says.
//!
//! A path goes out byte for byte as it came in, so it must mean the same to everybody who reads
//! it: what one server decodes and the next does not is refused.

use core::fmt;

use crate::catalogue::{Host, Provider};

/// Why a path does not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRefused {
    /// `.` or `..`, plain or encoded.
    DotSegment,
    /// Servers read it in different ways.
    Ambiguous(&'static str),
    /// Not below what the catalogue, or the operator, allows for this provider.
    NotAllowed,
}

impl fmt::Display for PathRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::DotSegment => "a dot segment",
            Self::Ambiguous(what) => what,
            Self::NotAllowed => {
                return f
                    .write_str("the path is not among those that are forwarded for this provider");
            }
        };
        f.write_str("the path holds ")?;
        f.write_str(what)
    }
}

impl core::error::Error for PathRefused {}

/// Checks a raw path below the origin of `provider`, or of the one of its hosts that was asked for
/// by name.
///
/// # Errors
/// [`PathRefused`] says why it does not go out.
///
/// ```
/// use keyseal::transit::{PathRefused, check_path};
///
/// let openai = keyseal::catalogue::find("openai").expect("a provider");
/// assert_eq!(check_path(openai, None, "/v1/models"), Ok(()));
/// assert_eq!(check_path(openai, None, "/v1/../v2"), Err(PathRefused::DotSegment));
/// ```
pub fn check_path(provider: &Provider, host: Option<&Host>, path: &str) -> Result<(), PathRefused> {
    let wire = &provider.wire;
    check(path, wire.takes_encoded_slashes(path))?;
    let own = host.filter(|host| !host.is_region());
    let allowed = own.map_or_else(|| wire.allows(path), |host| host.allows(path));
    allowed.then_some(()).ok_or(PathRefused::NotAllowed)
}

/// Checks a raw path, as it stands in the request line after `/forward/{provider}`. Where ids hold
/// slashes (`encoded_slashes`), `%2F` is one: what it stands for is checked as the path that another
/// reader would see.
fn check(path: &str, encoded_slashes: bool) -> Result<(), PathRefused> {
    if encoded_slashes && path.contains('%') {
        check(&path.replace("%2F", "/").replace("%2f", "/"), false)?;
        return Ok(());
    }
    let Some(segments) = path.strip_prefix('/') else {
        return Err(PathRefused::NotAllowed);
    };
    check_bytes(path)?;
    if path.contains("//") {
        return Err(PathRefused::Ambiguous("`//`"));
    }
    if path.contains('%') {
        check_escapes(path)?;
    }
    if segments.split('/').any(is_dots) {
        return Err(PathRefused::DotSegment);
    }
    Ok(())
}

fn check_bytes(path: &str) -> Result<(), PathRefused> {
    for byte in path.bytes() {
        match byte {
            b'\\' => return Err(PathRefused::Ambiguous("a backslash")),
            b'@' => return Err(PathRefused::Ambiguous("`@`")),
            0x21..=0x7e => {}
            _ => {
                return Err(PathRefused::Ambiguous(
                    "a character that is not visible ASCII",
                ));
            }
        }
    }
    Ok(())
}

/// Escapes are whole, and hide nothing that the other rules look for. `%25` is refused too: behind
/// it a second decoding would find anything.
fn check_escapes(path: &str) -> Result<(), PathRefused> {
    for escape in path.split('%').skip(1) {
        let digits = escape
            .get(..2)
            .filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            None => return Err(PathRefused::Ambiguous("a broken `%` escape")),
            Some(b'/' | b'\\') => return Err(PathRefused::Ambiguous("an encoded slash")),
            Some(b'%') => return Err(PathRefused::Ambiguous("an encoded `%`")),
            Some(b'@') => return Err(PathRefused::Ambiguous("`@`")),
            Some(0..=0x1f | 0x7f) => return Err(PathRefused::Ambiguous("a control character")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// `.` and `..`; also with a parameter, for servers that cut it off (`..;x`).
fn is_dots(segment: &str) -> bool {
    let (mut rest, mut dots) = (segment, 0);
    while let Some(after) = strip_any(rest, &[".", "%2e", "%2E"]) {
        rest = after;
        dots += 1;
    }
    let ends = rest.is_empty() || strip_any(rest, &[";", "%3b", "%3B"]).is_some();
    ends && (dots == 1 || dots == 2)
}

fn strip_any<'a>(text: &'a str, spellings: &[&str]) -> Option<&'a str> {
    spellings
        .iter()
        .find_map(|spelling| text.strip_prefix(spelling))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_api_paths_pass() {
        for path in [
            "/v1/chat/completions",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            "/v1/files/file-abc.def/content",
            "/openai/v1/models",
            "/v1/models/meta%20llama",
            "/v1/audio/caf%C3%A9",
            "/fal-ai/flux/dev",
            "/v1/...",
            "/v1/.well-known",
            "/v1/a..b",
            "/v1/",
            "/",
            "/v1/it's(1)*$!,=&~",
        ] {
            assert_eq!(check(path, false), Ok(()), "{path}");
        }
    }

    #[test]
    fn dot_segments_are_refused_in_every_spelling() {
        for path in [
            "/v1/..",
            "/v1/.",
            "/../v1",
            "/v1/../admin",
            "/v1/./x",
            "/v1/%2e%2e/x",
            "/v1/%2E%2e",
            "/v1/.%2e/x",
            "/v1/%2e./x",
            "/v1/%2e",
            "/v1/..;/x",
            "/v1/..;a=b/x",
            "/v1/.;/x",
            "/v1/%2e%2e;x/y",
            "/v1/..%3b/x",
            "/v1/%2e%2e%3Bx/y",
        ] {
            assert_eq!(check(path, false), Err(PathRefused::DotSegment), "{path}");
        }
    }

    #[test]
    fn what_servers_read_in_different_ways_is_refused() {
        for path in [
            "//v1",
            "/v1//models",
            "/v1/models//",
            "/v1\\models",
            "/v1/..\\x",
            "/v1%2fmodels",
            "/v1%2Fmodels",
            "/v1%5cmodels",
            "/v1%5C..",
            "/v1/%252e%252e/x",
            "/v1/%25",
            "/v1/@evil",
            "/@evil.example/",
            "/v1/%40evil",
            "/v1/%00",
            "/v1/%0d%0aHost:x",
            "/v1/%1f",
            "/v1/%7f",
            "/v1/a b",
            "/v1/a\tb",
            "/v1/caf\u{e9}",
            "/v1/%",
            "/v1/%2",
            "/v1/%zz",
            "/v1/%+1",
            "/v1/%u002e",
        ] {
            assert!(
                matches!(check(path, false), Err(PathRefused::Ambiguous(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn encoded_slashes_are_allowed_where_ids_hold_them_and_hide_nothing() {
        for path in [
            "/v1/models/meta%2Fllama",
            "/v1/models/a%2fb%2Fc",
            "/v1/models",
        ] {
            assert_eq!(check(path, true), Ok(()), "{path}");
        }
        for path in [
            "/v1/models/..%2F..%2Fkeys",
            "/v1/models/%2e%2e%2Fkeys",
            "/v1/models/a%2F..%2Fb",
            "/v1/models/a%2F.",
            "/v1/models/%2F",
            "/v1/models/a%2F%2Fb",
            "/v1/models/a/%2Fb",
            "/v1/models/a%252Fb",
            "/v1/models/a%5Cb",
            "/v1/models/a%2",
            "%2Fv1/models//x",
        ] {
            assert!(check(path, true).is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_starts_with_a_slash() {
        for path in ["", "v1", "@evil.example/v1", ".evil.example/v1", ":8080/v1"] {
            assert!(check(path, false).is_err(), "{path}");
        }
    }
}
