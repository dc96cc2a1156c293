//! Moments and durations. The clock is read once, at the door; below it `now` is an argument.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A duration in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secs(pub u64);

/// `n` minutes.
pub const fn mins(n: u64) -> Secs {
    Secs(n * 60)
}

/// `n` hours.
pub const fn hours(n: u64) -> Secs {
    Secs(n * 3_600)
}

/// `n` days.
pub const fn days(n: u64) -> Secs {
    Secs(n * 86_400)
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The moment so many milliseconds after 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The moment so many seconds after 1970.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970, as OpenID's `auth_time` wants them.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000
    }

    /// The moment `by` later.
    #[must_use]
    pub const fn plus(self, by: Secs) -> Self {
        Self(self.0.saturating_add(by.0.saturating_mul(1_000)))
    }

    /// The moment `by` earlier.
    #[must_use]
    pub const fn minus(self, by: Secs) -> Self {
        Self(self.0.saturating_sub(by.0.saturating_mul(1_000)))
    }

    /// How long from `earlier` until this moment; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Secs {
        Secs(self.0.saturating_sub(earlier.0) / 1_000)
    }

    /// RFC 3339 in UTC with whole seconds, e.g. `2026-11-24T09:30:00Z`.
    pub fn rfc3339(self) -> String {
        i64::try_from(self.secs())
            .ok()
            .and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok())
            .and_then(|at| at.format(&Rfc3339).ok())
            .unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc3339() {
        assert_eq!(Moment::from_secs(1_795_512_600).rfc3339(), "2026-11-24T09:30:00Z");
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Moment::from_secs(1).minus(hours(1)), Moment::default());
        assert_eq!(Moment::from_millis(u64::MAX).plus(days(1)).millis(), u64::MAX);
        assert_eq!(Moment::from_secs(5).since(Moment::from_secs(9)), Secs(0));
    }
}
