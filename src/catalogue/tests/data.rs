//! `docs/providers.md` says what the data file says.

use std::fmt::Write as _;

use serde_json::Value;

use crate::catalogue::{Category, DATE, all};

const DATA: &str = include_str!("../providers.json");
const PAGE: &str = include_str!("../../../docs/providers.md");

fn data() -> Value {
    serde_json::from_str(DATA).expect("build.rs has read it")
}

#[test]
fn the_page_on_providers_is_what_the_data_says() {
    assert!(
        PAGE == page(),
        "run: cargo test -p keyseal write_the_page -- --ignored"
    );
}

#[test]
#[ignore = "writes docs/providers.md"]
fn write_the_page_on_providers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md");
    std::fs::write(path, page()).expect("docs/ is writable");
}

#[test]
fn every_provider_stands_in_a_category_of_the_page() {
    let of = |id: &str| all().iter().find(|p| p.id == id).map(|p| p.categories);
    assert!(all().iter().all(|provider| !provider.categories.is_empty()));
    assert_eq!(of("openai").map(|c| c[0]), Some(Category::Llm));
    assert_eq!(of("bfl"), Some(&[Category::Image][..]));
    assert_eq!(of("runway"), Some(&[Category::Video, Category::Image][..]));
    assert_eq!(of("deepgram"), Some(&[Category::Audio][..]));
    assert_eq!(
        of("perplexity"),
        Some(&[Category::Llm, Category::Research][..])
    );
    assert_eq!(of("cohere"), Some(&[Category::Llm, Category::Research][..]));
    assert_eq!(of("voyage"), Some(&[Category::Llm, Category::Research][..]));
    assert_eq!(of("tavily"), Some(&[Category::Research][..]));
}

#[test]
fn names_are_serialised_as_they_are_called() {
    let json = |value: Result<Value, _>| value.expect("a name");
    for provider in all() {
        let (cost, cors) = (provider.test_cost, provider.cors);
        assert_eq!(json(serde_json::to_value(cost)), cost.as_str());
        assert_eq!(json(serde_json::to_value(cors)), cors.as_str());
        for category in provider.categories {
            assert_eq!(json(serde_json::to_value(category)), category.as_str());
        }
    }
}

