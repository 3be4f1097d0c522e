//! Redirects are never followed: one within the origin goes back as a path of ours, any other is an
//! error, for the key would have to go along.

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};

use super::origin::Origin;

/// The provider wants the caller to go to another place.
#[derive(Debug, thiserror::Error)]
#[error("the provider's redirect leads to another place")]
pub struct Elsewhere;

/// Rewrites `Location` in the answer to `path` (below the origin) of this provider.
pub fn rewrite(
    status: StatusCode,
    headers: &mut HeaderMap,
    origin: &Origin,
    provider: &str,
    path: &str,
) -> Result<(), Elsewhere> {
    let Some(location) = headers.remove(header::LOCATION) else {
        return Ok(());
    };
    let below = location
        .to_str()
        .ok()
        .and_then(|location| origin.locate(path, location));
    let own =
        below.and_then(|below| HeaderValue::try_from(format!("/forward/{provider}{below}")).ok());
    match own {
        Some(own) => {
            headers.insert(header::LOCATION, own);
            Ok(())
        }
        None if status.is_redirection() => Err(Elsewhere),
        // A 201 says where the new thing is; the body says so too.
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(status: u16, location: &str) -> Result<Option<String>, Elsewhere> {
        let origin = Origin::parse("https://api.example.com").expect("an origin");
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().expect("a value"));
        let status = StatusCode::from_u16(status).expect("a status");
        rewrite(status, &mut headers, &origin, "openai", "/v1/files/1")?;
        Ok(headers
            .get(header::LOCATION)
            .map(|value| value.to_str().expect("text").to_owned()))
    }

    #[test]
    fn redirects_within_the_origin_become_forward_paths() {
        let path = rewritten(307, "/v1/files/2?x=1").expect("within");
        assert_eq!(path.as_deref(), Some("/forward/openai/v1/files/2?x=1"));
    }

    #[test]
    fn redirects_elsewhere_are_an_error() {
        for location in [
            "https://evil.example/",
            "http://api.example.com/v1",
            "//cdn.example/x",
        ] {
            for status in [301, 302, 303, 307, 308] {
                assert!(rewritten(status, location).is_err(), "{status} {location}");
            }
        }
    }

    #[test]
    fn other_answers_lose_a_location_that_leads_elsewhere() {
        assert_eq!(
            rewritten(201, "https://evil.example/").expect("no redirect"),
            None
        );
        let kept = rewritten(201, "https://api.example.com/v1/jobs/7").expect("no redirect");
        assert_eq!(kept.as_deref(), Some("/forward/openai/v1/jobs/7"));
    }
}
