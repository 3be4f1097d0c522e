//! What the request itself says about the credential: `Keyseal-Entry` and `Keyseal-Fallback`.

use http::HeaderMap;

/// What may follow the first credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing.
    None,
    /// The user's other entries.
    Keys,
    /// Also the operator's own key, where the user's settings allow it.
    Platform,
}

/// The request's wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// `Keyseal-Entry`: this entry.
    pub entry: Option<String>,
    /// `Keyseal-Fallback`.
    pub fallback: Option<Fallback>,
}

/// A wish that is not understood; acting on a guess could spend somebody's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWish {
    /// `Keyseal-Entry`
    #[error("Keyseal-Entry must hold the id of one entry")]
    Entry,
    /// `Keyseal-Fallback`
    #[error("Keyseal-Fallback must be none, keys or platform")]
    Fallback,
}

impl Wish {
    /// Reads the headers.
    pub fn read(headers: &HeaderMap) -> Result<Self, BadWish> {
        let entry = only(headers, "keyseal-entry").map_err(|()| BadWish::Entry)?;
        let fallback = only(headers, "keyseal-fallback").map_err(|()| BadWish::Fallback)?;
        Ok(Self {
            entry: entry.map(str::to_owned),
            fallback: match fallback {
                None => None,
                Some("none") => Some(Fallback::None),
                Some("keys") => Some(Fallback::Keys),
                Some("platform") => Some(Fallback::Platform),
                Some(_) => return Err(BadWish::Fallback),
            },
        })
    }
}

/// The header's value, if it is there; once only, and not empty.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str().map(str::trim) {
            Ok(text) if !text.is_empty() => Ok(Some(text)),
            _ => Err(()),
        },
        (Some(_), Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Wish, BadWish> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        Wish::read(&headers)
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(read(&[]), Ok(Wish::default()));
        let both = read(&[("keyseal-entry", " e-1 "), ("keyseal-fallback", "platform")]);
        let expected = Wish {
            entry: Some("e-1".into()),
            fallback: Some(Fallback::Platform),
        };
        assert_eq!(both, Ok(expected));
    }

    #[test]
    fn what_is_not_understood_is_refused_rather_than_guessed() {
        assert_eq!(read(&[("keyseal-fallback", "all")]), Err(BadWish::Fallback));
        assert_eq!(
            read(&[("keyseal-fallback", "keys"), ("keyseal-fallback", "none")]),
            Err(BadWish::Fallback)
        );
        assert_eq!(read(&[("keyseal-entry", "")]), Err(BadWish::Entry));
        assert_eq!(
            read(&[("keyseal-entry", "a"), ("keyseal-entry", "b")]),
            Err(BadWish::Entry)
        );
    }
}
