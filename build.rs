//! Compiles the provider catalogue, `src/catalogue/providers.json`, into static tables.
//!
//! What it writes is Rust source for `src/catalogue/table.rs`. A mistake in the data (an unknown
//! member, a host with a path, a shape that would refuse somebody's label as a key) stops the build.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs, path::Path};

use serde::Deserialize;

const DATA: &str = "src/catalogue/providers.json";

fn main() {
    println!("cargo::rerun-if-changed={DATA}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(DATA).expect("the catalogue's data file is part of the source");
    let file: File = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{DATA}: {error}"));
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo speaks to build scripts so"
    )]
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("catalogue.rs"), source(&file)).expect("OUT_DIR is writable");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    date: String,
    #[serde(rename = "about")]
    _about: Vec<String>,
    providers: Vec<Provider>,
}

/// Where a fact comes from. Read by the table in `docs/providers.md`; here only its form is checked.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Certainty {
    Documented,
    SeenInCode,
    FromMemory,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact<T> {
    value: T,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Provider {
    id: String,
    name: String,
    #[serde(default)]
    demo: bool,
    categories: Vec<String>,
    dashboard: Fact<String>,
    base: Base,
    #[serde(default)]
    custom_host: bool,
    extra_hosts: Option<Fact<Vec<String>>>,
    shapes: Vec<Shape>,
    auth: Auth,
    extra_headers: Option<Fact<BTreeMap<String, String>>>,
    test: Option<Test>,
    chat_path: Option<Fact<String>>,
    default_model: Option<Fact<String>>,
    forward: Forward,
    forbidden: Option<Fact<String>>,
    #[serde(default)]
    missing_scope: Vec<Answer>,
    cors: Fact<String>,
    #[serde(rename = "notes", default)]
    _notes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    origin: String,
    path: String,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    parts: Vec<Part>,
    #[serde(default)]
    plain: bool,
    #[serde(default)]
    secondary: bool,
    refused: Option<Refused>,
    certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    code: String,
    message: String,
}

/// `"sk-"`, `{"hex": 64}`, `{"word": [20, 200]}`, `{"word": [20]}` (no upper bound) or `{"uuid": 1}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Run(BTreeMap<String, Length>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Length {
    Exact(u16),
    Range(Vec<u16>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    header: String,
    scheme: String,
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    below: String,
    header: String,
    scheme: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Test {
    method: String,
    origin: Option<String>,
    path: String,
    body: Option<serde_json::Value>,
    cost: String,
    #[serde(default)]
    accepted: Vec<u16>,
    #[serde(default)]
    limited: Vec<u16>,
    #[serde(default)]
    invalid: Vec<u16>,
    #[serde(default)]
    ok_only_if: Option<String>,
    advice: Option<String>,
    #[serde(rename = "note", default)]
    _note: Option<String>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    below: Vec<String>,
    stateless: Vec<String>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    contains: String,
}

fn source(file: &File) -> String {
    let mut out = String::new();
    let (demo, all): (Vec<_>, Vec<_>) = file.providers.iter().partition(|p| p.demo);
    assert!(demo.len() == 1, "exactly one provider is the demo");
    let _ = writeln!(out, "pub(super) const DATE: &str = {:?};", file.date);
    let _ = writeln!(out, "pub(super) static ALL: [Provider; {}] = [", all.len());
    for provider in &all {
        let shared = |text: &str| {
            file.providers.iter().any(|other| {
                other.id != provider.id
                    && other
                        .shapes
                        .iter()
                        .any(|s| !s.secondary && first_text(s) == text)
            })
        };
        let _ = writeln!(out, "{},", literal(provider, &shared));
    }
    let _ = writeln!(
        out,
        "];\npub(super) static DEMO: Provider = {};",
        literal(demo[0], &|_| false)
    );
    let mut ids: Vec<_> = file.providers.iter().map(|p| &p.id).collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() == file.providers.len(), "provider ids are unique");
    out
}

fn literal(p: &Provider, shared: &dyn Fn(&str) -> bool) -> String {
    check(p);
    let shapes: Vec<_> = p.shapes.iter().map(|s| shape(p, s, shared)).collect();
    format!(
        "Provider {{ id: {:?}, name: {:?}, categories: &[{}], dashboard: {:?}, base_path: {:?}, \
         custom_host: {}, shapes: &[{}], test_cost: TestCost::{}, cors: Cors::{}, \
         #[cfg(feature = \"companion\")] wire: {} }}",
        p.id,
        p.name,
        list(
            p.categories
                .iter()
                .map(|c| format!("Category::{}", pascal(c)))
        ),
        p.dashboard.value,
        p.base.path,
        p.custom_host,
        shapes.join(", "),
        p.test.as_ref().map_or("None".into(), |t| pascal(&t.cost)),
        pascal(&p.cors.value),
        wire(p),
    )
}

fn check(p: &Provider) {
    let id = &p.id;
    assert!(
        p.base.origin.is_empty() == (p.custom_host || p.demo),
        "{id}: only a provider with a host of the user's own has no origin"
    );
    let hosts = p.extra_hosts.iter().flat_map(|f| &f.value);
    let origins = [&p.base.origin]
        .into_iter()
        .chain(hosts)
        .chain(p.test.iter().flat_map(|t| &t.origin));
    for origin in origins.filter(|o| !o.is_empty()) {
        let host = origin
            .strip_prefix("https://")
            .unwrap_or_else(|| panic!("{id}: {origin}: https only"));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        assert!(
            host.contains('.') && host.chars().all(plain),
            "{id}: {origin} is not an origin"
        );
    }
    let paths = p.forward.below.iter().chain(&p.forward.stateless);
    let paths = paths
        .chain(p.chat_path.iter().map(|f| &f.value))
        .chain(p.test.iter().map(|t| &t.path));
    for path in paths {
        assert!(
            path.starts_with('/') && !path.contains("//"),
            "{id}: {path} is not a path"
        );
    }
    for prefix in p.forward.below.iter().chain([&p.base.path]) {
        assert!(
            prefix == "/" || !prefix.ends_with('/'),
            "{id}: {prefix} ends with a slash"
        );
    }
    if let Some(test) = &p.test {
        let known = p
            .extra_hosts
            .iter()
            .flat_map(|f| &f.value)
            .any(|h| Some(h) == test.origin.as_ref());
        assert!(
            test.origin.is_none() || known,
            "{id}: the test's host is not among extraHosts"
        );
    }
}

fn wire(p: &Provider) -> String {
    let none = Vec::new();
    let hosts = p.extra_hosts.as_ref().map_or(&none, |f| &f.value);
    let headers = p.extra_headers.iter().flat_map(|f| &f.value);
    let elsewhere = p.auth.elsewhere.iter();
    let scopes = p.missing_scope.iter();
    format!(
        "Wire {{ origin: {:?}, extra_hosts: &{:?}, auth: {}, auth_elsewhere: &[{}], \
         extra_headers: &[{}], test: {}, path_prefixes: &{:?}, stateless: &{:?}, chat_path: {:?}, \
         default_model: {:?}, forbidden: Forbidden::{}, missing_scope: &[{}], custom_host: {} }}",
        p.base.origin,
        hosts,
        auth(&p.auth.header, &p.auth.scheme),
        list(elsewhere.map(|e| format!("({:?}, {})", e.below, auth(&e.header, &e.scheme)))),
        list(headers.map(|(name, value)| format!("({:?}, {value:?})", name.to_lowercase()))),
        p.test
            .as_ref()
            .map_or("None".into(), |t| format!("Some({})", test(t))),
        p.forward.below,
        p.forward.stateless,
        p.chat_path.as_ref().map(|f| &f.value),
        p.default_model.as_ref().map(|f| &f.value),
        p.forbidden
            .as_ref()
            .map_or("Unknown".into(), |f| pascal(&f.value)),
        list(scopes.map(|a| format!(
            "Answer {{ status: {}, contains: {:?} }}",
            a.status, a.contains
        ))),
        p.custom_host,
    )
}

fn auth(header: &str, scheme: &str) -> String {
    assert!(
        scheme.is_empty() || scheme.ends_with(' '),
        "{header}: a scheme ends with a space"
    );
    format!(
        "Auth {{ header: {:?}, scheme: {scheme:?} }}",
        header.to_lowercase()
    )
}

fn test(t: &Test) -> String {
    let body = t.body.as_ref().map(|b| b.to_string());
    format!(
        "TestCall {{ method: {:?}, origin: {:?}, path: {:?}, body: {body:?}, content_type: {:?}, \
         accepted: &{:?}, limited: &{:?}, invalid: &{:?}, ok_only_if: {:?}, advice: {:?} }}",
        t.method,
        t.origin,
        t.path,
        body.as_ref().map(|_| "application/json"),
        t.accepted,
        t.limited,
        t.invalid,
        t.ok_only_if,
        t.advice,
    )
}

fn first_text(s: &Shape) -> &str {
    match s.parts.first() {
        Some(Part::Text(text)) => text,
        _ => "",
    }
}

fn shape(p: &Provider, s: &Shape, shared: &dyn Fn(&str) -> bool) -> String {
    let parts: Vec<_> = s.parts.iter().flat_map(part).collect();
    let texts: usize = s
        .parts
        .iter()
        .map(|p| if let Part::Text(t) = p { t.len() } else { 0 })
        .sum();
    let first = first_text(s);
    if s.plain {
        // What a label, a random string, a JWT or a hash could be by chance must not count as a key.
        let least: usize = texts + s.parts.iter().map(|p| bounds(p).0 as usize).sum::<usize>();
        assert!(
            first.len() >= 3 && first != "eyJ",
            "{}: {first:?} is no distinctive prefix",
            p.id
        );
        assert!(
            least >= 20,
            "{}: {first:?} is too short to be told from a label",
            p.id
        );
    }
    // A prefix that several providers use says nothing certain, unless a longer text inside settles it.
    let sure = first.len() >= 3 && (!shared(first) || texts >= 8);
    let sure = sure && !s.secondary && !matches!(s.certainty, Certainty::FromMemory);
    let refused = s.refused.as_ref();
    format!(
        "Shape {{ parts: &[{}], sure: {sure}, plain: {}, secondary: {}, refused: {} }}",
        list(parts),
        s.plain,
        s.secondary,
        refused.map_or("None".into(), |r| format!(
            "Some(Warning {{ code: {:?}, message: {:?} }})",
            r.code, r.message
        )),
    )
}

fn bounds(part: &Part) -> (u16, u16) {
    let Part::Run(run) = part else { return (0, 0) };
    match run.values().next().expect("a run names its alphabet") {
        Length::Exact(n) => (*n, *n),
        Length::Range(r) => (r[0], r.get(1).copied().unwrap_or(u16::MAX)),
    }
}

fn part(part: &Part) -> Vec<String> {
    match part {
        Part::Text(text) => vec![format!("Part::Text({text:?})")],
        Part::Run(run) => {
            let class = run.keys().next().expect("a run names its alphabet");
            if class == "uuid" {
                return uuid();
            }
            let (min, max) = bounds(part);
            vec![format!("Part::Run(Class::{}, {min}, {max})", pascal(class))]
        }
    }
}

fn uuid() -> Vec<String> {
    let mut parts = Vec::new();
    for (i, n) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if i > 0 {
            parts.push("Part::Text(\"-\")".into());
        }
        parts.push(format!("Part::Run(Class::Hex, {n}, {n})"));
    }
    parts
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// `may_cost` is `MayCost` in Rust.
fn pascal(word: &str) -> String {
    let upper = |part: &str| part[..1].to_uppercase() + &part[1..];
    word.split('_').map(upper).collect()
}
