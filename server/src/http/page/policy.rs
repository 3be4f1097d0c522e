//! How little a browser may do with the page, and with the frame.

use http::{HeaderMap, HeaderValue, header};

use crate::config::Config;

/// Where OpenRouter gives a key to a page; the page knows no other such address.
const SIGN_IN: &str = " https://openrouter.ai/api/v1/auth/keys";

/// The Content-Security-Policy of the page and of the frame.
#[derive(Clone)]
pub struct Policies {
    page: HeaderValue,
    frame: HeaderValue,
}

impl Policies {
    pub fn new(config: &Config) -> Self {
        let held_by = match config.frame_origins.as_slice() {
            [] => "'none'".to_owned(),
            origins => origins.join(" "),
        };
        Self {
            page: policy(config, SIGN_IN, "'none'"),
            frame: policy(config, "", &held_by),
        }
    }

    /// The page is held by no other.
    pub fn page(&self, map: &mut HeaderMap) {
        map.insert(header::CONTENT_SECURITY_POLICY, self.page.clone());
        common(map);
        map.insert(
            "cross-origin-opener-policy",
            HeaderValue::from_static("same-origin"),
        );
    }

    /// The frame is held by the pages that the operator listed. It has no opener policy: its window of
    /// its own must find the frame that opened it.
    pub fn frame(&self, map: &mut HeaderMap) {
        map.insert(header::CONTENT_SECURITY_POLICY, self.frame.clone());
        common(map);
        map.remove(header::X_FRAME_OPTIONS);
    }
}

fn common(map: &mut HeaderMap) {
    map.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
}

/// Only what the page needs: its own files, WebAssembly, the companion it came from, and where a
/// sign-in is exchanged for a key.
fn policy(config: &Config, sign_in: &str, held_by: &str) -> HeaderValue {
    let (origin, _) = config.public_origin();
    let socket = origin.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
         connect-src 'self' {origin} {socket}{sign_in}; worker-src 'self'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {held_by}; \
         require-trusted-types-for 'script'; trusted-types lit-html keyseal"
    );
    // Its parts are all checked; were one not text for a header, nothing at all would be let in.
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).unwrap_or(strictest)
}
