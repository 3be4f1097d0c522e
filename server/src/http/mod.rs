//! The request path: who may come in, what is refused at the door, and where it goes.

mod credential;
pub mod error;
pub mod forward;
pub mod rate;
mod refusals;
pub mod test_key;

pub use error::{Code, Problem};
