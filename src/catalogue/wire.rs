//! What only the companion needs of a provider.

/// Hosts, paths and test calls of one provider.
#[derive(Debug)]
pub struct Wire {
    /// `https://api.openai.com`, without a path. Empty where the host is sealed into the key
    /// (`custom_host`), and for `demo`, whose port the companion chooses.
    pub origin: &'static str,
    /// Other hosts of the same provider.
    pub hosts: &'static [Host],
    /// Where the key goes.
    pub auth: Auth,
    /// Where it goes instead, below these paths.
    pub auth_elsewhere: &'static [(&'static str, Auth)],
    /// Headers that the provider requires, lower case; set only when the caller did not.
    pub extra_headers: &'static [(&'static str, &'static str)],
    /// The cheapest call that tells a good key from a bad one.
    pub test: Option<TestCall>,
    /// Below which paths requests are forwarded; see [`Wire::allows`].
    pub path_prefixes: &'static [&'static str],
    /// POST routes that keep nothing at the provider; see [`Wire::is_stateless`].
    pub stateless: &'static [&'static str],
    /// The OpenAI-compatible chat route: the full path below the origin.
    pub chat_path: Option<&'static str>,
    /// A cheap model for `auto`.
    pub default_model: Option<&'static str>,
    /// What a 403 of this provider means.
    pub forbidden: Forbidden,
    /// Answers that mean: the key is bad, whatever their status.
    pub bad_if: &'static [Answer],
    /// Answers that mean: the key is good, but lacks a permission, quota or money.
    pub limited_if: &'static [Answer],
    /// Answers that mean, whatever their status: the key is good, and was used too often for now.
    pub rest_if: &'static [Answer],
    /// Below these paths ids hold slashes, which SDKs write as `%2F`.
    pub encoded_slash_below: &'static [&'static str],
}

/// Another host of the same provider, which takes the same keys.
#[derive(Debug)]
pub struct Host {
    /// What stands behind the provider's id in a forward path: `queue` in `/forward/fal:queue/…`.
    /// `None` for one that is called for the test alone.
    pub name: Option<&'static str>,
    /// As [`Wire::origin`].
    pub origin: &'static str,
    /// Its own paths; none if it is a region, which has those of the provider.
    pub path_prefixes: &'static [&'static str],
}

impl Host {
    /// Whether it does what the provider's first host does, for other keys: another region.
    ///
    /// ```
    /// let bfl = keyseal::catalogue::find("bfl").expect("a provider");
    /// assert!(bfl.wire.hosts.iter().all(|host| host.is_region()));
    /// ```
    #[must_use]
    pub fn is_region(&self) -> bool {
        self.name.is_some() && self.path_prefixes.is_empty()
    }

    /// Whether requests to this path are forwarded there; see [`Wire::allows`].
    ///
    /// ```
    /// let fal = keyseal::catalogue::find("fal").expect("a provider");
    /// let queue = fal.wire.hosts.iter().find(|host| host.name == Some("queue"));
    /// assert!(queue.is_some_and(|queue| queue.allows("/fal-ai/flux/dev")));
    /// ```
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        self.path_prefixes
            .iter()
            .any(|prefix| is_below(path, prefix))
    }
}

/// The form of a credential header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auth {
    /// Lower case.
    pub header: &'static str,
    /// `"Bearer "`, `"Key "`, `"Token "`, or nothing: what stands before the key.
    pub scheme: &'static str,
}

/// What a provider's 403 means, and so whether another key may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// Not known: read the error's type or code.
    Unknown,
    /// It concerns the key: permission, billing, region.
    Key,
    /// It refuses the content; another key would be refused too.
    Content,
    /// Bot protection may answer it (an HTML page): it says nothing about the key.
    Bot,
}

/// An answer known by its status and a text in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// A text that the body holds.
    pub contains: &'static str,
}

impl Answer {
    /// Whether an answer is this one. Spaces do not count: JSON is written with and without.
    ///
    /// ```
    /// use keyseal::catalogue::Answer;
    ///
    /// let answer = Answer { status: 400, contains: "API key not valid" };
    /// assert!(answer.is(400, "{ \"message\": \"API key not valid.\" }"));
    /// assert!(!answer.is(401, "API key not valid"));
    /// ```
    #[must_use]
    pub fn is(&self, status: u16, body: &str) -> bool {
        self.status == status && contains_but_spaces(body, self.contains)
    }
}

/// What an answer says about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Valid,
    /// It is good, but lacks a permission, quota or money.
    Limited,
    /// It is bad.
    Invalid,
    /// Nothing.
    Unknown,
}

