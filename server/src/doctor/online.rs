//! What can be said only by asking: the configured origins of providers, and `public_url` from here.

use keyseal::catalogue;
use serde_json::Value;
use url::Url;

use super::{Report, keys::Ring};
use crate::{
    config::Config,
    outgoing::{Document, DocumentError},
};

const ABOUT: &str = "online";
const MOST_BYTES: usize = 256 * 1024;

pub async fn examine(report: &mut Report, config: &Config, ring: &Ring) {
    for (id, provider) in &config.providers {
        let known = catalogue::find(id).map(|known| known.wire.origin);
        let url = provider
            .origin
            .clone()
            .or(known.and_then(|origin| Url::parse(origin).ok()));
        let Some(url) = url else { continue };
        let ca_file = provider.ca_file.as_deref();
        let host = url.host_str().unwrap_or_default().to_owned();
        // No key goes there: any answer at all says that name, address and certificate are good.
        match ask(&url, provider.allow_private, ca_file, config).await {
            Ok(_) => report.ok(ABOUT, format!("`{id}` is reached at {host}.")),
            Err(reason) => report.problem(
                ABOUT,
                format!("`{id}` is not reached at {host}: {reason}."),
                format!("See `providers.{id}`, the name's address and its certificate."),
            ),
        }
    }
    public(report, config, ring).await;
}

async fn ask(
    url: &Url,
    private: bool,
    ca_file: Option<&std::path::Path>,
    config: &Config,
) -> Result<Option<Vec<u8>>, String> {
    let document = Document::new(url, private, ca_file, &config.upstream, MOST_BYTES)?;
    match document.get().await {
        Ok(text) => Ok(Some(text)),
        Err(DocumentError::Status(_) | DocumentError::Body(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether `public_url` leads to a companion with this ring.
async fn public(report: &mut Report, config: &Config, ring: &Ring) {
    let url = config.public_url();
    if config.listen.port() == 0 && url.ends_with(":0") {
        return;
    }
    let Ok(jwks) = Url::parse(&format!("{url}/.well-known/jwks.json")) else {
        return;
    };
    let answer = match ask(&jwks, true, None, config).await {
        Ok(answer) => answer,
        Err(reason) => {
            return report.warning(
                ABOUT,
                format!("{url} does not answer from here: {reason}."),
                "Start the companion, or see to what stands in front of it.",
            );
        }
    };
    let document: Option<Value> = answer.and_then(|text| serde_json::from_slice(&text).ok());
    let kid = document
        .as_ref()
        .and_then(|jwks| jwks["keys"][0]["kid"].as_str());
    match (kid, ring) {
        (None, _) => report.problem(
            ABOUT,
            format!("{url} is answered by something that is no companion."),
            "See to what stands in front of it.",
        ),
        (Some(kid), Ring::Read(ring)) if kid == ring.current_kid() => {
            report.ok(
                ABOUT,
                format!("{url} is answered by a companion with this key ring."),
            );
        }
        (Some(_), _) => report.problem(
            ABOUT,
            format!("{url} is answered by a companion with another key ring."),
            "See to `keys_dir` here and there: replicas share one.",
        ),
    }
}
