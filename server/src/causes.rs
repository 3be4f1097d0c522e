//! Why something failed: an error, what caused it, what caused that.

use std::io;
use std::iter::successors;

/// One of a chain of errors.
pub type Cause = dyn std::error::Error + 'static;

/// An error and its causes, the nearest first.
pub fn causes(error: &Cause) -> impl Iterator<Item = &Cause> {
    successors(Some(error), |cause| {
        // An I/O error shows what it wraps, not what caused that.
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        wrapped
            .map(|wrapped| wrapped as &Cause)
            .or_else(|| cause.source())
    })
}

/// Whether it is the system that gave up waiting.
pub fn timed_out(cause: &Cause) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}
