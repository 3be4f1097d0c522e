//! How a relay ends, and what the caller is told.

use crate::http::Code;
use crate::outgoing::SendError;

/// How a relay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The provider closed, and all it sent was passed on.
    Provider,
    /// The caller closed, or is gone.
    Caller,
    /// What came is not what is relayed.
    Refused,
    /// The token ended.
    Token,
    /// The host has no address that is connected to.
    Host,
    /// Nothing passed for too long.
    Idle,
    /// It was open for as long as one may be.
    Time,
    /// No connection to the provider, or it broke.
    Unreachable,
    /// No connection to the provider in time.
    Timeout,
    /// The companion is going down.
    Stopping,
}

impl End {
    /// A word for notes and metrics; for what the caller is told, its code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "closed by the provider",
            Self::Caller => "closed by the caller",
            _ => self.frame().map_or("", |(_, reason)| reason),
        }
    }

    /// The same in one word, as a label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Caller => "caller",
            _ => self.as_str(),
        }
    }

    /// What stands in the WebSocket's close frame; nothing where nobody is there to read it. Its
    /// reason is the code that any other call would be answered with.
    pub fn frame(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::Provider => (1000, ""),
            Self::Caller => return None,
            Self::Refused => (4400, Code::RelayRefused.as_str()),
            Self::Token => (4401, Code::Unauthorized.as_str()),
            Self::Host => (4403, Code::HostRefused.as_str()),
            Self::Idle => (4408, "relay_idle"),
            Self::Time => (4409, "relay_time_over"),
            Self::Unreachable => (4502, Code::UpstreamUnreachable.as_str()),
            Self::Stopping => (4503, Code::Unavailable.as_str()),
            Self::Timeout => (4504, Code::UpstreamTimeout.as_str()),
        })
    }

    /// If nothing passed: why no connection came about.
    pub fn never_began(self) -> Option<Code> {
        match self {
            Self::Host => Some(Code::HostRefused),
            Self::Unreachable => Some(Code::UpstreamUnreachable),
            Self::Timeout => Some(Code::UpstreamTimeout),
            _ => None,
        }
    }
}

impl From<SendError> for End {
    fn from(error: SendError) -> Self {
        match error.into() {
            Code::HostRefused => Self::Host,
            Code::UpstreamTimeout => Self::Timeout,
            _ => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Problem;

    /// A relay tells by a number what forward tells in words: the page has to say the same ones.
    #[test]
    fn a_failure_has_the_code_and_the_sentence_that_forward_gives_it() {
        let page = include_str!("../../../pkg/src/relay/failures.ts");
        for (error, number) in [
            (SendError::AddressRefused, 4403),
            (SendError::Unreachable, 4502),
            (SendError::ConnectTimeout, 4504),
        ] {
            let problem = Problem::from(error);
            let code = problem.code.as_str();
            assert_eq!(End::from(error).frame(), Some((number, code)));
            let said = format!("{number}: [\"{code}\", \"{}\"]", problem.detail);
            assert!(page.contains(&said), "{said}");
        }
    }
}
