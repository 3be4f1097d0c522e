use proptest::prelude::*;

use super::{Random, WORD, keys};
use crate::catalogue::{CleanError, clean};
use crate::envelope::MAX_KEY_BYTES;

const KEY: &str = "sk-proj-abc_DEF-123";

#[track_caller]
fn gives(pasted: &str, key: &str) {
    assert_eq!(
        clean(pasted).as_deref().map(String::as_str),
        Ok(key),
        "{pasted:?}"
    );
}

#[track_caller]
fn refuses(pasted: &str, error: CleanError) {
    assert_eq!(clean(pasted).map(|_| ()), Err(error), "{pasted:?}");
}

#[test]
fn what_comes_along_with_a_copied_key_is_taken_away() {
    for (before, after) in [
        ("", ""),
        (" ", " "),
        ("\t", "\t"),
        ("", "\n"),
        ("", "\r\n"),
        ("\n\n", "\n\n"),
        ("\u{feff}", ""),
        ("\u{200b}", "\u{200b}"),
        ("\u{200e}", "\u{200f}"),
        ("\u{2060}", "\u{ad}"),
        ("\u{a0}", "\u{3000}"),
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("“", "”"),
        ("‘", "’"),
        ("«", "»"),
        ("<", ">"),
        ("\"", "\","),
        ("", ";"),
        ("Bearer ", ""),
        ("bearer ", ""),
        ("BEARER  ", ""),
        ("Bearer\t", "\n"),
        ("Token ", ""),
        ("Key ", ""),
        ("Authorization: Bearer ", ""),
        ("authorization:Bearer ", ""),
        ("\"Authorization\": \"Bearer ", "\""),
        ("-H \"Authorization: Bearer ", "\""),
        ("--header 'x-api-key: ", "'"),
        ("x-api-key: ", ""),
        ("x-goog-api-key:", ""),
        ("export OPENAI_API_KEY=", ""),
        ("export OPENAI_API_KEY=\"", "\"\n"),
        ("  export  OPENAI_API_KEY='", "'"),
        ("export X=", ""),
        ("X=", ""),
        ("OPENAI_API_KEY=", ""),
        ("OPENAI_API_KEY = \"", "\""),
        ("set OPENAI_API_KEY=", ""),
        ("openai_api_key: ", ""),
        ("apiKey: \"", "\","),
        ("{\"apiKey\": \"", "\"}"),
        ("{\"apiKey\":\"", "\"}"),
        ("\"OPENAI_API_KEY\": \"", "\","),
        ("# OpenAI\nOPENAI_API_KEY=", "\n"),
        (
            "\u{feff}\n export \u{200b}X=\u{200b}\"Bearer ",
            "\"\u{200b}\r\n",
        ),
    ] {
        gives(&format!("{before}{KEY}{after}"), KEY);
    }
}

#[test]
fn a_key_that_was_wrapped_or_holds_invisible_characters_is_put_together() {
    gives("sk-proj-abc\n_DEF-123", KEY);
    gives("sk-proj-abc\r\n   _DEF-123\r\n", KEY);
    gives("sk-proj-\u{200b}abc_\u{feff}DEF-\u{ad}123", KEY);
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    for empty in [
        "",
        " ",
        "\n",
        "\u{feff}",
        "\u{200b}\u{200d}",
        "\"\"",
        "'",
        "Bearer ",
        "()",
    ] {
        refuses(empty, CleanError::Empty);
    }
    refuses("sk-proj-abc DEF", CleanError::Character(' '));
    refuses("sk-proj-abc\tDEF", CleanError::Character('\t'));
    refuses("sk-proj-abc\0DEF", CleanError::Character('\0'));
    refuses("sk-proj-abc\u{7f}DEF", CleanError::Character('\u{7f}'));
    refuses("sk-proj-äDEF", CleanError::Character('ä'));
    refuses("sk-proj-…f3Qa", CleanError::Character('…'));
    refuses("sk-••••••••", CleanError::Character('•'));
    refuses("sk-proj-\u{a0}DEF", CleanError::Character('\u{a0}'));
    refuses("sk-proj-🔑", CleanError::Character('🔑'));
    refuses("ｓｋ-proj", CleanError::Character('ｓ'));
    refuses("my key is sk-abc", CleanError::Character(' '));
}

