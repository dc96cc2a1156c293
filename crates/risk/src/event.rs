//! What is known about one sign-in. Names, addresses and agents arrive as keyed hashes: this crate never sees a raw one.

use serde::{Deserialize, Serialize};

/// One sign-in, or another act that is judged like one. What could not be read, or is not there, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    /// Seconds since 1970.
    pub at: u32,
    /// What is done.
    pub act: Act,
    /// Where it comes from; `None` when no trusted proxy or socket says so.
    pub network: Option<Network>,
    /// What the user agent says it is; `None` when there is no such header or it cannot be read.
    pub browser: Option<Browser>,
    /// The keyed hash of our own device cookie, whose seal was checked.
    pub cookie: Option<u32>,
    /// Whether the browser proved its key.
    pub proof: Proof,
    /// What the client hints say beyond the user agent: model and platform version, hashed.
    pub hints: Option<u32>,
    /// The first language of the header, hashed.
    pub language: Option<u32>,
    /// Screen size, hashed.
    pub screen: Option<u32>,
    /// Minutes east of Greenwich.
    pub zone: Option<i16>,
    /// Round-trip time in milliseconds.
    pub rtt: Option<u16>,
    /// The fingerprint of the TLS greeting as the edge saw it, hashed.
    pub tls: Option<u32>,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Signs in.
    #[default]
    SignIn,
    /// Changes an address, a factor, or a passkey.
    Change,
    /// Recovers an account without its usual factor.
    Recovery,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Network {
    /// The address, hashed.
    pub address: u32,
    /// Its /24 or /56, hashed.
    pub prefix: u32,
    /// The number of its autonomous system, 0 if no table knows it.
    pub system: u32,
    /// Its country as two letters in a number, 0 if no table knows it.
    pub country: u16,
    /// Its place, if a table knows one.
    pub place: Option<Place>,
    /// What lists say about it.
    #[serde(default)]
    pub flags: Flags,
}

/// A place on earth, as coarse as address tables are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The name of the town, hashed.
    pub id: u32,
    /// Tenths of a degree north.
    pub north: i16,
    /// Tenths of a degree east.
    pub east: i16,
}

impl Place {
    /// Kilometres, right to some per cent at the distances between towns and within a quarter between continents.
    pub(crate) fn km(&self, other: &Self) -> u32 {
        let north = i64::from(self.north) - i64::from(other.north);
        let east = (i64::from(self.east) - i64::from(other.east)).abs();
        let east = east.min(3600 - east.min(3600));
        let middle = (i64::from(self.north) + i64::from(other.north)).abs() / 2;
        let step = usize::try_from(middle / 50).unwrap_or(usize::MAX);
        let cosine = COSINE.get(step).copied().unwrap_or(0);
        let east = east * cosine / 1000;
        // 11.12 km for a tenth of a degree.
        let squared = u64::try_from(north * north + east * east).unwrap_or(0);
        u32::try_from(squared.saturating_mul(12_365).isqrt() / 10).unwrap_or(u32::MAX)
    }
}

/// Thousand times the cosine, for each five degrees.
const COSINE: [i64; 19] =
    [1000, 996, 985, 966, 940, 906, 866, 819, 766, 707, 643, 574, 500, 423, 342, 259, 174, 87, 0];

/// What lists say about an address. Evidence, never a verdict: offices and privacy relays are on such lists too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flags {
    /// A data centre.
    pub hosting: bool,
    /// A commercial tunnel.
    pub vpn: bool,
    /// A Tor exit.
    pub tor: bool,
    /// An open or residential proxy.
    pub proxy: bool,
    /// A browser maker's privacy relay.
    pub relay: bool,
}

impl Flags {
    /// Whether any list hides where the person is.
    pub const fn any(self) -> bool {
        self.hosting || self.vpn || self.tor || self.proxy || self.relay
    }
}

/// What a user agent says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Browser {
    /// Family and operating system, hashed, without versions.
    pub family: u32,
    /// The version, in tenths of a major one: `26.2` is 262, `149` is 1490. 0 if it says none.
    pub version: u16,
    /// What kind of machine.
    pub kind: Kind,
}

/// What kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A desk- or laptop.
    #[default]
    Desktop,
    /// A telephone.
    Phone,
    /// A tablet.
    Tablet,
    /// A script, a headless browser, or a crawler.
    Script,
}

/// Whether the browser proved that it still has the key that was bound to its cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It was not asked, or did not answer.
    #[default]
    None,
    /// It did.
    Ok,
    /// It answered wrongly.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_about_right() {
        let oslo = Place { id: 1, north: 599, east: 108 };
        let bergen = Place { id: 2, north: 604, east: 53 };
        let suva = Place { id: 3, north: -181, east: 1784 };
        let apia = Place { id: 4, north: -138, east: -1718 };
        assert_eq!(oslo.km(&oslo), 0);
        assert!((290..330).contains(&oslo.km(&bergen)), "{}", oslo.km(&bergen));
        assert!((1000..1300).contains(&suva.km(&apia)), "over the date line: {}", suva.km(&apia));
        assert!(
            Place { id: 0, north: i16::MIN, east: i16::MIN }.km(&Place {
                id: 0,
                north: i16::MAX,
                east: i16::MAX
            }) > 0
        );
    }
}
