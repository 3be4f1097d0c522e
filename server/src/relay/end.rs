//! How a relay ends, and what the caller is told.

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

    /// What stands in the WebSocket's close frame; nothing where nobody is there to read it.
    pub fn frame(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::Provider => (1000, ""),
            Self::Caller => return None,
            Self::Refused => (4400, "relay_refused"),
            Self::Token => (4401, "unauthorized"),
            Self::Host => (4403, "host_refused"),
            Self::Idle => (4408, "relay_idle"),
            Self::Time => (4409, "relay_time_over"),
            Self::Unreachable => (4502, "upstream_unreachable"),
            Self::Stopping => (4503, "unavailable"),
            Self::Timeout => (4504, "upstream_timeout"),
        })
    }
}

impl From<SendError> for End {
    fn from(error: SendError) -> Self {
        match error {
            SendError::AddressRefused => Self::Host,
            SendError::ConnectTimeout => Self::Timeout,
            _ => Self::Unreachable,
        }
    }
}
