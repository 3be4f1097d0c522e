//! Rows as CSV (RFC 4180), for spreadsheets: no cell begins a formula.

use axum::response::Response;

use super::{Rows, attachment, entry_of, view::money};
use crate::clock;
use crate::store::{Counts, Dimension, Part};

const SUMS: [&str; 15] = [
    "requests",
    "failedRequests",
    "unknownRequests",
    "uncountedRequests",
    "inputTokens",
    "cachedTokens",
    "cacheWriteTokens",
    "outputTokens",
    "reasoningTokens",
    "totalTokens",
    "images",
    "audioSeconds",
    "characters",
    "estimatedCostUsd",
    "feeUsd",
];

/// The whole page; what is unknown is an empty cell.
pub fn answer(by: &[Dimension], rows: Rows<'_>, next: Option<&str>) -> Response {
    attachment(text(by, rows), next)
}

fn text(by: &[Dimension], rows: Rows<'_>) -> String {
    let mut out = String::new();
    let names = by.iter().flat_map(|by| match by {
        Dimension::Entry => vec!["credential", "entry"],
        other => vec![other.as_str()],
    });
    line(&mut out, names.chain(SUMS).map(str::to_owned));
    for row in rows {
        let key = row.key.iter().zip(by).flat_map(|(part, by)| match part {
            Part::Day(day) => vec![clock::date(*day)],
            Part::Text(credential) if *by == Dimension::Entry => {
                let (id, kind) = entry_of(credential);
                vec![kind.to_owned(), id.unwrap_or_default().to_owned()]
            }
            Part::Text(text) => vec![text.clone()],
        });
        line(&mut out, key.chain(sums(&row.counts)));
    }
    out
}

fn sums(counts: &Counts) -> [String; 15] {
    let number = |count: i64| count.to_string();
    let amount = |sum: i64| {
        let known = money(counts, sum);
        known.map_or_else(String::new, |micro| decimal(micro, 1_000_000))
    };
    [
        number(counts.requests),
        number(counts.failed),
        number(counts.unpriced),
        number(counts.uncounted),
        number(counts.input_tokens),
        number(counts.cached_tokens),
        number(counts.cache_write_tokens),
        number(counts.output_tokens),
        number(counts.reasoning_tokens),
        number(counts.input_tokens.saturating_add(counts.output_tokens)),
        number(counts.images),
        decimal(counts.audio_ms, 1_000),
        number(counts.characters),
        amount(counts.cost_micro_usd),
        amount(counts.fee_micro_usd),
    ]
}

/// `number / unit` with all its decimals, exactly.
fn decimal(number: i64, unit: i64) -> String {
    let width = unit.ilog10() as usize;
    format!("{}.{:0width$}", number / unit, number % unit)
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (index, text) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        cell(out, &text);
    }
    out.push_str("\r\n");
}

/// Spreadsheets take what begins so for a formula, also in quotes (OWASP, CSV injection).
fn cell(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quoted = formula || text.contains([',', '"', '\r', '\n', ';', '\'', ' ']);
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UsageRow;

    fn row(key: Vec<Part>, counts: Counts) -> UsageRow {
        UsageRow { key, counts }
    }

    #[test]
    fn amounts_are_exact_and_the_unknown_is_empty() {
        let known = Counts {
            requests: 2,
            priced: 1,
            unpriced: 1,
            cost_micro_usd: 12_000_003,
            audio_ms: 1_050,
            ..Counts::default()
        };
        let unknown = Counts {
            requests: 1,
            unpriced: 1,
            ..Counts::default()
        };
        let rows = [
            row(vec![Part::Day(20_717)], known),
            row(vec![Part::Day(20_718)], unknown),
        ];
        let text = text(&[Dimension::Day], &rows);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("day,requests,failedRequests,"));
        assert_eq!(
            lines[1],
            "2026-09-21,2,0,1,0,0,0,0,0,0,0,0,1.050,0,12.000003,0.000000"
        );
        assert_eq!(lines[2], "2026-09-22,1,0,1,0,0,0,0,0,0,0,0,0.000,0,,");
        assert_eq!(lines[3], "");
    }

    #[test]
    fn no_cell_begins_a_formula_or_leaves_its_place() {
        for (text, expected) in [
            ("gpt-4o", "gpt-4o"),
            ("=cmd|'/c'!A1", "\"'=cmd|'/c'!A1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ] {
            let mut out = String::new();
            cell(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
