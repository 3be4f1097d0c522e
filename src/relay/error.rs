//! What can go wrong with a relayed request, each with a stable code and what to do next.

use core::fmt;

use crate::transit::PathRefused;
use crate::vault::VaultError;

/// Why a request could not be relayed, or its answer not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayError {
    /// The entry cannot be used.
    Vault(VaultError),
    /// The catalogue has no such provider.
    Provider,
    /// The entry is for another provider or host, or there is none to connect to.
    Host(&'static str),
    /// The path does not go out.
    Path(PathRefused),
    /// The request is not one that can be sent.
    Request(&'static str),
    /// The connection does not take a request now.
    Busy,
    /// More came than was asked for.
    Flooded,
    /// The server's certificate does not vouch for it.
    Certificate(&'static str),
    /// The server ended the handshake, or the connection, with this alert.
    Alert(u8),
    /// TLS failed otherwise.
    Tls,
    /// The answer is not HTTP/1.1 as it should be.
    Answer(&'static str),
    /// The answer ended before its end.
    CutOff,
    /// The provider redirects to another place, where the key would have to go along.
    Redirect,
}

impl RelayError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Vault(error) => error.code(),
            Self::Provider => "provider_unknown",
            Self::Host(_) => "host_refused",
            Self::Path(_) => "path_refused",
            Self::Request(_) => "validation",
            Self::Busy => "relay_busy",
            Self::Flooded => "relay_flooded",
            Self::Certificate(_) => "certificate_refused",
            Self::Alert(_) | Self::Tls => "tls_refused",
            Self::Answer(_) => "answer_malformed",
            Self::CutOff => "answer_cut_off",
            Self::Redirect => "upstream_redirect",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Vault(error) => error.next(),
            Self::Provider => "Choose one of the providers listed.",
            Self::Host(_) => "Enter the key again with the host it is for.",
            Self::Path(_) => "The catalogue lists which of a provider's paths are relayed.",
            Self::Request(_) => "Check the arguments of the call.",
            Self::Busy => "Wait for the answer, or use another connection.",
            Self::Flooded | Self::Tls | Self::Alert(_) => {
                "Try again; if it stays, tell the operator."
            }
            Self::Certificate(_) => {
                "Check this device's clock. If it is right, somebody may be in between: do not go on."
            }
            Self::Answer(_) => "Try again; if it stays, the provider has a fault.",
            Self::CutOff => "Ask again if the request may be made twice.",
            Self::Redirect => "Call the place that the provider names directly, without the key.",
        }
    }
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, what) = match self {
            Self::Vault(error) => return error.fmt(f),
            Self::Path(refused) => {
                f.write_str("This request is not relayed: ")?;
                refused.fmt(f)?;
                ("", ".")
            }
            Self::Alert(number) => {
                f.write_str("The provider's server ended the connection with TLS alert ")?;
                number.fmt(f)?;
                ("", ".")
            }
            Self::Certificate(why) => ("The provider's certificate is refused: ", *why),
            Self::Answer(what) => ("The provider's answer cannot be read: ", *what),
            Self::Host(what) | Self::Request(what) => ("", *what),
            Self::Provider => ("", "This provider is not in the catalogue."),
            Self::Busy => ("", "The connection is busy with another request."),
            Self::Flooded => ("", "More arrived than was asked for."),
            Self::Tls => ("", "The TLS connection to the provider failed."),
            Self::CutOff => ("", "The provider's answer ended before its end."),
            Self::Redirect => ("", "The provider's redirect leads to another place."),
        };
        f.write_str(before)?;
        f.write_str(what)
    }
}

impl core::error::Error for RelayError {}

impl From<VaultError> for RelayError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl From<PathRefused> for RelayError {
    fn from(refused: PathRefused) -> Self {
        Self::Path(refused)
    }
}

/// What rustls says, in words of ours: its own name types, and bring the code to print them all.
impl From<rustls::Error> for RelayError {
    fn from(error: rustls::Error) -> Self {
        use rustls::CertificateError as Refused;
        match error {
            rustls::Error::InvalidCertificate(refused) => Self::Certificate(match refused {
                Refused::NotValidForName | Refused::NotValidForNameContext { .. } => {
                    "it is for another name."
                }
                Refused::Expired | Refused::ExpiredContext { .. } => "it has expired.",
                Refused::NotValidYet | Refused::NotValidYetContext { .. } => "it is not valid yet.",
                Refused::UnknownIssuer => "nobody who is trusted vouches for it.",
                Refused::BadSignature => "its signature is false.",
                Refused::Revoked => "it was revoked.",
                _ => "it is not as it should be.",
            }),
            rustls::Error::AlertReceived(alert) => Self::Alert(alert.into()),
            _ => Self::Tls,
        }
    }
}
