//! How keys are spelled: `lk1:{tenant}:{record}:{id}`, platform-wide `lk1:_:{record}:{id}`.
//!
//! `lk1` is our own prefix with the schema's version, since labels share one key space on Redis and DynamoDB. Segments come from ids, numbers
//! and keyed hashes, so `:` never occurs inside one.

use std::fmt::{self, Display};

use domain::TenantId;

/// The key of a record or a counter. Made here alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key of one tenant.
    pub(crate) fn of(tenant: TenantId, record: &str, id: impl Display) -> Self {
        Self(format!("lk1:{}:{record}:{id}", tenant.ulid()))
    }

    /// A key of the whole platform.
    pub(crate) fn platform(record: &str, id: impl Display) -> Self {
        Self(format!("lk1:_:{record}:{id}"))
    }

    /// A key that a sweep record noted down earlier.
    pub(crate) const fn noted(text: String) -> Self {
        Self(text)
    }

    /// As the store wants it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
