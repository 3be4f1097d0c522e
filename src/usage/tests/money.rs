use super::super::MicroUsd;

#[test]
fn amounts_are_read_without_floating_point() {
    for (text, micro) in [
        ("0", 0),
        ("0.0", 0),
        ("1", 1_000_000),
        ("0.00014", 140),
        ("1.4e-4", 140),
        ("1.4E-04", 140),
        ("12.609e-3", 12_609),
        ("5e0", 5_000_000),
        ("2e+1", 20_000_000),
        ("0.000001", 1),
        ("0.0000001", 1),
        ("0.0000010001", 1),
        ("0.000001001", 2),
        ("0.00010000000000000001", 100),
        ("0.1000000000000000055511151231257827", 100_000),
        ("0.00000000001", 0),
    ] {
        assert_eq!(
            MicroUsd::from_dollars(text),
            Some(MicroUsd(micro)),
            "{text}"
        );
    }
    assert_eq!(MicroUsd::scaled("37756000", -10), Some(MicroUsd(3_776)));
    assert_eq!(MicroUsd::scaled("200000000", -10), Some(MicroUsd(20_000)));
}

#[test]
fn what_is_no_amount_is_none() {
    for text in [
        "",
        "-1",
        "-0",
        "+1",
        ".5",
        "1e",
        "1e999",
        "1e-999999999999",
        "x",
        "null",
        "\"1\"",
        "{}",
        "1 ",
        "99999999999999999999999999999999999999999",
        "1e30",
        "NaN",
    ] {
        assert_eq!(MicroUsd::from_dollars(text), None, "{text}");
    }
}
