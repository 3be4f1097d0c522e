//! Whose rows: no query reaches a row without saying this.

/// Which mode a row belongs to: rows of local mode are never served in jwt mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Realm {
    /// The one user of local mode.
    Local,
    /// Users of the app's issuer.
    Jwt,
}

impl Realm {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Jwt => "jwt",
        }
    }

    /// Back from the database.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Local, Self::Jwt]
            .into_iter()
            .find(|realm| realm.as_str() == text)
    }
}

/// A user in a realm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    realm: Realm,
    sub: String,
}

impl Owner {
    /// A user; `sub` as the token says it, unchanged.
    pub fn new(realm: Realm, sub: impl Into<String>) -> Self {
        Self {
            realm,
            sub: sub.into(),
        }
    }

    /// The mode.
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// The token's `sub`.
    pub fn sub(&self) -> &str {
        &self.sub
    }
}
