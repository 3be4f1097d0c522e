//! Compiles the provider catalogue, `src/catalogue/providers.json`, into static tables.
//!
//! What it writes is Rust source for `src/catalogue/table.rs`. A mistake in the data (an unknown
//! member, a host with a path, a shape that would take somebody's label for a key) stops the build.

#[path = "build/check.rs"]
mod check;
#[path = "build/data.rs"]
mod data;
#[path = "build/source.rs"]
mod source;

use std::path::Path;
use std::{env, fs};

const DATA: &str = "src/catalogue/providers.json";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment where to write"
)]
fn main() {
    println!("cargo::rerun-if-changed={DATA}");
    println!("cargo::rerun-if-changed=build");
    let text = fs::read_to_string(DATA).expect("the catalogue's data file is part of the source");
    let file: data::File =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{DATA}: {error}"));
    check::file(&file);
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("catalogue.rs"), source::of(&file))
        .expect("OUT_DIR is writable");
}
