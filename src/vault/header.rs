//! The vault's own record: whose it is, and its slots.

use super::slot::Slot;
use crate::envelope::{Object, ObjectWriter, SealError, Strict, encode_base64url, random};

/// The most slots that a vault has: each may have to be tried, and a passphrase takes its time.
pub(super) const MAX_SLOTS: usize = 16;

/// The vault's id, the companion identity that it belongs to, and its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    id: String,
    identity: String,
    slots: Vec<Slot>,
    previous: Option<Previous>,
    notes: Option<String>,
}

/// The vault key before, while entries are moved from it to the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Previous {
    /// The id that the vault had under it.
    pub id: String,
    /// Compact JWE of it under the new vault key.
    pub wrapped: String,
}

impl Header {
    /// The header of a new vault of `identity` (a thumbprint), without slots yet.
    ///
    /// # Errors
    /// [`SealError::Random`].
    ///
    /// ```
    /// use keyseal::vault::Header;
    ///
    /// let header = Header::new("thumbprint of the companion's identity")?;
    /// assert!(header.slots().is_empty());
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    pub fn new(identity: &str) -> Result<Self, SealError> {
        let id = encode_base64url(&random::<16>()?);
        Ok(Self {
            id,
            identity: identity.to_owned(),
            slots: Vec::new(),
            previous: None,
            notes: None,
        })
    }

    /// The vault's id. A vault key has one: entries of another id cannot be opened with it.
    ///
    /// ```
    /// use keyseal::vault::Header;
    ///
    /// assert_ne!(Header::new("identity")?.id(), Header::new("identity")?.id());
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The thumbprint of the companion identity that the vault belongs to.
    ///
    /// ```
    /// assert_eq!(keyseal::vault::Header::new("identity")?.identity(), "identity");
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The ways to unlock it.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let vault = vault();
    /// let slots = vault.header().expect("made").slots();
    /// assert_eq!(slots[0].kind(), &device());
    /// ```
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Adds a way to unlock it.
    ///
    /// ```
    /// # mod given { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/given.rs")); }
    /// # use given::*;
    /// let header = Header::new("identity")?;
    /// let key = VaultKey::generate()?;
    /// let slot = Slot::wrap(header.id(), device(), SECRET, &key)?;
    /// assert_eq!(header.with_slot(slot).slots().len(), 1);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_slot(mut self, slot: Slot) -> Self {
        self.slots.push(slot);
        self
    }

    /// The same vault after its companion's identity handed over to `identity`.
    ///
    /// ```
    /// use keyseal::vault::Header;
    ///
    /// assert_eq!(Header::new("old")?.with_identity("new").identity(), "new");
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn with_identity(mut self, identity: &str) -> Self {
        identity.clone_into(&mut self.identity);
        self
    }

    /// Whether entries under the id `vault` can be opened with this vault's key.
    pub(super) fn covers(&self, vault: &str) -> bool {
        self.id == vault
            || self
                .previous
                .as_ref()
                .is_some_and(|previous| previous.id == vault)
    }

    pub(super) fn previous(&self) -> Option<&Previous> {
        self.previous.as_ref()
    }

    pub(super) fn with_previous(mut self, previous: Option<Previous>) -> Self {
        self.previous = previous;
        self
    }

    /// Compact JWE of the keys of the app's notes, under the vault key.
    pub(super) fn notes(&self) -> Option<&str> {
        self.notes.as_deref()
    }

    pub(super) fn with_notes(mut self, notes: String) -> Self {
        self.notes = Some(notes);
        self
    }

    pub(super) fn to_json(&self) -> String {
        let slots: Vec<String> = self.slots.iter().map(Slot::to_json).collect();
        let json = ObjectWriter::new(1024)
            .integer("v", 1)
            .text("id", &self.id)
            .text("identity", &self.identity)
            .raw("slots", &format!("[{}]", slots.join(",")))
            .maybe("notes", self.notes.as_deref());
        match &self.previous {
            Some(previous) => json.raw("previous", &previous.to_json()).end_text(),
            None => json.end_text(),
        }
    }

    pub(super) fn parse(json: &str) -> Option<Self> {
        let mut object = Object::parse(json.as_bytes()).ok()?;
        let header = Self {
            id: object.text("id")?,
            identity: object.text("identity")?,
            slots: readable(object.array("slots")?)?,
            previous: match object.take("previous") {
                None => None,
                Some(Strict::Object(previous)) => Some(Previous::from_object(previous)?),
                Some(_) => return None,
            },
            // What cannot be read of it takes neither a slot nor an entry with it.
            notes: object.text("notes"),
        };
        (object.integer("v") == Some(1) && object.end()).then_some(header)
    }
}

/// The slots that can be read: one that was damaged takes no other with it. Where none is left of
/// some, the whole record is damaged.
fn readable(slots: Vec<Strict>) -> Option<Vec<Slot>> {
    let none = slots.is_empty();
    let slots: Vec<Slot> = slots
        .into_iter()
        .filter_map(|slot| match slot {
            Strict::Object(slot) => Slot::from_object(slot),
            _ => None,
        })
        .take(MAX_SLOTS)
        .collect();
    (none || !slots.is_empty()).then_some(slots)
}

impl Previous {
    fn to_json(&self) -> String {
        ObjectWriter::new(512)
            .text("id", &self.id)
            .text("wrapped", &self.wrapped)
            .end_text()
    }

    fn from_object(mut object: Object) -> Option<Self> {
        let previous = Self {
            id: object.text("id")?,
            wrapped: object.text("wrapped")?,
        };
        object.end().then_some(previous)
    }
}
