//! Policy: every tenant sets values of its own or inherits them, may lock them for those below, and sees where each comes from.

use std::collections::BTreeMap;

use domain::{Secs, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a tenant itself says about one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// The value.
    pub value: Value,
    /// Whether those below may not change it.
    #[serde(default)]
    pub locked: bool,
}

/// One effective value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// The value.
    pub value: Value,
    /// The tenant it comes from; none: nobody set it.
    pub from: Option<TenantId>,
    /// Whether a tenant at or above this one locked it.
    pub locked: bool,
}

/// When a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// Never.
    Never,
    /// When the risk says so.
    Risk,
    /// Always.
    Always,
}

/// The effective values for one tenant, by dotted key. Only deviations from the defaults are stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Policy(BTreeMap<String, Leaf>);

impl Policy {
    /// What holds below: this policy with a tenant's own values on it. Values locked from above stand.
    #[must_use]
    pub fn below(&self, tenant: TenantId, own: &BTreeMap<String, Own>) -> Self {
        let mut leaves = self.0.clone();
        for (key, own) in own {
            // Sharing the parent's accounts is sharing whatever the parent uses.
            let shares = key == "accounts" && own.value == "parent";
            if shares && !own.locked {
                continue;
            }
            if !leaves.get(key).is_some_and(|leaf| leaf.locked) {
                leaves.insert(
                    key.clone(),
                    Leaf { value: own.value.clone(), from: Some(tenant), locked: own.locked },
                );
            }
        }
        Self(leaves)
    }

    /// One value with its origin; `None` for a key that does not exist.
    pub fn leaf(&self, key: &str) -> Option<Leaf> {
        let spec = spec(key)?;
        Some(self.0.get(key).cloned().unwrap_or_else(|| Leaf {
            value: (spec.default)(),
            from: None,
            locked: false,
        }))
    }

    /// Every value with its origin, in the order of the keys.
    pub fn leaves(&self) -> Vec<(&'static str, Leaf)> {
        SPECS.iter().filter_map(|spec| Some((spec.key, self.leaf(spec.key)?))).collect()
    }

    fn value(&self, key: &str) -> Value {
        self.leaf(key).map(|leaf| leaf.value).unwrap_or_default()
    }

    fn secs(&self, key: &str) -> Secs {
        Secs(self.value(key).as_u64().unwrap_or_default())
    }

    fn text(&self, key: &str) -> String {
        self.value(key).as_str().unwrap_or_default().to_owned()
    }

    /// Whether a first sign-in may make an account or a membership.
    pub fn sign_up(&self) -> bool {
        self.value("sign_up").as_bool().unwrap_or(false)
    }

    /// Whether a sign-in method (`passkey`, `magic_link`) is offered.
    pub fn allows(&self, method: &str) -> bool {
        self.value("methods").as_array().is_some_and(|methods| methods.iter().any(|each| each == method))
    }

    /// When a second factor is asked for.
    pub fn second_factor(&self) -> SecondFactor {
        match self.text("second_factor").as_str() {
            "never" => SecondFactor::Never,
            "always" => SecondFactor::Always,
            _ => SecondFactor::Risk,
        }
    }

    /// The scores at which medium and high risk begin.
    pub fn risk(&self) -> (u64, u64) {
        (self.value("risk.medium").as_u64().unwrap_or(0), self.value("risk.high").as_u64().unwrap_or(0))
    }

    /// How long a session lives at most, and how long unused.
    pub fn session(&self) -> (Secs, Secs) {
        (self.secs("session.lifetime"), self.secs("session.idle"))
    }

    /// How long a device is remembered.
    pub fn device(&self) -> Secs {
        self.secs("device.lifetime")
    }

    /// The name people see; empty: the tenant's own.
    pub fn brand_name(&self) -> String {
        self.text("brand.name")
    }

    /// Whether accounts made here are this tenant's own, instead of its parent's.
    pub fn own_accounts(&self) -> bool {
        self.text("accounts") == "own"
    }
}

/// One key of the policy.
#[derive(Debug)]
pub struct Spec {
    /// The dotted key.
    pub key: &'static str,
    /// What it takes, in words.
    pub takes: &'static str,
    /// The value nobody set.
    pub default: fn() -> Value,
    /// Whether a value can be taken.
    pub accepts: fn(&Value) -> bool,
}

