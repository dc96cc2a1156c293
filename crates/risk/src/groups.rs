//! What failed lately around a sign-in: counts that many people share, approximate, without names.

use serde::{Deserialize, Serialize};

/// Counts of failures, from before this sign-in. `None`: could not be read, which makes the level medium at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// Of this account, whoever failed.
    pub account: Option<Count>,
    /// From the prefix.
    pub prefix: Option<Count>,
    /// From the autonomous system with the same browser family.
    pub agent: Option<Count>,
    /// In the tenant.
    pub tenant: Option<Count>,
}

/// How often something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// In the last hour.
    pub hour: u32,
    /// In the last day.
    pub day: u32,
}

impl Groups {
    /// Nothing failed.
    pub const QUIET: Self = {
        let none = Some(Count { hour: 0, day: 0 });
        Self { account: none, prefix: none, agent: none, tenant: none }
    };
    /// Nothing could be read.
    pub const UNREAD: Self = Self { account: None, prefix: None, agent: None, tenant: None };

    /// Whether some count could not be read.
    pub const fn incomplete(&self) -> bool {
        self.account.is_none() || self.prefix.is_none() || self.agent.is_none() || self.tenant.is_none()
    }
}

impl Default for Groups {
    fn default() -> Self {
        Self::QUIET
    }
}
