//! Which credentials a request tries, and each of them opened when its turn comes.

use std::sync::Arc;

use http::request::Parts;
use keyseal::envelope::{KeyClaims, Secret};

use super::super::credential::{self, Credential};
use super::super::{Code, Problem};
use super::rate_limit;
use crate::AppState;
use crate::auth::Caller;
use crate::choose::platform::Reservation;
use crate::choose::roster::{Own, Ready};
use crate::choose::{self, Consent, Nothing, Pick, Wish};
use crate::clock;
use crate::config::Tier;
use crate::outgoing::{Route, Target};
use crate::unwrap::envelope::{Asked, Checked};
use crate::unwrap::opened::Stored;
use crate::usage::{Ask, budget, price};

/// What a request tries, in order.
pub struct Plan<'a> {
    state: &'a AppState,
    caller: &'a Caller,
    route: &'a Route,
    tier: Tier,
    entries: Arc<[Ready]>,
    envelope: Option<Checked>,
    platform_key: Option<&'a Arc<Secret>>,
    ask: &'a Ask,
    picks: std::vec::IntoIter<Pick>,
}

/// What the plan needs to know of the request.
pub struct Request<'a> {
    /// Method and headers.
    pub head: &'a Parts,
    /// The path that the caller sees: envelopes are bound to it.
    pub original: &'a str,
    /// The whole body is here, so that what it asks for is known.
    pub is_kept: bool,
    /// It leaves nothing at the provider, as far as its method and path tell.
    pub is_stateless: bool,
}

impl<'a> Plan<'a> {
    /// Reads the wishes of the request and what the user has; every check of an envelope but the
    /// one for replay.
    pub async fn make(
        state: &'a AppState,
        caller: &'a Caller,
        route: &'a Route,
        ask: &'a Ask,
        request: Request<'_>,
    ) -> Result<Self, Problem> {
        let provider = route.provider.id;
        let Parts {
            headers, method, ..
        } = request.head;
        let (_, tier) = state.config.tiers.resolve(Some(&caller.tier));
        let wish = Wish::read(headers)?;
        let asked = Asked {
            method: method.as_str(),
            path: request.original,
            provider,
            now: clock::seconds(),
        };
        if !tier.byok && credential::has_envelope(headers) {
            return Err(Code::ByokNotInTier.into());
        }
        let envelope = credential::envelope(state, caller, headers, asked).await?;
        let configured = state.config.providers.get(provider);
        let platform_key = configured.and_then(|written| written.platform_key.as_ref());
        let own = state
            .roster
            .of(
                &state.store,
                &state.in_use,
                &caller.owner,
                provider,
                platform_key.is_some(),
            )
            .await?;
        let lent = Lent {
            to_tier: platform_key.is_some() && tier.platform,
            route: request.is_stateless && !ask.stores,
            body: request.is_kept,
        };
        let picks = picks(&wish, envelope.is_some(), &own, tier, lent)?;
        Ok(Self {
            state,
            caller,
            route,
            tier,
            entries: own.entries,
            envelope,
            platform_key,
            ask,
            picks: picks.into_iter(),
        })
    }

    /// The next to try.
    pub fn next(&mut self) -> Option<Pick> {
        self.picks.next()
    }

    /// The caller's tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Whether none follows.
    pub fn is_at_end(&self) -> bool {
        self.picks.len() == 0
    }

    /// The stored entry behind a pick.
    pub fn entry(&self, pick: Pick) -> Option<&Ready> {
        match pick {
            Pick::Entry(index) => self.entries.get(index),
            Pick::Envelope | Pick::Platform => None,
        }
    }

    /// Opens a credential and says where its key goes. What cannot be used is never sent.
    pub async fn open(&mut self, pick: Pick) -> Result<(Credential, Target<'a>), Cannot> {
        match pick {
            Pick::Envelope => self.open_envelope().await.map_err(Cannot::End),
            Pick::Entry(index) => self.open_entry(index).await,
            Pick::Platform => self.lend().await.map_err(Cannot::Skip),
        }
    }

