//! Whose rows: no query reaches a row without saying this.

/// Which mode a row belongs to: rows of local mode are never served in jwt mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Realm {
    /// The one user of local mode.
    Local,
    /// Users of the app's issuer.
    Jwt,
    /// Nobody's but the operator's: what was done on the command line, and to the key ring. No
    /// caller is ever of it.
    Operator,
}

impl Realm {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Jwt => "jwt",
            Self::Operator => "operator",
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

    /// Whose notes the operator's own are.
    pub fn operator() -> Self {
        Self::new(Realm::Operator, "")
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
