//! `allowed_outbound_hosts`: Spin's grammar, `scheme://host:port`.

use std::{collections::BTreeSet, net::IpAddr, ops::Range};

use anyhow::{Context as _, Result, bail, ensure};
use url::Host;

const CHAINING: &str = "spin.internal";

/// The component that an internal address names: `http://<id>.spin.internal`.
pub fn chained_to(authority: &str) -> Option<&str> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let (id, rest) = host.split_once('.')?;
    rest.eq_ignore_ascii_case(CHAINING).then_some(id)
}

/// What one component may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// `None`: any.
    scheme: Option<String>,
    host: Named,
    /// `None`: any.
    ports: Option<Range<u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Any,
    /// With its leading dot.
    Below(String),
    Itself,
    One(Host),
    Net(IpAddr, u8),
}

impl Hosts {
    /// Each entry is filled in first. One that is empty then allows nothing, so that an unset address is no error.
    pub fn parse(
        entries: &[String],
        fill: impl Fn(&str) -> Result<String>,
        components: &BTreeSet<&str>,
    ) -> Result<Self> {
        let mut hosts = Vec::new();
        for written in entries {
            let filled = fill(written).with_context(|| format!("allowed_outbound_hosts: `{written}`"))?;
            let unset = filled != *written && matches!(filled.as_str(), "" | "http://" | "https://");
            if unset {
                continue;
            }
            let entry =
                Entry::parse(&filled).with_context(|| format!("allowed_outbound_hosts: `{filled}`"))?;
            for entry in entry.neighbours(components) {
                entry.known(components).with_context(|| format!("allowed_outbound_hosts: `{filled}`"))?;
                hosts.push(entry);
            }
        }
        Ok(Self(hosts))
    }

    /// May this address be reached? `scheme` is meant where it names none.
    pub fn admits(&self, address: &str, scheme: &str) -> bool {
        Url::parse(address, scheme).is_ok_and(|url| self.admit(&url))
    }

    pub fn admit(&self, url: &Url) -> bool {
        self.0.iter().any(|entry| entry.admits(url))
    }

    /// May it call the application it is part of?
    pub fn admits_self(&self) -> bool {
        let http = |scheme: &String| scheme == "http" || scheme == "https";
        self.0.iter().any(|entry| {
            matches!(entry.host, Named::Any | Named::Itself) && entry.scheme.as_ref().is_none_or(http)
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").context(
            "it should look like https://host or https://host:port; `*` may stand for the scheme, the host or the port",
        )?;
        let (host, port) = match rest.rsplit_once(':') {
            None => (rest, ""),
            // An address of IPv6 has colons of its own.
            Some(_) if Named::parse(rest).is_ok() => (rest, ""),
            Some((host, port)) => (host, port.strip_suffix('/').unwrap_or(port)),
        };
        ensure!(
            scheme == "*" || (!scheme.is_empty() && scheme.chars().all(char::is_alphabetic)),
            "`{scheme}` is no scheme"
        );
        Ok(Self {
            ports: ports(port, scheme)?,
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host: Named::parse(host)?,
        })
    }

    fn admits(&self, url: &Url) -> bool {
        let port = url.port.or_else(|| usual_port(&url.scheme));
        self.scheme.as_ref().is_none_or(|scheme| *scheme == url.scheme)
            && self.host.admits(&url.host)
            && self
                .ports
                .as_ref()
                .is_none_or(|ports| port.is_some_and(|port| ports.contains(&u32::from(port))))
    }

    /// `*.spin.internal` stands for the components that there are.
    fn neighbours(self, components: &BTreeSet<&str>) -> Vec<Self> {
        match &self.host {
            Named::Below(domain) if domain.strip_prefix('.') == Some(CHAINING) => components
                .iter()
                .map(|id| Self { host: Named::One(Host::Domain(format!("{id}.{CHAINING}"))), ..self.clone() })
                .collect(),
            _ => vec![self],
        }
    }

    fn known(&self, components: &BTreeSet<&str>) -> Result<()> {
        if let Named::One(Host::Domain(domain)) = &self.host
            && let Some(id) = chained_to(domain)
        {
            ensure!(components.contains(id), "the application has no component `{id}`");
        }
        Ok(())
    }
}

impl Named {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if let Some(net) = net(text) {
            return Ok(net);
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        ensure!(!text.contains('/'), "it may not have a path");
        ensure!(!text.starts_with('{'), "lists of hosts are not possible");
        if let Some(domain) = text.strip_prefix("*.") {
            ensure!(!domain.contains('*'), "a `*` can only be the first part of a host");
            let Host::Domain(domain) = Host::parse(domain)? else { bail!("only a domain can follow `*.`") };
            return Ok(Self::Below(format!(".{domain}")));
        }
        ensure!(!text.contains('*'), "a `*` can only be the first part of a host");
        Ok(Self::One(Host::parse(text)?))
    }

