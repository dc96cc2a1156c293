//! The features: what the model weighs. Each has a stable code, a group, and a direction that its weights must keep. Stored evidence
//! names them by their place: a new one goes to the end, and none is taken away.

use serde::Serialize;

/// Independent ways to look at a sign-in. One alone never makes it high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Where it comes from.
    Network,
    /// On what.
    Device,
    /// Language, time zone, hour.
    Context,
    /// What failed lately.
    Failures,
    /// What the account went through.
    Account,
}

/// Which way a feature may move the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More of it never lowers the score.
    Adds,
    /// More of it never raises the score; it is proved by a record of ours.
    Vouches,
}

macro_rules! features {
    ($($name:ident $group:ident $direction:ident $code:literal $text:literal;)+) => {
        /// One feature.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the text beside each code says what it is")]
        pub enum Feature { $($name),+ }

        impl Feature {
            /// All of them, in the order of the weights.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// Its group.
            pub const fn group(self) -> Group {
                match self { $(Self::$name => Group::$group),+ }
            }

            /// Its direction.
            pub const fn direction(self) -> Direction {
                match self { $(Self::$name => Direction::$direction),+ }
            }

            /// What it says to the person: what was seen, never what would have passed.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

features! {
    CountryNew      Network  Adds    "new_country"        "this account has not signed in from this country before";
    CountryRare     Network  Adds    "new_country_unlike" "this account hardly ever changes country";
    CountryForeign  Network  Adds    "country_unusual"    "few people here sign in from this country";
    SystemNew       Network  Adds    "new_provider"       "this account has not used this internet provider before";
    SystemRare      Network  Adds    "new_provider_unlike" "this account hardly ever changes its internet provider";
    SystemUnusual   Network  Adds    "provider_unusual"   "few people here use this internet provider";
    PrefixNew       Network  Adds    "new_network"        "this account has not used this network before";
    PrefixRare      Network  Adds    "new_network_unlike" "this account hardly ever changes its network";
    PrefixKnown     Network  Vouches "known_network"      "this account has used this network before";
    PrefixShared    Network  Vouches "shared_network"     "people here share this network";
    PlaceNew        Network  Adds    "new_place"          "this account has not signed in near this place before";
    PlaceRare       Network  Adds    "new_place_unlike"   "this account hardly ever signs in elsewhere";
    Far100          Network  Adds    "far"                "this is far from where this account usually signs in";
    Far500          Network  Adds    "farther"            "this is far from where this account usually signs in";
    Far2000         Network  Adds    "farthest"           "this is very far from where this account usually signs in";
    Hosting         Network  Adds    "hosting"            "the connection comes out of a data centre";
    Vpn             Network  Adds    "vpn"                "the connection comes through a tunnel";
    Tor             Network  Adds    "tor"                "the connection comes through an anonymising network";
    Proxy           Network  Adds    "proxy"              "the connection comes through a proxy";
    HiddenRare      Network  Adds    "hidden_unlike"      "this account hardly ever hides where it is";
    TravelFast      Network  Adds    "fast_travel"        "the last sign-in was too far away for the time between";
    TravelFaster    Network  Adds    "impossible_travel"  "the last sign-in was too far away for the time between";
    RttOwn          Network  Adds    "slow_unlike"        "the connection takes a longer way than usual";
    RttOwnMuch      Network  Adds    "slow_much_unlike"   "the connection takes a much longer way than usual";
    RttHere         Network  Adds    "slow"               "the connection takes a longer way than others from there";
    RttHereMuch     Network  Adds    "slow_much"          "the connection takes a much longer way than others from there";
    RttFits         Network  Vouches "distance_fits"      "the connection takes as long as it should";
    CookieNone      Device   Adds    "new_device"         "this account has not signed in on this device before";
    CookieRare      Device   Adds    "new_device_unlike"  "this account hardly ever signs in on a new device";
    CookieKnown     Device   Vouches "known_device"       "this account signed in on this device before";
    CookieOften     Device   Vouches "usual_device"       "this account often signs in on this device";
    CookieOld       Device   Adds    "device_long_unused" "this device was not used for a while";
    CookieMoved     Device   Adds    "device_changed"     "the device is remembered as another browser";
    CookieOlder     Device   Adds    "device_older"       "the browser is older than it was on this device";
    CookieScreen    Device   Adds    "device_screen"      "the device is remembered with another screen";
    CookiePrefix    Device   Adds    "device_elsewhere"   "a known device appears in a new network";
    CookieSystem    Device   Adds    "device_far"         "a known device appears at a new internet provider";
    ProofOk         Device   Vouches "key_proved"         "the device proved its key";
    ProofLost       Device   Adds    "key_missing"        "the device did not prove its key";
    ProofFailed     Device   Adds    "key_failed"         "the device could not prove its key";
    BrowserNew      Device   Adds    "new_browser"        "this account has not used this kind of browser before";
    BrowserRare     Device   Adds    "new_browser_unlike" "this account hardly ever changes its browser";
    BrowserUnusual  Device   Adds    "browser_unusual"    "few people here use this kind of browser";
    KindNew         Device   Adds    "new_kind"           "this account has not used this kind of machine before";
    Script          Device   Adds    "script"             "this does not look like a person's browser";
    VersionDown     Device   Adds    "older_browser"      "the browser is older than the last time";
    VersionDownMuch Device   Adds    "much_older_browser" "the browser is much older than the last time";
    VersionUp       Device   Adds    "newer_browser"      "the browser is newer than the last time";
    VersionStale    Device   Adds    "outdated_browser"   "the browser is out of date";
    ScreenNew       Device   Adds    "new_screen"         "this account has not used this size of screen before";
    ScreenUnusual   Device   Adds    "screen_unusual"     "few people here have this browser with this size of screen";
    HintsNew        Device   Adds    "new_model"          "this account has not used this model before";
    TlsNew          Device   Adds    "new_greeting"       "the connection is not made the way this browser made it before";
    TlsUnusual      Device   Adds    "greeting_unusual"   "the connection is not made the way this browser makes it";
    TlsUnknown      Device   Adds    "greeting_unknown"   "nobody here connects this way with this browser";
    LanguageNew     Context  Adds    "new_language"       "the browser asks for another language than before";
    LanguageUnusual Context  Adds    "language_unusual"   "few people here ask for this language from there";
    ZoneNew         Context  Adds    "new_zone"           "the clock is set to another time zone than before";
    ZoneUnusual     Context  Adds    "zone_unusual"       "the clock is not set to the time of that place";
    HourRare        Context  Adds    "unusual_hour"       "this account hardly ever signs in at this hour";
    FailedAccount   Failures Adds    "recent_failures"    "signing in to this account failed lately";
    FailedAccountDay Failures Adds   "failures_today"     "signing in to this account failed today";
    FailedPrefix    Failures Adds    "network_failures"   "signing in failed from this network lately";
    FailedPrefixDay Failures Adds    "network_failures_today" "signing in failed from this network today";
    FailedAgent     Failures Adds    "provider_failures"  "signing in failed in the same way lately";
    FailedTenant    Failures Adds    "tenant_failures"    "signing in fails more often than usual";
    Changed         Account  Adds    "recent_change"      "this account was changed lately";
    ActChange       Account  Adds    "account_change"     "this changes how the account is kept";
    ActRecovery     Account  Adds    "account_recovery"   "this recovers the account without its usual way to sign in";
}

impl Feature {
    /// Its place among the weights.
    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|feature| *feature == self).unwrap_or(0)
    }
}
