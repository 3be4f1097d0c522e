//! What can go wrong with a vault, each with a stable code and what to do next.

use core::fmt;

use super::store::StoreError;
use crate::envelope::SealError;

/// Why the vault did not do as asked. Other entries are never affected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault key is not in memory.
    Locked,
    /// The record that holds the slots cannot be read.
    Damaged,
    /// The entry's record cannot be read, or was changed; `0` is its id.
    EntryDamaged(String),
    /// The entry was encrypted under a vault key that is gone.
    KeyLost,
    /// There is no entry of that id.
    NoEntry,
    /// The entry, or the key to store, is of another user.
    OtherUser,
    /// The vault belongs to another identity of the companion.
    OtherIdentity,
    /// The secret does not open this slot.
    WrongSecret,
    /// The slot's stored strength is below or above what is allowed.
    WeakSlot,
    /// The new passphrase has fewer characters than the least.
    ShortPassphrase,
    /// There is not enough memory to stretch the passphrase.
    OutOfMemory,
    /// The last way to unlock, or a passkey alone, would remain.
    LastSlot,
    /// There is no slot of that id.
    NoSlot,
    /// There are as many slots as there may be.
    TooManySlots,
    /// The file is not an export of a vault.
    NotAnExport,
    /// The note was changed, or is of another name or vault.
    NoteDamaged,
    /// The note has no name or no text, or too much of either.
    NoteLimits,
    /// The key or its claims cannot be sealed.
    Seal(SealError),
    /// The browser's storage did not take or give the record.
    Store(StoreError),
}

impl VaultError {
    /// The stable code.
    ///
    /// ```
    /// assert_eq!(keyseal::vault::VaultError::Locked.code(), "vault_locked");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked => "vault_locked",
            Self::Damaged => "vault_damaged",
            Self::EntryDamaged(_) => "entry_damaged",
            Self::KeyLost => "vault_key_lost",
            Self::NoEntry => "not_found",
            Self::OtherUser => "vault_other_user",
            Self::OtherIdentity => "vault_other_identity",
            Self::WrongSecret => "wrong_secret",
            Self::WeakSlot => "weak_slot",
            Self::ShortPassphrase => "passphrase_short",
            Self::OutOfMemory => "out_of_memory",
            Self::LastSlot => "last_slot",
            Self::NoSlot => "slot_unknown",
            Self::TooManySlots => "too_many_slots",
            Self::NotAnExport => "export_malformed",
            Self::NoteDamaged => "note_damaged",
            Self::NoteLimits | Self::Seal(SealError::Claims(_)) => "validation",
            Self::Seal(SealError::Random) => "no_random",
            Self::Seal(_) => "seal_failed",
            Self::Store(StoreError::Full) => "storage_full",
            Self::Store(StoreError::Blocked) => "storage_blocked",
        }
    }

    /// What to do next.
    ///
    /// ```
    /// assert!(keyseal::vault::VaultError::Locked.next().ends_with('.')); // a sentence
    /// ```
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Locked => "Unlock the vault and try again.",
            Self::Damaged => "Import a backup of this vault, or clear it and enter the keys again.",
            Self::EntryDamaged(_) | Self::KeyLost | Self::OtherUser => {
                "Remove this entry and enter its key again; the others are not affected."
            }
            Self::NoEntry => "It may have been revoked in another tab: reload the list.",
            Self::OtherIdentity => "Compare the companion's fingerprint before going on.",
            Self::WrongSecret => "Try again, or unlock in another way.",
            Self::WeakSlot => {
                "Unlock in another way, then remove this one: its record was changed."
            }
            Self::ShortPassphrase => "Use a longer one: four or five words are good.",
            Self::OutOfMemory => "Close other pages and try again, or unlock in another way.",
            Self::LastSlot => "Add another way to unlock first.",
            Self::NoSlot => "It may have been removed in another tab: reload the page.",
            Self::TooManySlots => "Remove one that is not needed first.",
            Self::NotAnExport => "Choose a file that was exported here; it may be damaged.",
            Self::NoteDamaged => {
                "Other notes and all keys are not affected; this one cannot be read."
            }
            Self::NoteLimits => "Split a long text into several notes.",
            Self::Seal(_) => "Check what was pasted and try again.",
            Self::Store(StoreError::Full) => {
                "Free some of this site's storage and try again; nothing stored was changed."
            }
            Self::Store(StoreError::Blocked) => "Allow this site to store data, then reload.",
        }
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::EntryDamaged(rid) = self {
            f.write_str("The record of entry ")?;
            f.write_str(rid)?;
        }
        f.write_str(match self {
            Self::Locked => "The vault is locked.",
            Self::Damaged => "The vault's own record in this browser cannot be read.",
            Self::EntryDamaged(_) => " in this browser was damaged or changed.",
            Self::KeyLost => "This browser has lost the key to this entry.",
            Self::NoEntry => "There is no such entry in this browser.",
            Self::OtherUser => "This entry belongs to another user.",
            Self::OtherIdentity => "This vault belongs to another identity of the companion.",
            Self::WrongSecret => "This does not unlock the vault.",
            Self::WeakSlot => "The strength of this way to unlock is outside what is allowed.",
            Self::ShortPassphrase => "A passphrase needs at least 8 characters.",
            Self::OutOfMemory => "There is not enough memory to unlock with the passphrase.",
            Self::LastSlot => "A vault needs a way to unlock besides a passkey.",
            Self::NoSlot => "There is no such way to unlock.",
            Self::TooManySlots => "This vault has as many ways to unlock as it may have.",
            Self::NotAnExport => "The file is not an export of a vault.",
            Self::NoteDamaged => "This note was changed, or is of another name or vault.",
            Self::NoteLimits => "A note needs a name, and text of at most 4 MB.",
            Self::Seal(SealError::Claims(which)) => which,
            Self::Seal(SealError::Random) => "This browser gives no random numbers.",
            Self::Seal(_) => "The key could not be sealed.",
            Self::Store(StoreError::Full) => "This browser's storage for the site is full.",
            Self::Store(StoreError::Blocked) => "This browser does not let the site store data.",
        })
    }
}

impl core::error::Error for VaultError {}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SealError> for VaultError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}
