//! From an older key of the ring to the current one. What was sealed is plain only in between, in types
//! that are zeroed.

use keyseal::envelope::{PublicKey, SealedKey, Unwrap};

use super::opened::{CannotOpen, Stored, agrees};

/// Seals a stored key anew, with the claims it has. One that says something else of itself than its
/// row does is refused, as at any other use.
pub fn reseal(
    stored: Stored<'_>,
    ring: &dyn Unwrap,
    to: &PublicKey,
) -> Result<SealedKey, CannotOpen> {
    let sealed = SealedKey::parse(stored.sealed_key.as_bytes()).map_err(|_| CannotOpen::Lost)?;
    let claims = sealed.open(ring).map_err(|_| CannotOpen::Lost)?;
    if !agrees(&claims, stored) {
        return Err(CannotOpen::Moved);
    }
    SealedKey::seal(&claims, to).map_err(|_| CannotOpen::Ending)
}
