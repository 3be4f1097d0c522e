//! Which answers are searched for the key, and how far.

use super::media::is_json;
use super::scrub::Scrub;

/// So much of a body is searched for the key; of an error, no more than this is passed on.
pub const SEARCHED: usize = 64 * 1024;

/// In place of an error that came compressed: JSON.
pub const COMPRESSED: &str = r#"{"error":{"message":"The provider's error came compressed, against what was asked for, and was left out because it could not be searched for the key.","type":"upstream_error","code":null}}"#;

/// What happens to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It passes as it comes: streams, sound, images.
    Pass,
    /// Its beginning is searched: JSON.
    Search,
    /// Its beginning is searched, and the rest is cut off: errors.
    SearchError,
    /// [`COMPRESSED`] stands in its place.
    LeaveOut,
}

impl Treatment {
    /// By the answer's status and the values of two of its headers.
    ///
    /// ```
    /// use keyseal::transit::Treatment;
    ///
    /// let json = Some(&b"application/json"[..]);
    /// assert_eq!(Treatment::of(200, json, None), Treatment::Search);
    /// assert_eq!(Treatment::of(401, json, None), Treatment::SearchError);
    /// assert_eq!(Treatment::of(200, Some(b"text/event-stream"), None), Treatment::Pass);
    /// ```
    #[must_use]
    pub fn of(status: u16, content_type: Option<&[u8]>, content_encoding: Option<&[u8]>) -> Self {
        let is_error = !(200..300).contains(&status) && status != 304;
        let compressed = content_encoding.is_some_and(|encoding| encoding != b"identity");
        match (is_error, compressed) {
            (true, true) => Self::LeaveOut,
            (true, false) => Self::SearchError,
            (false, _) if content_type.is_some_and(is_json) => Self::Search,
            (false, _) => Self::Pass,
        }
    }
}

/// A body that is being searched.
pub struct Search {
    scrub: Scrub,
    left: usize,
    is_error: bool,
}

/// What becomes of the bytes that come after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// They are searched too.
    Search,
    /// They pass.
    Pass,
    /// They are cut off.
    Cut,
}

impl Search {
    /// Looks for what `scrub` looks for; `is_error` for [`Treatment::SearchError`].
    ///
    /// ```
    /// use keyseal::transit::{Next, Scrub, Search};
    ///
    /// let mut search = Search::new(Scrub::new("sk-0123456789"), true);
    /// let (instead, next) = search.take(b"no: sk-0123456789.");
    /// assert_eq!(instead.as_deref(), Some(&b"no: *************."[..]));
    /// assert_eq!(next, Next::Search);
    /// ```
    #[must_use]
    pub fn new(scrub: Scrub, is_error: bool) -> Self {
        Self {
            scrub,
            left: SEARCHED,
            is_error,
        }
    }

    /// What may go on instead of a chunk (`None`: it goes on as it is), and whether anything of the
    /// body may follow it unsearched.
    pub fn take(&mut self, chunk: &[u8]) -> (Option<Vec<u8>>, Next) {
        if chunk.len() <= self.left {
            self.left -= chunk.len();
            return (self.scrub.push(chunk), Next::Search);
        }
        let (searched, unsearched) = chunk.split_at(self.left);
        self.left = 0;
        let mut out = self.scrub.push(searched).unwrap_or_else(|| searched.into());
        out.extend_from_slice(&self.scrub.finish());
        if self.is_error {
            return (Some(out), Next::Cut);
        }
        out.extend_from_slice(unsearched);
        (Some(out), Next::Pass)
    }

    /// What was held back until the body's end.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        self.scrub.finish()
    }

    /// Whether all that was taken has gone on.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.scrub.holds_nothing()
    }
}
