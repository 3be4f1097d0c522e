//! Which network addresses a request may be sent to.
//!
//! Judged on the address that is about to be connected to, after every notation of it has been
//! resolved: a filter on names or text is what CVE-2024-37895 and CVE-2026-31943 got around.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

/// How far a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet.
    Public,
    /// Also the operator's own networks (`allow_private`, for the configured origin alone).
    Private,
    /// This one socket and no other: the built-in demo provider.
    Only(SocketAddr),
}

impl Reach {
    /// Whether a connection to `to` is allowed.
    pub fn admits(self, to: SocketAddr) -> bool {
        match (self, class(to.ip())) {
            (Self::Only(one), _) => to == one,
            (Self::Public, class) => class == Class::Public,
            (Self::Private, class) => class != Class::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Public,
    /// Somebody's own network: reachable only where the operator says so.
    Private,
    /// No provider lives there, whatever the configuration says.
    Never,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(high: u128, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits(high), prefix)
}

/// The IANA special-purpose registry for IPv4, and one cloud's public address for its own agents.
const V4: &[(Ipv4Net, Class)] = &[
    (v4(0, 0, 0, 0, 8), Class::Never),    // unspecified, "this network"
    (v4(10, 0, 0, 0, 8), Class::Private), // RFC 1918
    (v4(100, 64, 0, 0, 10), Class::Private), // carrier-grade NAT
    (v4(127, 0, 0, 0, 8), Class::Private), // loopback
    (v4(168, 63, 129, 16, 32), Class::Never), // Azure's wire server
    (v4(169, 254, 0, 0, 16), Class::Private), // link-local, cloud metadata
    (v4(172, 16, 0, 0, 12), Class::Private), // RFC 1918
    (v4(192, 0, 0, 0, 24), Class::Never), // protocol assignments
    (v4(192, 0, 2, 0, 24), Class::Never), // documentation
    (v4(192, 31, 196, 0, 24), Class::Never), // AS112
    (v4(192, 52, 193, 0, 24), Class::Never), // AMT
    (v4(192, 88, 99, 0, 24), Class::Never), // 6to4 relay
    (v4(192, 168, 0, 0, 16), Class::Private), // RFC 1918
    (v4(192, 175, 48, 0, 24), Class::Never), // AS112
    (v4(198, 18, 0, 0, 15), Class::Never), // benchmarks
    (v4(198, 51, 100, 0, 24), Class::Never), // documentation
    (v4(203, 0, 113, 0, 24), Class::Never), // documentation
    (v4(224, 0, 0, 0, 4), Class::Never),  // multicast
    (v4(240, 0, 0, 0, 4), Class::Never),  // reserved, broadcast
];

/// First match counts. Whatever is not listed and not in 2000::/3 is never reached: IPv4-mapped
/// and -compatible, multicast, discard-only, local NAT64 and all that IANA has not assigned.
const V6: &[(Ipv6Net, Class)] = &[
    (v6(1, 128), Class::Private),                   // ::1
    (v6(0xfc00 << 112, 7), Class::Private),         // unique local
    (v6(0xfe80 << 112, 10), Class::Private),        // link-local
    (v6(0x2001 << 112, 23), Class::Never),          // protocol assignments, Teredo
    (v6(0x2001_0db8 << 96, 32), Class::Never),      // documentation
    (v6(0x2002 << 112, 16), Class::Never),          // 6to4
    (v6(0x2620_004f_8000 << 80, 48), Class::Never), // AS112
    (v6(0x3fff << 112, 20), Class::Never),          // documentation
    (v6(0x2000 << 112, 3), Class::Public),          // global unicast
];

/// NAT64: hosts without IPv4 reach the public one through it, so it is as good as what it embeds.
const NAT64: Ipv6Net = v6(0x0064_ff9b << 96, 96);

fn class(ip: IpAddr) -> Class {
    match ip {
        IpAddr::V4(ip) => class_v4(ip),
        IpAddr::V6(ip) if NAT64.contains(&ip) => {
            let embedded = Ipv4Addr::from_bits(ip.to_bits() as u32);
            match class_v4(embedded) {
                Class::Public => Class::Public,
                // Nobody's own network is rightly addressed through a translator.
                Class::Private | Class::Never => Class::Never,
            }
        }
        IpAddr::V6(ip) => {
            first(V6.iter().map(|(net, class)| (net.contains(&ip), *class))).unwrap_or(Class::Never)
        }
    }
}

fn class_v4(ip: Ipv4Addr) -> Class {
    first(V4.iter().map(|(net, class)| (net.contains(&ip), *class))).unwrap_or(Class::Public)
}

fn first(mut rows: impl Iterator<Item = (bool, Class)>) -> Option<Class> {
    rows.find_map(|(hit, class)| hit.then_some(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address that `https://<notation>/` reaches, as the URL standard reads it.
    fn through_url(notation: &str) -> Option<IpAddr> {
        match url::Url::parse(&format!("https://{notation}/"))
            .ok()?
            .host()?
        {
            url::Host::Ipv4(ip) => Some(ip.into()),
            url::Host::Ipv6(ip) => Some(ip.into()),
            url::Host::Domain(_) => None,
        }
    }

    fn admits(reach: Reach, ip: &str) -> bool {
        let ip = ip.trim_matches(['[', ']']).parse().expect("an address");
        reach.admits(SocketAddr::new(ip, 443))
    }

    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.1.2.3",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    ];

    #[test]
    fn the_public_reach_refuses_every_special_range() {
        for ip in REFUSED {
            assert!(!admits(Reach::Public, ip), "{ip}");
        }
    }

    #[test]
    fn the_public_reach_admits_public_addresses_up_to_the_edges_of_the_ranges() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(admits(Reach::Public, ip), "{ip}");
        }
    }

    #[test]
    fn every_notation_of_a_forbidden_address_is_refused_after_the_url_parser() {
        for notation in [
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.1",
            "127.0.0.1.",
            "0",
            "0x0",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "169.254.43518",
            "0xA9.0xFE.0xA9.0xFE",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:a9fe:a9fe]",
            "[0:0:0:0:0:ffff:7f00:0001]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
        ] {
            let ip = through_url(notation).unwrap_or_else(|| panic!("{notation} is an address"));
            assert!(
                !Reach::Public.admits(SocketAddr::new(ip, 443)),
                "{notation} = {ip}"
            );
        }
    }

    #[test]
    fn zone_ids_are_no_host_for_the_url_parser() {
        assert_eq!(through_url("[fe80::1%25eth0]"), None);
        assert_eq!(through_url("[fe80::1%eth0]"), None);
    }

    #[test]
    fn allow_private_lifts_own_networks_and_nothing_else() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "100.64.1.1",
            "::1",
            "fd12::1",
            "8.8.8.8",
        ] {
            assert!(admits(Reach::Private, ip), "{ip}");
        }
        for ip in [
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
        ] {
            assert!(!admits(Reach::Private, ip), "{ip}");
        }
    }

    #[test]
    fn the_demo_reach_admits_its_own_socket_only() {
        let reach = Reach::Only(SocketAddr::from(([127, 0, 0, 1], 4321)));
        assert!(reach.admits(SocketAddr::from(([127, 0, 0, 1], 4321))));
        assert!(!reach.admits(SocketAddr::from(([127, 0, 0, 1], 4322))));
        assert!(!reach.admits(SocketAddr::from(([127, 0, 0, 2], 4321))));
        assert!(!reach.admits(SocketAddr::from(([8, 8, 8, 8], 4321))));
    }
}