/// A call that tests a key; [`Wire::judge`] reads the answer.
#[derive(Debug)]
pub struct TestCall {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where another host than [`Wire::origin`] answers; it is among [`Wire::hosts`].
    pub origin: Option<&'static str>,
    /// Path and query.
    pub path: &'static str,
    /// The body of a POST.
    pub body: Option<&'static str>,
    /// Its content type.
    pub content_type: Option<&'static str>,
    /// Statuses besides 2xx that only a good key gets.
    pub accepted: &'static [u16],
    /// Statuses besides 402, 403 and 429 that mean: a good key, but limited.
    pub limited: &'static [u16],
    /// Statuses besides 401 that mean: a bad key.
    pub invalid: &'static [u16],
    /// A 2xx counts only if its body holds this text (errors that arrive as 200).
    pub ok_only_if: Option<&'static str>,
    /// What to tell the person when the key is refused.
    pub advice: Option<&'static str>,
}

impl Wire {
    /// The credential header for a request to this path.
    ///
    /// ```
    /// let openai = keyseal::catalogue::find("openai").expect("a provider");
    /// let auth = openai.wire.auth_for("/v1/models");
    /// assert_eq!((auth.header, auth.scheme), ("authorization", "Bearer "));
    /// ```
    #[must_use]
    pub fn auth_for(&self, path: &str) -> Auth {
        let other = self
            .auth_elsewhere
            .iter()
            .find(|(prefix, _)| is_below(path, prefix));
        other.map_or(self.auth, |(_, auth)| *auth)
    }

    /// What an answer says about the key, where its status alone would mislead. For any request.
    ///
    /// ```
    /// let openai = keyseal::catalogue::find("openai").expect("a provider");
    /// assert_eq!(openai.wire.known_answer(200, "{}"), None); // the status says it all
    /// ```
    #[must_use]
    pub fn known_answer(&self, status: u16, body: &str) -> Option<Verdict> {
        let any = |answers: &[Answer]| answers.iter().any(|answer| answer.is(status, body));
        if any(self.bad_if) {
            Some(Verdict::Invalid)
        } else if any(self.limited_if) || self.asks_to_rest(status, body) {
            Some(Verdict::Limited)
        } else {
            None
        }
    }

    /// Whether an answer is one of [`Wire::rest_if`].
    ///
    /// ```
    /// let minimax = keyseal::catalogue::find("minimax").expect("a provider");
    /// assert!(minimax.wire.asks_to_rest(200, r#"{"base_resp":{"status_code":1002}}"#));
    /// ```
    #[must_use]
    pub fn asks_to_rest(&self, status: u16, body: &str) -> bool {
        self.rest_if.iter().any(|answer| answer.is(status, body))
    }

    /// Whether some answers of this status are known by their bodies.
    ///
    /// ```
    /// let find = |id| keyseal::catalogue::find(id).expect("a provider");
    /// assert!(find("minimax").wire.knows_bodies_of(200));
    /// assert!(!find("openai").wire.knows_bodies_of(200));
    /// ```
    #[must_use]
    pub fn knows_bodies_of(&self, status: u16) -> bool {
        let lists = [self.bad_if, self.limited_if, self.rest_if];
        lists
            .into_iter()
            .flatten()
            .any(|known| known.status == status)
    }

    /// What the answer to the test call says about the key.
    ///
    /// An HTML page is no answer of an API: bot protection, a captive portal, an error of a proxy.
    ///
    /// ```
    /// use keyseal::catalogue::{Verdict, find};
    ///
    /// let openai = find("openai").expect("a provider");
    /// assert_eq!(openai.wire.judge(200, false, "{}"), Verdict::Valid);
    /// assert_eq!(openai.wire.judge(401, false, "{}"), Verdict::Invalid);
    /// assert_eq!(openai.wire.judge(200, true, "<html>"), Verdict::Unknown);
    /// ```
    #[must_use]
    pub fn judge(&self, status: u16, is_html: bool, body: &str) -> Verdict {
        let Some(test) = self.test.as_ref().filter(|_| !is_html) else {
            return Verdict::Unknown;
        };
        if let Some(verdict) = self.known_answer(status, body) {
            return verdict;
        }
        match status {
            200..=299
                if test
                    .ok_only_if
                    .is_none_or(|text| contains_but_spaces(body, text)) =>
            {
                Verdict::Valid
            }
            _ if test.accepted.contains(&status) => Verdict::Valid,
            _ if test.invalid.contains(&status) => Verdict::Invalid,
            _ if test.limited.contains(&status) => Verdict::Limited,
            401 => Verdict::Invalid,
            402 | 403 | 429 => Verdict::Limited,
            _ => Verdict::Unknown,
        }
    }

