//! Picks the credential that serves a request: which to try, in which order.
//!
//! Pure: what is usable comes in, an order goes out. Opening keys and sending requests happen
//! elsewhere.

pub mod platform;
pub mod roster;
mod wish;

pub use wish::{BadWish, Fallback, Wish};

use crate::clock::Micros;
use crate::store::{Candidate, Status};

/// One credential to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The key that came in the request's own envelope.
    Envelope,
    /// The candidate at this index.
    Entry(usize),
    /// The operator's own key.
    Platform,
}

/// What a user has said, and done, about the operator's key for a provider. Nothing, where there is
/// no such key or it is not for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// The settings allow it.
    pub allowed: bool,
    /// There never was an entry of the user's own: they use the operator's ordinary service.
    pub never_had_an_entry: bool,
}

impl Consent {
    /// Whether the operator's key may be spent on a request that came with this wish. A header alone
    /// never decides it.
    fn covers(self, wish: &Wish, asked_for_one: bool) -> bool {
        match wish.fallback {
            Some(Fallback::None | Fallback::Keys) => false,
            Some(Fallback::Platform) => self.allowed,
            None => !asked_for_one && (self.allowed || self.never_had_an_entry),
        }
    }
}

/// Why nothing can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The entry that was asked for is not among the usable ones.
    NamedNotUsable,
    /// There are entries, and all have to be entered again.
    NeedsReentry,
    /// There is no active, unexpired entry.
    NoEntry,
}

/// What to try, in this order; never empty. `candidates` are the active, unexpired entries of the
/// provider, in priority order.
///
/// An envelope, or the entry that the request names, comes first; others follow it only where a
/// fallback was sent. With neither, the entries follow each other unless that was forbidden, and the
/// operator's key follows them where the user consented.
pub fn order<C: AsRef<Candidate>>(
    wish: &Wish,
    has_envelope: bool,
    candidates: &[C],
    consent: Consent,
    now: Micros,
) -> Result<Vec<Pick>, Nothing> {
    let named = wish
        .entry
        .as_deref()
        .and_then(|id| position(candidates, id));
    let mut picks = Vec::with_capacity(candidates.len() + 2);
    picks.extend(has_envelope.then_some(Pick::Envelope));
    picks.extend(
        named
            .filter(|index| opens(candidates, *index))
            .map(Pick::Entry),
    );

    let asked_for_one = has_envelope || wish.entry.is_some();
    if !asked_for_one || matches!(wish.fallback, Some(Fallback::Keys | Fallback::Platform)) {
        picks.extend(
            in_turn(candidates, now)
                .into_iter()
                .filter(|index| Some(*index) != named)
                .map(Pick::Entry),
        );
    }
    picks.extend(
        consent
            .covers(wish, asked_for_one)
            .then_some(Pick::Platform),
    );
    if wish.fallback == Some(Fallback::None) || asked_for_one && wish.fallback.is_none() {
        picks.truncate(1);
    }
    if picks.is_empty() {
        Err(nothing(wish, named, candidates))
    } else {
        Ok(picks)
    }
}

fn nothing<C: AsRef<Candidate>>(wish: &Wish, named: Option<usize>, candidates: &[C]) -> Nothing {
    if wish.entry.is_some() && named.is_none() {
        Nothing::NamedNotUsable
    } else if candidates.is_empty() {
        Nothing::NoEntry
    } else {
        Nothing::NeedsReentry
    }
}

fn position<C: AsRef<Candidate>>(candidates: &[C], id: &str) -> Option<usize> {
    candidates.iter().position(|entry| entry.as_ref().id == id)
}

/// What no key opens is never tried: it would be sent as if it were a key.
fn opens<C: AsRef<Candidate>>(candidates: &[C], index: usize) -> bool {
    !candidates[index].as_ref().needs_reentry
}