/// The key's row.
pub fn spec(key: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.key == key)
}

/// Every key.
pub const SPECS: &[Spec] = &[
    Spec {
        key: "accounts",
        takes: "`own` or `parent`",
        default: || json!("parent"),
        accepts: |value| value == "own" || value == "parent",
    },
    Spec {
        key: "brand.name",
        takes: "a text of at most 80 characters",
        default: || json!(""),
        accepts: |value| is_text(value, 80),
    },
    Spec {
        key: "brand.color",
        takes: "a colour such as `#1f5eff`, or an empty text",
        default: || json!(""),
        accepts: |value| {
            value.as_str().is_some_and(|text| {
                text.is_empty()
                    || text
                        .strip_prefix('#')
                        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
            })
        },
    },
    Spec {
        key: "device.lifetime",
        takes: "seconds from 3600 to 34560000",
        default: || json!(domain::days(90).0),
        accepts: |value| in_range(value, 3_600, 34_560_000),
    },
    Spec {
        key: "methods",
        takes: "a list of `passkey`, `magic_link`, `federation`, without doubles and not empty",
        default: || json!(["passkey", "magic_link", "federation"]),
        accepts: |value| {
            value.as_array().is_some_and(|methods| {
                let known = methods
                    .iter()
                    .all(|each| each == "passkey" || each == "magic_link" || each == "federation");
                let single = methods
                    .iter()
                    .enumerate()
                    .all(|(at, each)| !methods.iter().take(at).any(|other| other == each));
                known && single && !methods.is_empty()
            })
        },
    },
    Spec {
        key: "risk.high",
        takes: "a score from 0 to 100",
        default: || json!(75),
        accepts: |value| in_range(value, 0, 100),
    },
    Spec {
        key: "risk.medium",
        takes: "a score from 0 to 100",
        default: || json!(40),
        accepts: |value| in_range(value, 0, 100),
    },
    Spec {
        key: "second_factor",
        takes: "`never`, `risk` or `always`",
        default: || json!("risk"),
        accepts: |value| value == "never" || value == "risk" || value == "always",
    },
    Spec {
        key: "session.idle",
        takes: "seconds from 60 to 31536000",
        default: || json!(domain::days(7).0),
        accepts: |value| in_range(value, 60, 31_536_000),
    },
    Spec {
        key: "session.lifetime",
        takes: "seconds from 60 to 31536000",
        default: || json!(domain::days(30).0),
        accepts: |value| in_range(value, 60, 31_536_000),
    },
    Spec { key: "sign_up", takes: "`true` or `false`", default: || json!(true), accepts: Value::is_boolean },
];

fn in_range(value: &Value, least: u64, most: u64) -> bool {
    value.as_u64().is_some_and(|number| (least..=most).contains(&number))
}

fn is_text(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| text.chars().count() <= most && !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_accepted() {
        for spec in SPECS {
            assert!((spec.accepts)(&(spec.default)()), "{}", spec.key);
        }
        let policy = Policy::default();
        assert!(policy.sign_up() && policy.allows("passkey") && !policy.own_accounts());
        assert_eq!((policy.second_factor(), policy.risk()), (SecondFactor::Risk, (40, 75)));
    }

    #[test]
    fn a_lock_from_above_stands() {
        let unit = TenantId::of(domain::Ulid::new(domain::Moment::from_secs(1), [1; 10]));
        let own = |value, locked| {
            BTreeMap::from([("second_factor".to_owned(), Own { value: json!(value), locked })])
        };
        let root = Policy::default().below(TenantId::ROOT, &own("always", true));
        let below = root.below(unit, &own("never", false));
        assert_eq!(
            below.leaf("second_factor"),
            Some(Leaf { value: json!("always"), from: Some(TenantId::ROOT), locked: true })
        );
        let free =
            Policy::default().below(TenantId::ROOT, &own("always", false)).below(unit, &own("never", false));
        assert_eq!(
            (free.second_factor(), free.leaf("second_factor").unwrap().from),
            (SecondFactor::Never, Some(unit))
        );
        assert_eq!(free.leaf("nothing"), None);
    }
}
