//! What the data must keep to, beyond its form.

use crate::data::{File, Provider, Shape};

pub fn file(file: &File) {
    let mut ids: Vec<_> = file.providers.iter().map(|provider| &provider.id).collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() == file.providers.len(), "provider ids are unique");
    assert!(
        file.providers.iter().filter(|p| p.demo).count() == 1,
        "there is one demo provider"
    );
    for provider in &file.providers {
        hosts(provider);
        paths(provider);
        for plain in provider.shapes.iter().filter(|shape| shape.plain) {
            is_distinctive(&provider.id, plain);
        }
    }
}

fn hosts(p: &Provider) {
    let id = &p.id;
    assert!(
        p.base.origin.is_empty() == (p.custom_host || p.demo),
        "{id}: only a provider with a host of the user's own has no origin"
    );
    let others = p.hosts.iter().map(|host| &host.origin);
    for origin in others
        .clone()
        .chain([&p.base.origin])
        .filter(|o| !o.is_empty())
    {
        let host = origin.strip_prefix("https://");
        let host = host.unwrap_or_else(|| panic!("{id}: {origin}: https only"));
        let of_a_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        assert!(
            host.contains('.') && host.chars().all(of_a_host),
            "{id}: {origin} is no origin"
        );
    }
    if let Some(origin) = p.test.as_ref().and_then(|test| test.origin.as_ref()) {
        assert!(
            others.clone().any(|other| other == origin),
            "{id}: the test's host is not among its hosts"
        );
    }
    for host in &p.hosts {
        let name = host.name.as_deref();
        assert!(
            name.is_none_or(|name| name.bytes().all(|b| b.is_ascii_lowercase()) && !name.is_empty()),
            "{id}: {name:?} is no name of a host"
        );
        assert!(
            name.is_some() || host.below.is_empty(),
            "{id}: a host for the test alone has no paths"
        );
    }
}

fn paths(p: &Provider) {
    let id = &p.id;
    let forwarded = p.forward.below.iter().chain(&p.forward.stateless);
    let fixed = p
        .chat_path
        .iter()
        .map(|fact| &fact.value)
        .chain(p.test.iter().map(|t| &t.path));
    for path in forwarded.chain(fixed) {
        assert!(
            path.starts_with('/') && !path.contains("//"),
            "{id}: {path} is no path"
        );
    }
    let of_hosts = p.hosts.iter().flat_map(|host| &host.below);
    let encoded = &p.forward.encoded_slash_below;
    let prefixes = p.forward.below.iter().chain(of_hosts).chain(encoded);
    for prefix in prefixes.chain([&p.base.path]) {
        assert!(
            prefix == "/" || !prefix.ends_with('/'),
            "{id}: {prefix} ends with a slash"
        );
    }
}

/// What a label, a random string, a hash or a JWT can be by chance must not count as a key.
fn is_distinctive(id: &str, shape: &Shape) {
    let prefix = shape.prefix();
    assert!(
        prefix.len() >= 3 && prefix != "eyJ",
        "{id}: {prefix:?} is no distinctive prefix"
    );
    assert!(
        shape.shortest() >= 20,
        "{id}: {prefix:?} is too short to be told from a label"
    );
}
