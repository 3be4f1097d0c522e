//! The mask that is shown instead of a key.

/// Shows, of a key of n characters, m = min(12, ⌊n/3⌋): the last min(4, m), and before them the first
/// min(8, m − 4), with `…` between.
///
/// ```
/// use keyseal::catalogue::hint;
///
/// assert_eq!(hint("sk-proj-0123456789abcdefghijklmnopqrstuv"), "sk-proj-…stuv");
/// assert_eq!(hint("short"), "…t");
/// ```
#[must_use]
pub fn hint(key: &str) -> String {
    let n = key.chars().count();
    let shown = (n / 3).min(12);
    let last = shown.min(4);
    let first = (shown - last).min(8);
    let mut hint = String::with_capacity(shown * 4 + 3);
    hint.extend(key.chars().take(first));
    hint.push('…');
    hint.extend(key.chars().skip(n - last));
    hint
}
