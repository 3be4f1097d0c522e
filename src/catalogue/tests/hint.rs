use proptest::prelude::*;

use crate::catalogue::hint;

/// For n from 0 to 64: how many characters show before and after `…`.
fn shown(n: usize) -> (usize, usize) {
    match n {
        0..=2 => (0, 0),
        3..=5 => (0, 1),
        6..=8 => (0, 2),
        9..=11 => (0, 3),
        12..=14 => (0, 4),
        15..=17 => (1, 4),
        18..=20 => (2, 4),
        21..=23 => (3, 4),
        24..=26 => (4, 4),
        27..=29 => (5, 4),
        30..=32 => (6, 4),
        33..=35 => (7, 4),
        _ => (8, 4),
    }
}

#[test]
fn the_hint_shows_what_the_rule_allows_for_every_length() {
    let key: String = ('!'..='~').take(64).collect();
    for n in 0..=64 {
        let key = &key[..n];
        let (first, last) = shown(n);
        assert_eq!(
            hint(key),
            format!("{}…{}", &key[..first], &key[n - last..]),
            "{n}"
        );
    }
}

#[test]
fn the_hint_of_a_long_key_shows_twelve_characters() {
    let key = format!("sk-proj-{}f3Qa", "x".repeat(150));
    assert_eq!(hint(&key), "sk-proj-…f3Qa");
}

#[test]
fn the_hint_counts_characters_not_bytes() {
    assert_eq!(hint("äöüäöüäöü"), "…äöü");
}

proptest! {
    #[test]
    fn the_hint_shows_at_most_a_third_of_any_text(text in any::<String>()) {
        let shown = hint(&text).chars().count() - 1;
        prop_assert!(shown <= 12 && shown * 3 <= text.chars().count());
    }
}
