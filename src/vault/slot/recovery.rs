//! The recovery slot: its secret is 160 random bits that the person keeps on paper.

use zeroize::Zeroizing;

use crate::envelope::{SealError, Secret, random};

/// Crockford's base 32: no I, L, O or U, so that what was written by hand is read again.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES: usize = 20;

/// A recovery code: shown once, as eight groups of four characters.
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

impl RecoveryCode {
    /// A new one.
    ///
    /// # Errors
    /// [`SealError::Random`].
    ///
    /// ```
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// let code = RecoveryCode::generate()?; // 160 random bits, for paper
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// Reads what a person typed: case, spaces and dashes do not matter, and O, I and L are read as
    /// the digits that they look like.
    ///
    /// ```
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// let code = RecoveryCode::generate()?;
    /// let typed = code.text().expose().to_lowercase().replace('-', " ");
    /// assert_eq!(RecoveryCode::parse(&typed).expect("the same").secret(), code.secret());
    /// assert!(RecoveryCode::parse("too short").is_none());
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        let mut bits = 0;
        for typed in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let digit = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET
                .iter()
                .position(|letter| char::from(*letter) == digit)?;
            for bit in (0..5).rev() {
                let place = bytes.get_mut(bits / 8)?;
                *place |= u8::from(value >> bit & 1 == 1) << (7 - bits % 8);
                bits += 1;
            }
        }
        (bits == BYTES * 8).then_some(Self(bytes))
    }

    /// The code as it is shown.
    ///
    /// ```
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// assert_eq!(RecoveryCode::generate()?.text().expose().split('-').count(), 8);
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> Secret {
        let mut text = Zeroizing::new(String::with_capacity(39));
        for (at, group) in self.0.chunks(5).flat_map(fives).enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(group)]));
        }
        Secret::from(text)
    }

    /// The slot's secret.
    ///
    /// ```
    /// use keyseal::vault::slot::RecoveryCode;
    ///
    /// assert_eq!(RecoveryCode::generate()?.secret().len(), 20);
    /// # Ok::<(), keyseal::envelope::SealError>(())
    /// ```
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &*self.0
    }
}

/// Five bytes as eight groups of five bits.
fn fives(bytes: &[u8]) -> [u8; 8] {
    let whole = bytes
        .iter()
        .fold(0_u64, |whole, byte| whole << 8 | u64::from(*byte));
    core::array::from_fn(|at| (whole >> (35 - 5 * at) & 31) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_as_people_write_it() {
        let code = RecoveryCode(Zeroizing::new(
            *b"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf",
        ));
        let text = code.text();
        assert_eq!(text.expose(), "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ");
        for typed in [
            text.expose().to_owned(),
            text.expose().to_lowercase().replace('-', " "),
            text.expose().replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(
                RecoveryCode::parse(&typed).expect("read").secret(),
                code.secret(),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_is_not_a_whole_code_is_not_read() {
        let text = RecoveryCode::generate().unwrap().text();
        let text = text.expose();
        for bad in [
            "",
            "0123",
            &text[..38],
            &format!("{text}0"),
            &text.replace(&text[..1], "U"),
        ] {
            assert!(RecoveryCode::parse(bad).is_none(), "{bad}");
        }
    }
}
