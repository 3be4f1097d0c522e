//! A small document that the companion itself reads, under no key: an identity provider's.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use http::header::{self, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use url::Url;

use super::address::Reach;
use super::origin::Origin;
use super::send::{SendError, reason};
use super::upload::Upload;
use super::{Pool, read_roots};
use crate::config::Upstream;

/// Nobody waits longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A document at a fixed URL.
pub struct Document {
    origin: Origin,
    path_and_query: String,
    pool: Pool,
    limit: usize,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// An answer that is no document. Redirects are not followed.
    #[error("the answer's status is {0}")]
    Status(u16),
    /// Too long, or it broke off.
    #[error("the answer broke off, or is longer than {0} bytes")]
    Body(usize),
    /// Too slow.
    #[error("the answer took too long")]
    Timeout,
}

impl Document {
    /// The document at this URL; `allow_private` lets it be at a private address.
    pub fn new(
        url: &Url,
        allow_private: bool,
        ca_file: Option<&Path>,
        upstream: &Upstream,
        limit: usize,
    ) -> Result<Self, String> {
        let reach = match allow_private {
            true => Reach::Private,
            false => Reach::Public,
        };
        let roots = ca_file.map_or(Ok(Vec::new()), read_roots)?;
        let mut root = url.clone();
        root.set_path("");
        root.set_query(None);
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self {
            origin: Origin::from_url(&root).ok_or("it is no http or https URL")?,
            path_and_query,
            pool: Pool::new(reach, &roots, upstream),
            limit,
        })
    }

    /// Reads it.
    pub async fn get(&self) -> Result<Vec<u8>, DocumentError> {
        self.dated().await.map(|(text, _)| text)
    }

    /// Reads it, with the time that the answer says it is.
    pub async fn dated(&self) -> Result<(Vec<u8>, Option<String>), DocumentError> {
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        read.unwrap_or(Err(DocumentError::Timeout))
    }

    async fn read(&self) -> Result<(Vec<u8>, Option<String>), DocumentError> {
        let uri = self.origin.uri(&self.path_and_query);
        let (upload, _) = Upload::new(Body::empty(), 0);
        let mut request = Request::new(upload);
        *request.uri_mut() = uri.map_err(|_| SendError::Unsendable)?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("keyseal"));
        let answer = self.pool.client().request(request).await;
        let (head, body) = answer.map_err(|error| reason(&error))?.into_parts();
        if head.status != StatusCode::OK {
            return Err(DocumentError::Status(head.status.as_u16()));
        }
        let whole = Limited::new(body, self.limit).collect().await;
        let whole = whole.map_err(|_| DocumentError::Body(self.limit))?;
        let date = head.headers.get(header::DATE);
        let date = date.and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok((whole.to_bytes().to_vec(), date))
    }
}
