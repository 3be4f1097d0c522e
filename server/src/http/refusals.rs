//! What went wrong further in, as the caller is told.

use keyseal::transit::PathRefused;

use super::{Code, Problem};
use crate::choose::{BadWish, Nothing};
use crate::outgoing::{HostRefused, SendError};
use crate::unwrap::envelope::EnvelopeError;
use crate::unwrap::opened::CannotOpen;

const ENTER_AGAIN: &str = "Enter the key again.";

/// A sentence of its own: the errors further in begin in the middle of one.
fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

impl From<PathRefused> for Problem {
    fn from(refused: PathRefused) -> Self {
        Self::new(Code::PathRefused, sentence(&refused))
            .next("The catalogue lists which of a provider's paths are forwarded.")
    }
}

impl From<HostRefused> for Problem {
    fn from(refused: HostRefused) -> Self {
        let next = match refused {
            HostRefused::NotAllowed => "The operator allows hosts by `custom_hosts`.",
            HostRefused::Missing => "Enter the key again, with your host.",
            HostRefused::NoTls => "Keys go there by the companion alone, or not at all.",
        };
        Self::new(Code::HostRefused, sentence(&refused)).next(next)
    }
}

impl From<BadWish> for Problem {
    fn from(bad: BadWish) -> Self {
        Self::validation(sentence(&bad))
    }
}

impl From<Nothing> for Problem {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NamedNotUsable => Self::new(
                Code::NoCredential,
                "The entry that was asked for is not here, or is switched off, expired or for another provider.",
            )
            .next("Switch it on, choose another, or send its envelope if it is kept in the browser."),
            Nothing::NoEntry => {
                Self::new(Code::NoCredential, "You have no active key for this provider.")
                    .next("Add one, or switch one on.")
            }
            Nothing::NeedsReentry => {
                Self::new(Code::NeedsReentry, "The companion can no longer open this key.")
                    .next(ENTER_AGAIN)
            }
        }
    }
}

impl From<CannotOpen> for Problem {
    fn from(error: CannotOpen) -> Self {
        match error {
            CannotOpen::Lost | CannotOpen::Moved => Nothing::NeedsReentry.into(),
            CannotOpen::Ending => ending(),
        }
    }
}

impl From<EnvelopeError> for Problem {
    fn from(error: EnvelopeError) -> Self {
        let detail = sentence(&error);
        match error {
            EnvelopeError::Malformed(_) => Self::new(Code::EnvelopeMalformed, detail),
            EnvelopeError::UnknownKid => Self::new(Code::UnknownKid, detail)
                .next("Fetch /.well-known/keyseal again and start a new session."),
            EnvelopeError::Refused => Self::new(Code::EnvelopeRefused, detail),
            EnvelopeError::Expired(_) => Self::new(Code::EnvelopeExpired, detail)
                .next("Make a new one, by the companion's clock."),
            EnvelopeError::Mismatch(_) => Self::new(Code::EnvelopeMismatch, detail),
            EnvelopeError::Replayed => {
                Self::new(Code::Replayed, detail).next("Make a new one for every request.")
            }
            EnvelopeError::TooMany(problem) => *problem,
            EnvelopeError::Store(error) => error.into(),
            EnvelopeError::Ending => ending(),
        }
    }
}

fn ending() -> Problem {
    Problem::new(Code::Unavailable, "The companion is going down.").retry_after(1)
}

/// What a request to a provider ends in, whether it was forwarded or relayed.
impl From<SendError> for Code {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unsendable | SendError::CallerBroke | SendError::CallerSlow => {
                Self::Validation
            }
            SendError::AddressRefused => Self::HostRefused,
            SendError::Unreachable | SendError::Certificate | SendError::Broken => {
                Self::UpstreamUnreachable
            }
            SendError::ConnectTimeout | SendError::FirstByteTimeout => Self::UpstreamTimeout,
            SendError::Redirect => Self::UpstreamRedirect,
            SendError::TooLarge => Self::TooLarge,
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::CallerSlow => Self::too_slow(),
            _ => Self::new(error.into(), sentence(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_whole_sentences() {
        let problem = Problem::from(SendError::FirstByteTimeout);
        assert_eq!(
            problem.detail,
            "The provider did not begin to answer in time."
        );
    }
}
