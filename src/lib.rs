//! keyseal
