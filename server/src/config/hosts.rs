//! Hosts that a user may seal into a key, and the operator's patterns for them.

use std::fmt;

/// A `host` or `host:port` out of a sealed key: lower-case ASCII names only, never an IP literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SealedHost {
    name: String,
    port: u16,
}

impl SealedHost {
    /// Reads one; `None` for anything that is not a plain name.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = split(text)?;
        let labels: Vec<&str> = name.split('.').collect();
        let named = labels.len() >= 2 && labels.iter().all(|label| is_label(label));
        (named && !is_ip_like(&labels)).then(|| Self {
            name: name.to_owned(),
            port,
        })
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, 443 unless named.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// As sealed: the port only where it is not 443.
impl fmt::Display for SealedHost {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => to.write_str(&self.name),
            port => write!(to, "{}:{port}", self.name),
        }
    }
}

/// `*.openai.azure.com`: `*` is exactly one label; port 443 unless named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    labels: Vec<String>,
    port: u16,
}

impl HostPattern {
    /// Reads one; `None` for what could match an address or any name at all.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = split(text)?;
        let labels: Vec<&str> = name.split('.').collect();
        let well_formed = labels.iter().all(|label| *label == "*" || is_label(label));
        // At least two fixed labels at the end: `*.com` would hand keys to anyone.
        let fixed_end = labels.len() >= 2 && labels.iter().rev().take(2).all(|label| *label != "*");
        if !well_formed || !fixed_end || is_ip_like(&labels) {
            return None;
        }
        Some(Self {
            labels: labels.into_iter().map(str::to_owned).collect(),
            port,
        })
    }

    /// Whether the host fits.
    pub fn matches(&self, host: &SealedHost) -> bool {
        let labels: Vec<&str> = host.name.split('.').collect();
        self.port == host.port
            && labels.len() == self.labels.len()
            && self
                .labels
                .iter()
                .zip(labels)
                .all(|(own, label)| own == "*" || own == label)
    }
}

/// As written.
impl fmt::Display for HostPattern {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.labels.join("."))?;
        if self.port == 443 {
            Ok(())
        } else {
            write!(to, ":{}", self.port)
        }
    }
}

/// Name and port of a `host` or `host:port`; 443 unless named.
pub(crate) fn split(text: &str) -> Option<(&str, u16)> {
    if text.len() > 253 {
        return None;
    }
    match text.split_once(':') {
        None => Some((text, 443)),
        Some((name, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let canonical = digits && !port.starts_with('0');
            canonical
                .then(|| port.parse().ok())
                .flatten()
                .map(|port| (name, port))
        }
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Resolvers read `127.1`, `0x7f.1` and `2130706433` as addresses: a last label must not be a number.
fn is_ip_like(labels: &[&str]) -> bool {
    labels
        .last()
        .is_none_or(|last| last.bytes().next().is_none_or(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> SealedHost {
        SealedHost::parse(text).expect(text)
    }

    #[test]
    fn a_star_is_one_label() {
        let pattern = HostPattern::parse("*.openai.azure.com").unwrap();
        assert!(pattern.matches(&host("my.openai.azure.com")));
        assert!(!pattern.matches(&host("a.b.openai.azure.com")));
        assert!(!pattern.matches(&host("openai.azure.com")));
        assert!(!pattern.matches(&host("my.openai.azure.com.evil.com")));
        assert!(!pattern.matches(&host("my.openai.azure.com:8443")));
    }

    #[test]
    fn a_port_must_be_named_on_both_sides() {
        let pattern = HostPattern::parse("llm.example.com:8443").unwrap();
        assert!(pattern.matches(&host("llm.example.com:8443")));
        assert!(!pattern.matches(&host("llm.example.com")));
    }

    #[test]
    fn addresses_in_any_spelling_are_no_hosts() {
        for text in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "[::1]",
            "::1",
            "a.1",
            "localhost",
            "ex ample.com",
            "exämple.com",
            "UPPER.example.com",
            "a..b",
            ".a.b",
            "a.b.",
            "a.b:",
            "a.b:0",
            "a.b:99999",
            "a.b:080",
            "user@a.b",
            "a.b/c",
            "-a.b",
            "",
        ] {
            assert_eq!(SealedHost::parse(text), None, "{text}");
        }
    }

    #[test]
    fn patterns_wide_enough_for_anyone_are_refused() {
        for text in [
            "*",
            "*.com",
            "*.*.com",
            "a.*",
            "*:443",
            "10.0.0.*",
            "a*.example.com",
        ] {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }
}
