//! The wasm module in a real browser, with WebCrypto as the other side.
#![cfg(target_arch = "wasm32")]

mod catalogue;
mod companion;
#[cfg(feature = "relay")]
mod relay;
mod sealing;
mod slots;
mod tampered;
mod vault;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