    fn admits(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(domain), Host::Domain(host)) => host.ends_with(domain),
            (Self::One(one), host) => one == host,
            (Self::Net(net, bits), Host::Ipv4(host)) => within(*net, *bits, IpAddr::V4(*host)),
            (Self::Net(net, bits), Host::Ipv6(host)) => within(*net, *bits, IpAddr::V6(*host)),
            (Self::Below(_), _) | (Self::Net(..), Host::Domain(_)) | (Self::Itself, _) => false,
        }
    }
}

/// `10.0.0.0/8`, or a single address.
fn net(text: &str) -> Option<Named> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some(Named::Net(address, bits))
}

fn within(net: IpAddr, bits: u8, host: IpAddr) -> bool {
    let same = |a: u128, b: u128, width: u32| (a ^ b).checked_shr(width - u32::from(bits)).unwrap_or(0) == 0;
    match (net, host) {
        (IpAddr::V4(net), IpAddr::V4(host)) => {
            same(u128::from(net.to_bits()), u128::from(host.to_bits()), 32)
        }
        (IpAddr::V6(net), IpAddr::V6(host)) => same(net.to_bits(), host.to_bits(), 128),
        _ => false,
    }
}

fn ports(text: &str, scheme: &str) -> Result<Option<Range<u32>>> {
    let number =
        |text: &str| text.parse::<u16>().map(u32::from).with_context(|| format!("`{text}` is no port"));
    let one = |port: u32| Some(port..port + 1);
    match text {
        "*" => Ok(None),
        "" => match usual_port(scheme) {
            Some(port) => Ok(one(u32::from(port))),
            None => bail!("`{scheme}` has no usual port: name one, or `*`"),
        },
        _ => match text.split_once("..") {
            Some((from, to)) => Ok(Some(number(from)?..number(to)?)),
            None => Ok(one(number(text)?)),
        },
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "redis" => Some(6379),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "mqtt" => Some(1883),
        _ => None,
    }
}

/// An address that a guest wants to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    host: Host,
    port: Option<u16>,
}

impl Url {
    pub fn parse(address: &str, scheme: &str) -> Result<Self> {
        // What stands before the host may hold characters that an address may not; it is none of our concern here.
        let address = without_user(address);
        let parsed = match url::Url::parse(&address) {
            Ok(url) if url.has_host() => url,
            Ok(_) if address.contains("://") => bail!("no host"),
            _ => url::Url::parse(&format!("{scheme}://{address}"))?,
        };
        let host = parsed.host_str().context("no host")?;
        Ok(Self { scheme: parsed.scheme().to_owned(), host: Host::parse(host)?, port: parsed.port() })
    }