    async fn open_envelope(&mut self) -> Result<(Credential, Target<'a>), Problem> {
        let checked = self.envelope.take().ok_or(Nothing::NoEntry)?;
        let target = self.route.target(checked.host())?;
        let key = checked.claim(&self.state.store, &self.caller.owner).await?;
        Ok((Credential::Envelope(key), target))
    }

    async fn open_entry(&self, index: usize) -> Result<(Credential, Target<'a>), Cannot> {
        let ready = &self.entries[index];
        budget::check(self.state, &self.caller.owner, &ready.candidate).map_err(Cannot::Skip)?;
        let claims = self.claims(ready).await.map_err(Cannot::End)?;
        let claims = claims.ok_or_else(|| Cannot::Skip(Nothing::NeedsReentry.into()))?;
        let target = self.route.target(claims.host.as_deref());
        let target = target.map_err(|refused| Cannot::Skip(refused.into()))?;
        let credential = Credential::Entry {
            id: ready.candidate.id.clone(),
            claims,
            life: ready.life.clone(),
        };
        Ok((credential, target))
    }

    async fn claims(&self, ready: &Ready) -> Result<Option<Arc<KeyClaims>>, Problem> {
        let candidate = &ready.candidate;
        let stored = Stored {
            caller: &self.caller.owner,
            id: &candidate.id,
            provider: self.route.provider.id,
            host: candidate.host.as_deref(),
            sealed_key: &candidate.sealed_key,
            digest: ready.digest,
        };
        credential::open_or_mark(self.state, stored).await
    }

    /// The operator's key, after requests and money were reserved for it.
    async fn lend(&self) -> Result<(Credential, Target<'a>), Problem> {
        let key = self.platform_key.ok_or(Nothing::NoEntry)?;
        let target = self.route.target(None)?;
        price::ready().await;
        let most = self.ask.most(self.route.provider.id, clock::micros());
        let reserved = Reservation::make(self.state, &self.caller.owner, self.tier, most).await?;
        match reserved {
            Ok(reservation) => {
                let credential = Credential::Platform(Arc::clone(key), Box::new(reservation));
                Ok((credential, target))
            }
            Err((spent, left)) => Err(rate_limit::refusal(self.tier, spent, left)),
        }
    }
}

/// Why a credential is not tried.
pub enum Cannot {
    /// The next may do.
    Skip(Problem),
    /// None may: the request itself is refused.
    End(Problem),
}

/// Whether the operator's key may serve the request, whatever its user says.
#[derive(Clone, Copy)]
struct Lent {
    /// There is one, and it is lent to the tier.
    to_tier: bool,
    /// The request keeps nothing at the provider, where other users' requests would find it.
    route: bool,
    /// What it asks for is known.
    body: bool,
}

fn picks(
    wish: &Wish,
    has_envelope: bool,
    own: &Own,
    tier: Tier,
    lent: Lent,
) -> Result<Vec<Pick>, Problem> {
    let entries: &[Ready] = if tier.byok { &own.entries } else { &[] };
    let order = |consent| choose::order(wish, has_envelope, entries, consent, clock::micros());
    let consent = match lent.to_tier {
        true => own.consent,
        false => Consent::default(),
    };
    if !lent.to_tier || lent.route && lent.body {
        return order(consent).map_err(|nothing| why_nothing(nothing, tier));
    }
    order(Consent::default()).map_err(|nothing| match order(consent) {
        Ok(_) if !lent.route => Problem::new(
            Code::NoCredential,
            "You have no active key for this provider, and the operator's serves only requests that leave nothing there.",
        )
        .next("Add a key of your own."),
        Ok(_) => Problem::new(
            Code::TooLarge,
            "The body is larger than what the operator's key is lent for.",
        )
        .next("Send less at once, or add a key of your own."),
        Err(_) => why_nothing(nothing, tier),
    })
}

fn why_nothing(nothing: Nothing, tier: Tier) -> Problem {
    match tier.byok {
        true => nothing.into(),
        false => Problem::from(Code::ByokNotInTier)
            .next("The keys you stored are kept, and are used again once your tier allows it."),
    }
}
