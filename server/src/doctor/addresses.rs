//! Where it listens, what browsers call it, and whose pages may call or hold it.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::Report;
use crate::config::Config;

const ABOUT: &str = "addresses";

pub fn examine(report: &mut Report, config: &Config) {
    public_url(report, config);
    metrics(report, config);
    origins(report, config);
    page(report, config);
}

fn public_url(report: &mut Report, config: &Config) {
    let (url, listen) = (config.public_url(), config.listen);
    if config.is_plain_to_others() {
        return report.problem(
            ABOUT,
            format!("Other machines reach {listen} by plain http, and tokens with it."),
            "Put TLS in front and say https in `public_url`, or listen on 127.0.0.1.",
        );
    }
    let Ok(parsed) = Url::parse(&url) else {
        return;
    };
    let here = is_loopback(&parsed);
    if !config.is_local() && here {
        return report.warning(
            ABOUT,
            format!("`public_url` is {url}, which only this machine can call."),
            "Where users have other machines, say the https address that they call.",
        );
    }
    let own = parsed.port_or_known_default() == Some(listen.port());
    if config.is_local() && !own && listen.port() != 0 {
        return report.warning(
            ABOUT,
            format!("`public_url` is {url}, and it listens on {listen}."),
            "They should name one port, unless something in between passes requests on.",
        );
    }
    report.ok(
        ABOUT,
        format!("It listens on {listen}, and browsers call it {url}."),
    );
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn metrics(report: &mut Report, config: &Config) {
    let Some(at) = config.metrics_listen else {
        return;
    };
    let same_ip = at.ip() == config.listen.ip() || config.listen.ip().is_unspecified();
    if at.port() != 0 && at.port() == config.listen.port() && same_ip {
        return report.problem(
            ABOUT,
            format!("`metrics_listen` is the address of `listen`, {at}."),
            "Give it a port of its own.",
        );
    }
    if is_open(at) {
        return report.warning(
            ABOUT,
            format!("`metrics_listen` is {at}, where whoever reaches this machine can read."),
            "Listen on loopback or a private address, or let only your collector through.",
        );
    }
    report.ok(
        ABOUT,
        format!("The metrics are at {at}, which is not public."),
    );
}

/// Neither loopback nor of a private network (RFC 1918, 4193, 3927, 6598).
fn is_open(address: SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || shared)
        }
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

fn origins(report: &mut Report, config: &Config) {
    let own = config.public_origin().0;
    let lists = [
        ("cors.origins", &config.cors_origins),
        ("frame.origins", &config.frame_origins),
    ];
    for (key, origin) in lists
        .into_iter()
        .flat_map(|(key, all)| all.iter().map(move |one| (key, one)))
    {
        let plain =
            Url::parse(origin).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
        if plain {
            report.problem(
                ABOUT,
                format!("`{key}` lets in {origin}, whose pages anyone on the way can change."),
                "Name its https address.",
            );
        } else if *origin == own && key == "frame.origins" {
            report.warning(
                ABOUT,
                format!("`{key}` names {origin}, the companion's own origin."),
                "The frame isolates only from pages of other origins.",
            );
        }
    }
}

fn page(report: &mut Report, config: &Config) {
    let Some(dir) = &config.page_dir else {
        if !config.frame_origins.is_empty() {
            report.problem(
                ABOUT,
                "`frame.origins` is set and `page_dir` is not: there is no frame.",
                "Name the folder of the built page, `www/dist`.",
            );
        }
        return;
    };
    let framed = config.frame_origins.is_empty() || dir.join("frame/index.html").is_file();
    if dir.join("index.html").is_file() && framed {
        return report.ok(ABOUT, format!("The page is in {}.", dir.display()));
    }
    report.problem(
        ABOUT,
        format!("`page_dir` {} holds no built page.", dir.display()),
        "Build it with `npm run build` and name `www/dist`.",
    );
}
