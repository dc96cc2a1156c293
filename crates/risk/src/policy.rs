//! What a tenant makes of a score.

use serde::{Deserialize, Serialize};

use crate::event::{Act, Event, Kind};

/// A tenant's policy. The order of the rules does not matter: what distrusts wins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Where the levels begin.
    pub thresholds: Thresholds,
    /// What is always or never trusted.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// The scores at which a level begins, as a tenant's policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// From here on it is medium.
    pub medium: u8,
    /// From here on it is high, whatever `medium` says.
    pub high: u8,
}

impl Default for Thresholds {
    /// What the weights are scaled for.
    fn default() -> Self {
        Self { medium: 40, high: 75 }
    }
}

impl Thresholds {
    /// What a score means.
    pub const fn level(self, score: u8) -> Level {
        if score >= self.high {
            Level::High
        } else if score >= self.medium {
            Level::Medium
        } else {
            Level::Low
        }
    }
}

/// How risky it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Let it pass.
    Low,
    /// Ask for more.
    Medium,
    /// Stop it.
    High,
}

impl Level {
    /// Its public name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One line of an always or never list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is about.
    pub when: When,
    /// What follows.
    pub then: Then,
}

/// What a rule is about. A signal that is missing matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// A country.
    Country(u16),
    /// An autonomous system.
    System(u32),
    /// A prefix.
    Prefix(u32),
    /// Any list says that the network hides the person.
    Hidden,
    /// A Tor exit.
    Tor,
    /// A script.
    Script,
    /// An act.
    Act(Act),
}

impl When {
    pub(crate) fn is(self, event: &Event) -> bool {
        let network = |is: &dyn Fn(&crate::Network) -> bool| event.network.as_ref().is_some_and(is);
        match self {
            Self::Country(country) => network(&|it| it.country == country),
            Self::System(system) => network(&|it| it.system == system),
            Self::Prefix(prefix) => network(&|it| it.prefix == prefix),
            Self::Hidden => network(&|it| it.flags.any()),
            Self::Tor => network(&|it| it.flags.tor),
            Self::Script => event.browser.is_some_and(|browser| browser.kind == Kind::Script),
            Self::Act(act) => event.act == act,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Never less than this.
    AtLeast(Level),
    /// Never more than this; not for who failed to prove a key, and not where something could not be read.
    AtMost(Level),
}