#[test]
fn every_fact_says_how_sure_it_is() {
    fn check(value: &Value, path: &str) {
        match value {
            Value::Object(object) => {
                if object.contains_key("value") {
                    assert!(object.contains_key("certainty"), "{path}");
                }
                for (name, member) in object {
                    check(member, &format!("{path}.{name}"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| check(item, path)),
            _ => {}
        }
    }
    for provider in data()["providers"].as_array().into_iter().flatten() {
        check(provider, provider["id"].as_str().unwrap_or_default());
    }
}

fn page() -> String {
    let data = data();
    let mut page = format!(
        "# Providers\n\n\
         Made from `src/catalogue/providers.json`; a test keeps the two alike. As of {DATE}.\n\n\
         **No provider was ever called.** Every fact below was read in public code or in stored \
         documentation, or is remembered. What stands behind each says how sure it is:\n\n\
         | mark | means |\n|---|---|\n\
         | D | documented: the vendor's own pages, or an index of them |\n\
         | C | seen in code: public source code |\n\
         | M | from memory: check it before you rely on it |\n\n\
         Shapes pre-select a provider and warn; they never refuse a key. A shape marked *plain* is so \
         distinctive that the companion refuses it as a plain key wherever it turns up \
         (`plaintext_refused`). A provider's other hosts are reached by their name behind its id, as in \
         `/forward/fal:queue/fal-ai/flux/dev`, with the same key; a key that belongs to a region may \
         instead have that host sealed into it. A test of a key never costs money: it is free, or one request of a free \
         quota, or a request that the provider rejects before billing (*may cost*: it is not known for \
         certain that it does).\n\n\
         The credential's form, the URL of an inference call and the test call of all 51 are compared by a \
         test with what other people's code or the vendors' pages say: \
         `src/catalogue/tests/expected.json` names the source of each.\n\n\
         A correction is welcome: change the data file, then run \
         `cargo test -p keyseal write_the_page -- --ignored`.\n"
    );
    overview(&mut page, &data);
    for provider in data["providers"].as_array().into_iter().flatten() {
        one(&mut page, provider);
    }
    page
}

fn overview(page: &mut String, data: &Value) {
    page.push_str("\n## Overview\n\n| id | name | for | test | chat | in a page |\n|---|---|---|---|---|---|\n");
    for p in data["providers"].as_array().into_iter().flatten() {
        let chat = if p["chatPath"].is_null() { "" } else { "yes" };
        let cost = words(text(&p["test"]["cost"]));
        let _ = writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} | {cost} | {chat} | {3} |",
            text(&p["id"]),
            text(&p["name"]),
            texts(&p["categories"]).join(", "),
            text(&p["cors"]["value"]),
        );
    }
}

fn one(page: &mut String, p: &Value) {
    let notes = p["notes"]
        .as_str()
        .map(|notes| format!(". {notes}"))
        .unwrap_or_default();
    let _ = writeln!(
        page,
        "\n## {}\n\n{}{notes}",
        text(&p["id"]),
        text(&p["name"])
    );
    page.push_str("\n| fact | | sure | from |\n|---|---|---|---|\n");
    let mut row = |name: &str, value: String, fact: &Value| {
        let _ = writeln!(
            page,
            "| {name} | {value} | {} | {} |",
            mark(fact),
            text(&fact["source"])
        );
    };
    if !text(&p["dashboard"]["value"]).is_empty() {
        row(
            "dashboard",
            format!("<{}>", text(&p["dashboard"]["value"])),
            &p["dashboard"],
        );
    }
    let origin = Some(text(&p["base"]["origin"])).filter(|o| !o.is_empty());
    let base = format!(
        "`{}{}`",
        origin.unwrap_or("(host of its own)"),
        text(&p["base"]["path"])
    );
    row("base URL", base, &p["base"]);
    for host in p["hosts"].as_array().into_iter().flatten() {
        row("other host", other_host(p, host), host);
    }
    row("key", header(&p["auth"]), &p["auth"]);
    for elsewhere in p["auth"]["elsewhere"].as_array().into_iter().flatten() {
        row(
            &format!("key below `{}`", text(&elsewhere["below"])),
            header(elsewhere),
            &p["auth"],
        );
    }
    for (name, value) in p["extraHeaders"]["value"].as_object().into_iter().flatten() {
        row(
            "header",
            format!("`{name}: {}`", text(value)),
            &p["extraHeaders"],
        );
    }
    for shape in p["shapes"].as_array().into_iter().flatten() {
        row("key shape", describe(shape), shape);
    }
    let test = &p["test"];
    row("test", describe_test(test), test);
    for answer in p["badIf"].as_array().into_iter().flatten() {
        row(
            "bad key",
            format!("{} with `{}`", answer["status"], text(&answer["contains"])),
            answer,
        );
    }
    for (name, member) in [("limited key", "limitedIf"), ("key has to rest", "restIf")] {
        for answer in p[member].as_array().into_iter().flatten() {
            row(
                name,
                format!("{} with `{}`", answer["status"], text(&answer["contains"])),
                answer,
            );
        }
    }
    if !p["forbidden"].is_null() {
        row(
            "a 403 concerns",
            text(&p["forbidden"]["value"]).to_owned(),
            &p["forbidden"],
        );
    }
    if !p["chatPath"].is_null() {
        row(
            "chat",
            format!("`{}`", text(&p["chatPath"]["value"])),
            &p["chatPath"],
        );
    }
    if !p["defaultModel"].is_null() {
        row(
            "default model",
            format!("`{}`", text(&p["defaultModel"]["value"])),
            &p["defaultModel"],
        );
    }
    row(
        "forwarded below",
        codes(&p["forward"]["below"]),
        &p["forward"],
    );
    let encoded = codes(&p["forward"]["encodedSlashBelow"]);
    if !encoded.is_empty() {
        row("ids with `%2F` below", encoded, &p["forward"]);
    }
    let stateless = codes(&p["forward"]["stateless"]);
    row(
        "keeps nothing",
        if stateless.is_empty() {
            "none".into()
        } else {
            stateless
        },
        &p["forward"],
    );
    row(
        "calls from a page",
        text(&p["cors"]["value"]).to_owned(),
        &p["cors"],
    );
}

fn other_host(p: &Value, host: &Value) -> String {
    let origin = text(&host["origin"]);
    let Some(name) = host["name"].as_str() else {
        return format!("`{origin}`, for the test alone");
    };
    let below = codes(&host["below"]);
    let what = if below.is_empty() {
        "a region, which may be sealed into the key".to_owned()
    } else {
        format!("forwarded below {below}")
    };
    format!("`{origin}` at `/forward/{}:{name}`, {what}", text(&p["id"]))
}

fn describe(shape: &Value) -> String {
    let part = |part: &Value| match part {
        Value::String(text) => text.clone(),
        run => {
            let (class, length) = run
                .as_object()
                .and_then(|o| o.iter().next())
                .expect("a run");
            match length.as_array().map(Vec::as_slice) {
                Some([min]) => format!("[{class} {min}+]"),
                Some([min, max]) => format!("[{class} {min}–{max}]"),
                _ => format!("[{class} {length}]"),
            }
        }
    };
    let parts: String = shape["parts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(part)
        .collect();
    let flags = ["plain", "loose", "mixed", "secondary"]
        .into_iter()
        .filter(|f| shape[f] == true);
    let mut words: Vec<_> = flags.map(str::to_owned).collect();
    if let Some(message) = shape["refused"]["message"].as_str() {
        words.push(format!("\u{201c}{message}\u{201d}"));
    }
    format!("`{parts}` {}", words.join(", "))
        .trim_end()
        .to_owned()
}

fn describe_test(test: &Value) -> String {
    let mut out = format!(
        "`{} {}{}`, {}",
        text(&test["method"]),
        text(&test["origin"]),
        text(&test["path"]),
        words(text(&test["cost"])),
    );
    for (name, meaning) in [
        ("accepted", "valid"),
        ("limited", "limited"),
        ("invalid", "invalid"),
    ] {
        let statuses = test[name]
            .as_array()
            .into_iter()
            .flatten()
            .map(ToString::to_string);
        let statuses: Vec<_> = statuses.collect();
        if !statuses.is_empty() {
            let _ = write!(out, "; {}: {meaning}", statuses.join(", "));
        }
    }
    for extra in [&test["note"], &test["advice"]] {
        if let Some(text) = extra.as_str() {
            let _ = write!(out, ". {}", text.trim_end_matches('.'));
        }
    }
    out
}

fn header(auth: &Value) -> String {
    format!("`{}: {}…`", text(&auth["header"]), text(&auth["scheme"]))
}

fn mark(fact: &Value) -> &'static str {
    match text(&fact["certainty"]) {
        "documented" => "D",
        "seen_in_code" => "C",
        _ => "M",
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn codes(list: &Value) -> String {
    texts(list)
        .iter()
        .map(|text| format!("`{text}`"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
