//! Rust source of the static tables.

use crate::data::{Answer, File, Part, Provider, Shape, Test};

pub fn of(file: &File) -> String {
    let (demo, all): (Vec<_>, Vec<_>) = file.providers.iter().partition(|p| p.demo);
    let entries = all
        .iter()
        .map(|p| provider(p, file))
        .collect::<Vec<_>>()
        .join(",\n");
    let demo = provider(demo[0], file);
    format!(
        "pub(super) const DATE: &str = {:?};\n\
         pub(super) static ALL: [Provider; {}] = [\n{entries}\n];\n\
         pub(super) static DEMO: Provider = {demo};\n",
        file.date,
        all.len(),
    )
}

fn provider(p: &Provider, file: &File) -> String {
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
        list(p.shapes.iter().map(|s| shape(s, is_sure(p, s, file)))),
        p.test.as_ref().map_or("None".into(), |t| pascal(&t.cost)),
        pascal(&p.cors.value),
        wire(p),
    )
}

/// A prefix that keys of several providers have settles nothing, unless longer fixed text does.
fn is_sure(p: &Provider, s: &Shape, file: &File) -> bool {
    let prefix = s.prefix();
    let others = file.providers.iter().filter(|other| other.id != p.id);
    let mut shapes = others.flat_map(|other| &other.shapes);
    let shared = shapes.any(|o| o.prefix() == prefix && !o.secondary && !o.is_from_memory());
    prefix.len() >= 3 && (!shared || s.fixed() >= 8) && !s.secondary && !s.is_from_memory()
}

fn shape(s: &Shape, sure: bool) -> String {
    let refused = s.refused.as_ref().map_or("None".into(), |refused| {
        format!(
            "Some(Warning {{ code: {:?}, message: {:?} }})",
            refused.code, refused.message
        )
    });
    format!(
        "Shape {{ parts: &[{}], sure: {sure}, known: {}, plain: {}, loose: {}, mixed: {}, \
         secondary: {}, refused: {refused} }}",
        list(s.parts.iter().flat_map(part)),
        !s.is_from_memory(),
        s.plain,
        s.loose,
        s.mixed,
        s.secondary,
    )
}

fn part(part: &Part) -> Vec<String> {
    match part {
        Part::Text(text) => vec![format!("Part::Text({text:?})")],
        Part::Run(_) => match part.run().expect("it is a run") {
            ("uuid", ..) => uuid(),
            (class, min, max) => vec![format!("Part::Run(Class::{}, {min}, {max})", pascal(class))],
        },
    }
}

fn uuid() -> Vec<String> {
    let runs = [8, 4, 4, 4, 12].map(|n| vec![format!("Part::Run(Class::Hex, {n}, {n})")]);
    runs.join(&"Part::Text(\"-\")".to_owned())
}

fn wire(p: &Provider) -> String {
    let hosts = p.hosts.iter().map(|host| {
        format!(
            "Host {{ name: {:?}, origin: {:?}, path_prefixes: &{:?} }}",
            host.name, host.origin, host.below
        )
    });
    let headers = p.extra_headers.iter().flat_map(|fact| &fact.value);
    let elsewhere = p.auth.elsewhere.iter();
    format!(
        "Wire {{ origin: {:?}, hosts: &[{}], auth: {}, auth_elsewhere: &[{}], \
         extra_headers: &[{}], test: {}, path_prefixes: &{:?}, stateless: &{:?}, chat_path: {:?}, \
         default_model: {:?}, forbidden: Forbidden::{}, bad_if: &[{}], limited_if: &[{}], rest_if: &[{}], \
         encoded_slash_below: &{:?} }}",
        p.base.origin,
        list(hosts),
        auth(&p.auth.header, &p.auth.scheme),
        list(elsewhere.map(|e| format!("({:?}, {})", e.below, auth(&e.header, &e.scheme)))),
        list(headers.map(|(name, value)| format!("({:?}, {value:?})", name.to_lowercase()))),
        p.test
            .as_ref()
            .map_or("None".into(), |t| format!("Some({})", test(t))),
        p.forward.below,
        p.forward.stateless,
        p.chat_path.as_ref().map(|fact| &fact.value),
        p.default_model.as_ref().map(|fact| &fact.value),
        p.forbidden
            .as_ref()
            .map_or("Unknown".into(), |fact| pascal(&fact.value)),
        list(p.bad_if.iter().map(answer)),
        list(p.limited_if.iter().map(answer)),
        list(p.rest_if.iter().map(answer)),
        p.forward.encoded_slash_below,
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

fn answer(a: &Answer) -> String {
    format!(
        "Answer {{ status: {}, contains: {:?} }}",
        a.status, a.contains
    )
}

fn test(t: &Test) -> String {
    let body = t.body.as_ref().map(ToString::to_string);
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

fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// `may_cost` is `MayCost` in Rust.
fn pascal(word: &str) -> String {
    word.split('_')
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect()
}
