//! The events of the benchmark (RISK-BENCHMARK section 5) as the scorer's events. Here names and addresses become hashes; in a
//! deployment that is the component's work, with the tenant's key.

use risk::{Browser, Event, Flags, Kind, Network, Place, Proof};
use serde::Deserialize;

/// One recorded sign-in. What a tier does not have is null.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Recorded {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) t: f64,
    pub(crate) tenant: String,
    pub(crate) user: String,
    pub(crate) ip: String,
    asn: Option<u32>,
    country: Option<String>,
    city: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    #[serde(default)]
    ip_flags: Vec<String>,
    #[serde(default)]
    user_agent: String,
    ch: Option<Hints>,
    parsed: Option<Parsed>,
    lang: Option<String>,
    tls_fp: Option<String>,
    screen: Option<String>,
    tz_offset_min: Option<f64>,
    pub(crate) device_id: Option<String>,
    device_proof: Option<String>,
    rtt_ms: Option<f64>,
    pub(crate) outcome: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Hints {
    #[serde(default)]
    platform_version: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Parsed {
    #[serde(default)]
    browser: String,
    #[serde(default)]
    major: String,
    #[serde(default)]
    os: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Recorded {
    /// As the scorer sees it; the cookie is the world's business.
    pub(crate) fn event(&self) -> Event {
        Event {
            at: whole(self.t),
            network: self.network(),
            browser: self.parsed.as_ref().map(|parsed| parsed.browser(&self.user_agent)),
            proof: match self.device_proof.as_deref() {
                Some("ok") => Proof::Ok,
                Some("fail") => Proof::Failed,
                _ => Proof::None,
            },
            hints: self.ch.as_ref().map(|ch| {
                hash(&[
                    ch.model.as_deref().unwrap_or_default(),
                    ch.platform_version.as_deref().unwrap_or_default(),
                ])
            }),
            language: self.lang.as_deref().map(|lang| hash(&[lang])),
            screen: self.screen.as_deref().map(|screen| hash(&[screen])),
            zone: self.tz_offset_min.map(tenths).map(|tenths| tenths / 10),
            rtt: self.rtt_ms.map(|rtt| u16::try_from(whole(rtt)).unwrap_or(u16::MAX)),
            tls: self.tls_fp.as_deref().map(|tls| hash(&[tls])),
            ..Event::default()
        }
    }

    /// Without what the tiers do not have (RISK-BENCHMARK, `--tiers`): A is always there.
    pub(crate) fn only(mut self, tiers: &str) -> Self {
        if !tiers.contains('K') {
            self.device_id = None;
        }
        if !tiers.contains('B') {
            (self.ch, self.lang) = (None, None);
        }
        if !tiers.contains('C') {
            (self.rtt_ms, self.tz_offset_min, self.screen) = (None, None, None);
        }
        if !tiers.contains('D') {
            (self.tls_fp, self.device_proof) = (None, None);
        }
        self
    }

    fn network(&self) -> Option<Network> {
        let prefix = prefix(&self.ip)?;
        let flag = |name: &str| self.ip_flags.iter().any(|flag| flag == name);
        let place = match (&self.city, self.lat, self.lon) {
            (Some(city), Some(north), Some(east)) => {
                let country = self.country.as_deref().unwrap_or_default();
                Some(Place {
                    id: hash(&[country, city]),
                    north: tenths(north * 10.0) / 10,
                    east: tenths(east * 10.0) / 10,
                })
            }
            _ => None,
        };
        Some(Network {
            address: hash(&[&self.ip]),
            prefix: hash(&[&prefix]),
            system: self.asn.unwrap_or(0),
            country: self.country.as_deref().map_or(0, letters),
            place,
            flags: Flags {
                hosting: flag("hosting"),
                vpn: flag("vpn"),
                tor: flag("tor"),
                proxy: flag("proxy"),
                relay: flag("relay"),
            },
        })
    }
}

impl Parsed {
    fn browser(&self, user_agent: &str) -> Browser {
        let lower = user_agent.to_ascii_lowercase();
        let script = ["curl", "python", "headless", "bot", "go-http", "okhttp", "wget", "java/", "node"];
        let kind = match self.kind.as_str() {
            _ if script.iter().any(|name| lower.contains(name)) => Kind::Script,
            "mobile" => Kind::Phone,
            "tablet" => Kind::Tablet,
            "bot" | "script" => Kind::Script,
            _ => Kind::Desktop,
        };
        Browser { family: hash(&[&self.browser, &self.os, &self.kind]), version: version(&self.major), kind }
    }
}

/// `149` is 1490, `26.2` is 262.
fn version(text: &str) -> u16 {
    let mut parts = text.split(['.', '_']).map(|part| part.parse::<u16>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    major.saturating_mul(10).saturating_add(minor.min(9))
}

/// The /24 or the /56 of an address.
fn prefix(ip: &str) -> Option<String> {
    match ip.parse().ok()? {
        std::net::IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some(format!("{a}.{b}.{c}"))
        }
        std::net::IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{:x}", d >> 8))
        }
    }
}

fn letters(country: &str) -> u16 {
    let mut bytes = country.bytes();
    let (first, second) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
    u16::from_be_bytes([first, second])
}

/// FNV-1a, folded. A deployment uses a keyed hash.
pub(crate) fn hash(parts: &[&str]) -> u32 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let [a, b, c, d, e, f, g, h] = state.to_le_bytes();
    u32::from_le_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}

#[allow(
    clippy::as_conversions,
    reason = "saturates, which is what is wanted; there is no other conversion from floating point"
)]
fn whole(value: f64) -> u32 {
    value as u32
}

#[allow(
    clippy::as_conversions,
    reason = "saturates, which is what is wanted; there is no other conversion from floating point"
)]
fn tenths(value: f64) -> i16 {
    (value * 10.0) as i16
}