/// By priority, without the keys that the provider refused, unless there are no others. Keys that
/// rest come last, and of several only the one that rests no longer soonest: a provider that said
/// "wait" to all of them is asked once more, not once for each.
fn in_turn<C: AsRef<Candidate>>(candidates: &[C], now: Micros) -> Vec<usize> {
    let row = |index: usize| candidates[index].as_ref();
    let rests = |index: usize| row(index).resting_until.is_some_and(|until| until > now);
    let mut usable: Vec<_> = (0..candidates.len())
        .filter(|index| opens(candidates, *index))
        .collect();
    if usable
        .iter()
        .any(|index| row(*index).status != Status::Invalid)
    {
        usable.retain(|index| row(*index).status != Status::Invalid);
    }
    let soonest = usable
        .iter()
        .copied()
        .filter(|index| rests(*index))
        .min_by_key(|index| row(*index).resting_until);
    usable.retain(|index| !rests(*index));
    usable.extend(soonest);
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row(Candidate);

    impl AsRef<Candidate> for Row {
        fn as_ref(&self) -> &Candidate {
            &self.0
        }
    }

    fn row(id: &str, status: Status) -> Row {
        Row(Candidate {
            id: id.into(),
            sealed_key: "{}".into(),
            host: None,
            status,
            priority: 0,
            needs_reentry: false,
            budget: None,
            resting_until: None,
        })
    }

    fn lost(id: &str) -> Row {
        let Row(candidate) = row(id, Status::Valid);
        Row(Candidate {
            needs_reentry: true,
            ..candidate
        })
    }

    fn wish(entry: Option<&str>, fallback: Option<Fallback>) -> Wish {
        Wish {
            entry: entry.map(Into::into),
            fallback,
        }
    }

    fn resting(id: &str, until: Micros) -> Row {
        let Row(candidate) = row(id, Status::Valid);
        Row(Candidate {
            resting_until: Some(until),
            ..candidate
        })
    }

    /// Without a platform key, at a time when nothing rests.
    fn order<C: AsRef<Candidate>>(
        wish: &Wish,
        has_envelope: bool,
        candidates: &[C],
    ) -> Result<Vec<Pick>, Nothing> {
        super::order(wish, has_envelope, candidates, Consent::default(), 1_000)
    }

    use Fallback::{Keys, Platform};
    use Pick::{Entry, Envelope};

    #[test]
    fn entries_follow_each_other_in_priority_order() {
        let rows = [
            row("a", Status::Untested),
            row("b", Status::Valid),
            row("c", Status::Limited),
        ];
        let all = Ok(vec![Entry(0), Entry(1), Entry(2)]);
        assert_eq!(order(&wish(None, None), false, &rows), all);
        assert_eq!(order(&wish(None, Some(Keys)), false, &rows), all);
        assert_eq!(order(&wish(None, Some(Platform)), false, &rows), all);
        assert_eq!(
            order(&wish(None, Some(Fallback::None)), false, &rows),
            Ok(vec![Entry(0)])
        );
    }

    #[test]
    fn an_entry_that_is_named_is_exactly_the_one_unless_a_fallback_is_sent() {
        let rows = [row("a", Status::Valid), row("b", Status::Valid)];
        assert_eq!(
            order(&wish(Some("b"), None), false, &rows),
            Ok(vec![Entry(1)])
        );
        assert_eq!(
            order(&wish(Some("b"), Some(Fallback::None)), false, &rows),
            Ok(vec![Entry(1)])
        );
        assert_eq!(
            order(&wish(Some("b"), Some(Keys)), false, &rows),
            Ok(vec![Entry(1), Entry(0)])
        );
        assert_eq!(
            order(&wish(Some("x"), None), false, &rows),
            Err(Nothing::NamedNotUsable)
        );
        assert_eq!(
            order(&wish(Some("x"), Some(Keys)), false, &rows),
            Ok(vec![Entry(0), Entry(1)])
        );
    }

    #[test]
    fn an_envelope_comes_first_and_alone_unless_a_fallback_is_sent() {
        let rows = [row("a", Status::Valid)];
        assert_eq!(order(&wish(None, None), true, &rows), Ok(vec![Envelope]));
        assert_eq!(
            order(&wish(Some("browser-only"), None), true, &rows),
            Ok(vec![Envelope])
        );
        assert_eq!(
            order(&wish(None, Some(Fallback::None)), true, &rows),
            Ok(vec![Envelope])
        );
        assert_eq!(
            order(&wish(None, Some(Keys)), true, &rows),
            Ok(vec![Envelope, Entry(0)])
        );
        assert_eq!(
            order::<Row>(&wish(None, None), true, &[]),
            Ok(vec![Envelope])
        );
    }

    #[test]
    fn refused_keys_are_left_out_unless_asked_for_or_alone() {
        let rows = [row("a", Status::Invalid), row("b", Status::Valid)];
        assert_eq!(order(&wish(None, None), false, &rows), Ok(vec![Entry(1)]));
        assert_eq!(
            order(&wish(Some("a"), None), false, &rows),
            Ok(vec![Entry(0)])
        );
        let alone = [row("a", Status::Invalid)];
        assert_eq!(order(&wish(None, None), false, &alone), Ok(vec![Entry(0)]));
        let beside_lost = [row("a", Status::Invalid), lost("b")];
        assert_eq!(
            order(&wish(None, None), false, &beside_lost),
            Ok(vec![Entry(0)])
        );
    }

    #[test]
    fn what_cannot_be_opened_is_never_tried() {
        let rows = [lost("a"), row("b", Status::Valid)];
        assert_eq!(order(&wish(None, None), false, &rows), Ok(vec![Entry(1)]));
        assert_eq!(
            order(&wish(Some("a"), None), false, &rows),
            Err(Nothing::NeedsReentry)
        );
        assert_eq!(
            order(&wish(Some("a"), Some(Keys)), false, &rows),
            Ok(vec![Entry(1)])
        );
        assert_eq!(
            order(&wish(None, None), false, &[lost("a")]),
            Err(Nothing::NeedsReentry)
        );
    }

    #[test]
    fn without_entries_it_says_so() {
        assert_eq!(
            order::<Row>(&wish(None, None), false, &[]),
            Err(Nothing::NoEntry)
        );
        assert_eq!(
            order::<Row>(&wish(None, Some(Platform)), false, &[]),
            Err(Nothing::NoEntry)
        );
    }

    #[test]
    fn keys_that_rest_go_to_the_end_and_only_the_soonest_of_them_is_tried() {
        let rows = [
            resting("a", 3_000),
            resting("b", 2_000),
            row("c", Status::Valid),
            resting("d", 1_000),
        ];
        let plain = wish(None, None);
        assert_eq!(
            order(&plain, false, &rows),
            Ok(vec![Entry(2), Entry(3), Entry(1)])
        );
        assert_eq!(order(&plain, false, &rows[..2]), Ok(vec![Entry(1)]));
        assert_eq!(
            order(&wish(Some("a"), None), false, &rows),
            Ok(vec![Entry(0)]),
            "asked for"
        );
    }

    /// What is tried under each consent, for a user with these entries.
    fn platform(wish: &Wish, has_envelope: bool, rows: &[Row], consent: Consent) -> bool {
        let picks = super::order(wish, has_envelope, rows, consent, 1_000);
        let picks = picks.unwrap_or_default();
        let at = picks.iter().position(|pick| *pick == Pick::Platform);
        assert!(at.is_none_or(|at| at + 1 == picks.len()), "always the last");
        at.is_some()
    }

    #[test]
    fn the_operators_key_is_spent_only_where_the_user_consented() {
        let none = Consent::default();
        let allowed = Consent {
            allowed: true,
            ..none
        };
        let new_here = Consent {
            never_had_an_entry: true,
            ..none
        };
        let rows = [row("a", Status::Valid)];
        for (fallback, by_consent) in [
            (None, [false, true, true]),
            (Some(Platform), [false, true, false]),
            (Some(Keys), [false, false, false]),
            (Some(Fallback::None), [false, false, false]),
        ] {
            for (consent, expected) in [none, allowed, new_here].into_iter().zip(by_consent) {
                let asked = wish(None, fallback);
                let has_entries = !consent.never_had_an_entry;
                let rows = if has_entries { &rows[..] } else { &[] };
                let got = platform(&asked, false, rows, consent);
                assert_eq!(got, expected, "{fallback:?} {consent:?}");
            }
        }
        // Asked for one entry, or with an envelope: only where the header says so too.
        for (asked, has_envelope) in [(wish(Some("a"), None), false), (wish(None, None), true)] {
            assert!(!platform(&asked, has_envelope, &rows, allowed));
            let asked = Wish {
                fallback: Some(Platform),
                ..asked
            };
            assert!(platform(&asked, has_envelope, &rows, allowed));
            assert!(!platform(&asked, has_envelope, &rows, none));
        }
    }
}
