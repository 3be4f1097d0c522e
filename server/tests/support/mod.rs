//! What the integration tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod caller;
pub mod companion;
pub mod described;
pub mod postgres;
pub mod process;
mod until;

pub use self::{
    caller::Answer,
    companion::{Companion, KEY, Setup, User, new_id},
    process::Process,
    until::until,
};