    /// The entry that would have allowed it.
    pub fn entry(&self) -> String {
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

fn without_user(address: &str) -> String {
    let start = address.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = address.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> Result<Hosts> {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        Hosts::parse(&entries, |text| Ok(text.replace("{{ unset }}", "")), &BTreeSet::from(["keys", "web"]))
    }

    #[test]
    fn what_is_named_is_admitted_and_nothing_else() {
        for (entry, admitted, refused) in [
            (
                "https://a.example",
                &["https://a.example/x?y", "https://a.example:443", "HTTPS://A.EXAMPLE"][..],
                &[
                    "http://a.example",
                    "https://a.example:8443",
                    "https://b.a.example",
                    "https://a.example.evil",
                    "https://evil/https://a.example",
                ][..],
            ),
            (
                "http://a.example:8025/",
                &["http://a.example:8025/api"],
                &["http://a.example", "http://a.example:80"],
            ),
            ("*://a.example:*", &["http://a.example", "redis://a.example:1"], &["http://b.example"]),
            (
                "https://*.a.example",
                &["https://x.a.example", "https://x.y.a.example"],
                &["https://a.example", "https://xa.example", "https://a.example.b"],
            ),
            ("http://*:3000..3002", &["http://x:3000", "http://x:3001"], &["http://x:3002", "http://x"]),
            ("http://127.0.0.1", &["http://127.0.0.1/"], &["http://127.0.0.2", "http://localhost"]),
            ("http://10.0.0.0/8", &["http://10.1.2.3"], &["http://11.0.0.1", "http://a.example"]),
            ("http://[::1]:8000", &["http://[::1]:8000/"], &["http://[::1]", "http://[::2]:8000"]),
            (
                "redis://h",
                &["redis://h", "redis://u:p%@h:6379/1", "h", "h:6379"],
                &["rediss://h", "redis://h:1", "redis://h:6379@evil", "unix:///tmp/h"],
            ),
            (
                "http://keys.spin.internal",
                &["http://keys.spin.internal/x"],
                &["http://web.spin.internal", "https://keys.spin.internal"],
            ),
            (
                "http://*.spin.internal",
                &["http://keys.spin.internal", "http://web.spin.internal"],
                &["http://other.spin.internal"],
            ),
            ("*://*:*", &["http://a", "redis://b"], &["no host at all"]),
        ] {
            let hosts = hosts(&[entry]).unwrap();
            for address in admitted {
                assert!(hosts.admits(address, "redis"), "{entry} should admit {address}");
            }
            for address in refused {
                assert!(!hosts.admits(address, "redis"), "{entry} should refuse {address}");
            }
        }
        assert!(!hosts(&[]).unwrap().admits("http://a", "http"));
    }

    #[test]
    fn its_own_application_is_named_self() {
        for (entry, may) in [
            ("http://self", true),
            ("https://self.alt", true),
            ("*://*:*", true),
            ("redis://self", false),
            ("http://a", false),
        ] {
            assert_eq!(hosts(&[entry]).unwrap().admits_self(), may, "{entry}");
        }
        assert!(!hosts(&["http://self"]).unwrap().admits("http://self", "http"));
    }

    #[test]
    fn an_address_that_is_unset_allows_nothing() {
        assert_eq!(hosts(&["{{ unset }}", "https://{{ unset }}"]).unwrap(), Hosts::default());
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for entry in [
            "",
            "*",
            "a.example",
            "http://",
            "http://a/path",
            "http://*.*.a",
            "http://a.*",
            "http://*.1.2.3.4",
            "http://a:b",
            "http://a:99999",
            "http://a:1..x",
            "ftp://a",
            "ht-tp://a",
            "http://{a,b}",
            "http://kays.spin.internal",
            "https://a b",
        ] {
            assert!(hosts(&[entry]).is_err(), "{entry}");
        }
    }

    #[test]
    fn internal_names_are_told_from_others() {
        assert_eq!(chained_to("keys.spin.internal"), Some("keys"));
        assert_eq!(chained_to("keys.Spin.Internal.:80"), Some("keys"));
        for host in
            ["spin.internal", "a.b.spin.internal", "spin.internal.example", "keys.spin.internal.example", ""]
        {
            assert_eq!(chained_to(host), None, "{host}");
        }
    }
}
