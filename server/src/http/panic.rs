//! A handler that panics fails its own request and nothing else.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::{CatchUnwind, Either, Map, Ready, ready};
use tower::Service;

use super::{Code, Problem};

/// A service whose panics are answered. The body passes as it is: `tower_http`'s layer for this would
/// box it.
#[derive(Clone)]
pub struct Caught<S>(pub S);

type Answered = Result<Response, Infallible>;
type Ended = Result<Answered, Box<dyn Any + Send>>;

impl<S> Service<Request> for Caught<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future =
        Map<Either<CatchUnwind<AssertUnwindSafe<S::Future>>, Ready<Ended>>, fn(Ended) -> Answered>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answering = match catch_unwind(AssertUnwindSafe(|| self.0.call(request))) {
            Ok(answering) => Either::Left(AssertUnwindSafe(answering).catch_unwind()),
            Err(panic) => Either::Right(ready(Err(panic))),
        };
        answering.map(answered)
    }
}

/// What the panic said is not answered and not logged: it could hold a value.
fn answered(ended: Ended) -> Answered {
    ended.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        let problem = Problem::new(Code::Unavailable, "The companion failed at this request.");
        Ok(problem.into_response())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::StatusCode;
    use tower::{ServiceExt, service_fn};

    async fn status(panics: &'static str) -> StatusCode {
        let service = Caught(service_fn(move |_: Request| {
            assert_ne!(panics, "at once");
            async move {
                assert_ne!(panics, "later");
                Ok(StatusCode::NO_CONTENT.into_response())
            }
        }));
        let answer = service.oneshot(Request::new(Body::empty())).await;
        answer.expect("an answer").status()
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_whenever_it_comes() {
        assert_eq!(status("never").await, StatusCode::NO_CONTENT);
        for panics in ["at once", "later"] {
            assert_eq!(
                status(panics).await,
                Problem::from(Code::Unavailable).into_response().status()
            );
        }
    }
}