    /// Whether requests to this path (no query, already checked for dot segments) are forwarded.
    ///
    /// ```
    /// let openai = keyseal::catalogue::find("openai").expect("a provider");
    /// assert!(openai.wire.allows("/v1/chat/completions"));
    /// assert!(!openai.wire.allows("/v1/organization/admin_api_keys"));
    /// ```
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        self.path_prefixes
            .iter()
            .any(|prefix| is_below(path, prefix))
    }

    /// The OpenAI-compatible route for embeddings: beside the one for chat, or below the base path,
    /// where such a route is known.
    ///
    /// ```
    /// let cohere = keyseal::catalogue::find("cohere").expect("a provider");
    /// let path = cohere.wire.embeddings_path(cohere.base_path);
    /// assert_eq!(path, Some("/compatibility/v1/embeddings"));
    /// ```
    #[must_use]
    pub fn embeddings_path(&self, base_path: &str) -> Option<&'static str> {
        let beside = self
            .chat_path
            .and_then(|path| path.strip_suffix("/chat/completions"));
        beside
            .and_then(|beside| self.embeddings_below(beside))
            .or_else(|| self.embeddings_below(base_path))
    }

    fn embeddings_below(&self, base: &str) -> Option<&'static str> {
        let is_it = |path: &&str| path.strip_suffix("/embeddings") == Some(base);
        self.stateless.iter().copied().find(is_it)
    }

    /// The OpenAI-compatible list of models, beside the route for chat, where it is forwarded.
    ///
    /// ```
    /// let groq = keyseal::catalogue::find("groq").expect("a provider");
    /// assert_eq!(groq.wire.models_path().as_deref(), Some("/openai/v1/models"));
    /// ```
    #[must_use]
    pub fn models_path(&self) -> Option<String> {
        let beside = self.chat_path?.strip_suffix("/chat/completions")?;
        let path = format!("{beside}/models");
        self.allows(&path).then_some(path)
    }

    /// Whether an encoded slash in this path is part of an id.
    ///
    /// ```
    /// let groq = keyseal::catalogue::find("groq").expect("a provider");
    /// assert!(groq.wire.takes_encoded_slashes("/openai/v1/models/meta-llama%2Fllama-4-scout"));
    /// assert!(!groq.wire.takes_encoded_slashes("/openai/v1/chat%2Fcompletions"));
    /// ```
    #[must_use]
    pub fn takes_encoded_slashes(&self, path: &str) -> bool {
        let mut below = self.encoded_slash_below.iter();
        below.any(|prefix| is_below(path, prefix))
    }

    /// Whether a POST to this path keeps nothing at the provider, so that a platform key may serve it.
    ///
    /// ```
    /// let openai = keyseal::catalogue::find("openai").expect("a provider");
    /// assert!(openai.wire.is_stateless("/v1/chat/completions"));
    /// assert!(!openai.wire.is_stateless("/v1/files"));
    /// ```
    #[must_use]
    pub fn is_stateless(&self, path: &str) -> bool {
        self.stateless.iter().any(|pattern| matches(path, pattern))
    }
}

/// Whole segments only: `/v1/files` holds `/v1/files/7`, not `/v1/filesystem`.
fn is_below(path: &str, prefix: &str) -> bool {
    prefix == "/" || starts_with(path, prefix).is_some()
}

fn matches(path: &str, pattern: &str) -> bool {
    starts_with(path, pattern) == Some(Whole(true))
}

/// Whether nothing follows.
#[derive(PartialEq)]
struct Whole(bool);

/// Whether the path begins with the segments of the pattern. A `*` in the pattern stands for one or
/// more characters of one segment.
fn starts_with(path: &str, pattern: &str) -> Option<Whole> {
    if !pattern.contains('*') {
        let rest = path.strip_prefix(pattern)?;
        return (rest.is_empty() || rest.starts_with('/')).then_some(Whole(rest.is_empty()));
    }
    let mut segments = path.split('/');
    let fits = |expected| {
        segments
            .next()
            .is_some_and(|segment| segment_matches(segment, expected))
    };
    let begins = pattern.split('/').all(fits);
    begins.then(|| Whole(segments.next().is_none()))
}

fn segment_matches(segment: &str, expected: &str) -> bool {
    let Some((before, after)) = expected.split_once('*') else {
        return segment == expected;
    };
    segment.len() > before.len() + after.len()
        && segment.starts_with(before)
        && segment.ends_with(after)
}

fn contains_but_spaces(body: &str, text: &str) -> bool {
    let packed = |text: &str| text.split_ascii_whitespace().collect::<String>();
    packed(body).contains(&packed(text))
}
