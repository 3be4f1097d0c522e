//! keyseal

pub mod catalogue;