#[test]
fn a_pages_address_is_no_key() {
    for address in [
        "https://platform.openai.com/api-keys",
        " HTTPS://platform.openai.com/api-keys\n",
        "http://127.0.0.1:8787/#token",
        "<https://console.anthropic.com/settings/keys>",
        "OPENAI_BASE_URL=\"https://my.openai.azure.com/openai/v1\"",
        "\"base_url\": \"https://api.example.com/v1\",",
        "https://de.wikipedia.org/wiki/Schlüssel",
        "https://a.example/\nkeys",
    ] {
        refuses(address, CleanError::Address);
    }
    // What an unknown provider's keys may look like goes on being one.
    for key in [
        "id://c2VjcmV0",
        "https",
        "httpsk:secret",
        "https:secret",
        "sk-http://x",
    ] {
        gives(key, key);
    }
    assert!(CleanError::Address.message().contains("address"));
}

#[test]
fn a_masked_key_is_called_so() {
    assert!(CleanError::Character('…').message().contains("masked"));
    assert!(CleanError::Character('•').message().contains("masked"));
    assert!(!CleanError::Character('ä').message().contains("masked"));
}

#[test]
fn a_key_may_be_4096_characters_long_and_no_longer() {
    gives(&"k".repeat(MAX_KEY_BYTES), &"k".repeat(MAX_KEY_BYTES));
    gives(
        &format!("{}\n", "k\n".repeat(MAX_KEY_BYTES)),
        &"k".repeat(MAX_KEY_BYTES),
    );
    refuses(&"k".repeat(MAX_KEY_BYTES + 1), CleanError::TooLong);
    refuses(&"k".repeat(1_000_000), CleanError::TooLong);
    refuses(&"k\u{200b}".repeat(1_000_000), CleanError::TooLong);
}

#[test]
fn two_keys_are_not_made_one() {
    let mut random = Random(3);
    let one = format!("gsk_{}", random.text("aB1", 52));
    let two = format!("sk-ant-api03-{}AA", random.text(WORD, 93));
    refuses(&format!("{one}\n{two}"), CleanError::Several);
    refuses(&format!("A_KEY={one}\nB_KEY={two}\n"), CleanError::Several);
    refuses(&format!("A={one}\nexport DEBUG=1"), CleanError::Several);
    refuses(
        &format!("{one}\r\nAuthorization: {two}"),
        CleanError::Several,
    );
}

#[test]
fn signs_inside_a_key_stay() {
    for key in [
        "0a1b2c3d-0000-4000-8000-0123456789ab:0123456789abcdef0123456789abcdef",
        "abcdef12-0000-4000-8000-0123456789ab:0123456789abcdef0123456789abcdef",
        "c2VjcmV0IHNlY3JldA==",
        "c2VjcmV0IHNlY3JldCE=",
        "AAAABBBB=",
        "AAAABBBB==",
        "user:password",
        "abc=def",
        "eyJhbGciOi.eyJzdWIi.c2ln",
        "a,b;c",
        "!#$%&*+-./:?@^_|~",
    ] {
        gives(key, key);
    }
}

#[test]
fn every_providers_key_comes_through_unchanged() {
    for (id, key) in keys() {
        assert_eq!(clean(&key).as_deref(), Ok(&key), "{id}");
        assert_eq!(
            clean(&format!("export A_KEY=\"{key}\"\n")).as_deref(),
            Ok(&key),
            "{id}"
        );
    }
}

#[test]
fn the_buffer_of_a_key_is_never_moved() {
    let pasted = format!("export KEY='{}'", "k\n".repeat(2000));
    let key = clean(&pasted).expect("it is a key");
    assert_eq!(key.len(), 2000);
    assert!(
        key.capacity() >= 3999,
        "as large as what it was taken from, from the first"
    );
}

proptest! {
    #[test]
    fn cleaning_gives_visible_ascii_or_an_error(text in any::<String>()) {
        if let Ok(key) = clean(&text) {
            prop_assert!(!key.is_empty() && key.len() <= MAX_KEY_BYTES);
            prop_assert!(key.bytes().all(|b| (0x21..=0x7e).contains(&b)));
        }
    }

    #[test]
    fn cleaning_invents_nothing(text in "[\\x20-\\x7e\n\u{200b}\u{feff}\"'=: ]{0,200}") {
        if let Ok(key) = clean(&text) {
            let mut left = text.chars();
            prop_assert!(key.chars().all(|c| left.any(|l| l == c)), "{} of {text:?}", *key);
        }
    }
}
