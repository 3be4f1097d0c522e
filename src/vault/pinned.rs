//! The companion's identity, pinned in this browser.

use super::error::VaultError;
use super::names;
use super::store::Store;
use super::{Header, Vault};
use crate::envelope::keyset::{self, Keyset, KeysetError, Pin, Published};

/// A key set that was accepted.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The key set.
    pub keyset: Keyset,
    /// What is remembered of the companion from now on.
    pub pin: Pin,
    /// The identity was not known in this browser before.
    pub first_use: bool,
}

/// Why a key set was not accepted.
#[derive(Debug)]
pub enum PinError {
    /// The key set is refused.
    Keyset(KeysetError),
    /// The pin could not be read or written, or the vault is another identity's.
    Vault(VaultError),
}

impl<S: Store> Vault<S> {
    /// What is remembered of the companion, `None` before its first use.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where the pin cannot be read. It is not passed over: a first use
    /// would then trust whoever answers.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = Vault::open(MemoryStore::default(), ISSUER, "ada")?;
    /// assert!(vault.pin(ISSUER)?.is_none());
    /// vault.accept(&published(&companion()), ISSUER, None, NOW).expect("first use");
    /// assert!(vault.pin(ISSUER)?.is_some());
    /// # Ok::<(), keyseal::vault::VaultError>(())
    /// ```
    pub fn pin(&self, issuer: &str) -> Result<Option<Pin>, VaultError> {
        match self.store.get(&names::pin(issuer))? {
            Some(json) => Pin::parse(&json).map(Some).ok_or(VaultError::Damaged),
            None => Ok(None),
        }
    }

    /// Checks what the companion publishes and remembers its identity; see [`keyset::verify`].
    ///
    /// # Errors
    /// [`PinError`].
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let mut vault = Vault::open(MemoryStore::default(), ISSUER, "ada")?;
    /// let first = vault.accept(&published(&companion()), ISSUER, None, NOW).expect("first use");
    /// assert!(first.first_use);
    /// // Somebody else at the same address is refused.
    /// assert!(vault.accept(&published(&companion()), ISSUER, None, NOW).is_err());
    /// # Ok::<(), keyseal::vault::VaultError>(())
    /// ```
    pub fn accept(
        &mut self,
        published: &Published,
        issuer: &str,
        trusted: Option<&str>,
        now: i64,
    ) -> Result<Pinned, PinError> {
        let before = match (self.pin(issuer), trusted) {
            (Ok(pin), _) => pin,
            // The app says whom to trust, so a damaged pin decides nothing.
            (Err(VaultError::Damaged), Some(_)) => None,
            (Err(error), _) => return Err(PinError::Vault(error)),
        };
        let (keyset, pin) = keyset::verify(published, issuer, before.as_ref(), trusted, now)
            .map_err(PinError::Keyset)?;
        let vouched = before.is_some() || trusted.is_some();
        self.follow(&pin, vouched).map_err(PinError::Vault)?;
        if before.as_ref() != Some(&pin) {
            self.store
                .set(&names::pin(issuer), &pin.to_json())
                .map_err(|e| PinError::Vault(e.into()))?;
        }
        Ok(Pinned {
            keyset,
            first_use: before.is_none(),
            pin,
        })
    }

    /// A vault belongs to one identity. It follows a change that the identity itself signed, or that
    /// the app vouches for (`trustedIdentity`). Where the pin is gone and the vault is not, nobody
    /// vouches: that is no first use.
    fn follow(&mut self, pin: &Pin, vouched: bool) -> Result<(), VaultError> {
        let identity = pin.thumbprint();
        if self
            .header
            .as_ref()
            .is_some_and(|header| header.identity() != identity)
        {
            // What is written back must be what stands there now.
            self.reload()?;
        }
        match &self.header {
            Some(header) if header.identity() != identity => {
                if !vouched {
                    return Err(VaultError::OtherIdentity);
                }
                let header: Header = header.clone().with_identity(&identity);
                self.store.set(&self.names.header(), &header.to_json())?;
                self.header = Some(header);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
