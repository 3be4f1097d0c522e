//! Detection as a page sees it.

use js_sys::Array;
use keyseal::wasm::{detect, providers};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::companion::{code, text};

#[wasm_bindgen_test]
fn the_page_is_told_of_every_provider() {
    let all: Array = providers().ok().expect("the catalogue").unchecked_into();
    assert_eq!(all.length(), 51);
    assert!(
        all.iter()
            .all(|provider| !text(&provider, "name").is_empty())
    );
}

#[wasm_bindgen_test]
fn a_recognised_paste_names_its_provider_and_shows_only_the_hint() {
    let pasted = format!("export GROQ_API_KEY=\"gsk_{}\"\n", "aB3d".repeat(13));
    let found = detect(&pasted.as_str().into()).ok().expect("a guess");
    assert_eq!(text(&found, "provider"), "groq");
    assert_eq!(text(&found, "hint"), "gsk_aB3d…aB3d");
    let shown = String::from(js_sys::JSON::stringify(&found).expect("JSON"));
    assert!(!shown.contains(&"aB3d".repeat(4)));
}

#[wasm_bindgen_test]
fn what_cannot_be_a_key_is_an_error_with_a_code() {
    assert_eq!(
        code(detect(&"две строки".into()).err().expect("refused")),
        "validation"
    );
}
