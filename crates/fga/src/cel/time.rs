//! Moments and spans of time: RFC 3339 and Go's durations, read and written.

use std::fmt;

const NANOS: i64 = 1_000_000_000;

/// A span of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duration(pub(super) i64);

/// A moment: seconds since 1970 and nanoseconds. CEL knows the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp {
    seconds: i64,
    nanos: i64,
}

const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

impl Duration {
    /// Reads what Go reads: `1h30m`, `-1.5s`, `300ms`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (written, behind) = rest.split_at(number);
            let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
            let (unit, behind) = behind.split_at(unit);
            let factor: i128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return None,
            };
            let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return None;
            }
            let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
            total = total.checked_add(whole.checked_mul(factor)?)?;
            let mut scale = factor;
            for digit in fraction.chars() {
                let value = i128::from(digit.to_digit(10)?);
                total = total.checked_add(value.checked_mul(scale)? / 10)?;
                scale /= 10;
            }
            rest = behind;
        }
        i64::try_from(if negative { -total } else { total }).ok().map(Self)
    }

    /// The span, if it fits.
    pub(super) fn of_nanos(nanos: i128) -> Option<Self> {
        i64::try_from(nanos).ok().map(Self)
    }
}

impl fmt::Display for Duration {
    /// As CEL writes it: seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (seconds, nanos) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        let fraction = format!("{nanos:09}");
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{seconds}{dot}{fraction}s")
    }
}

/// A moment's parts on a calendar.
pub(super) struct Parts {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Sunday is 0.
    pub(super) weekday: i64,
    /// From 0.
    pub(super) yearday: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanos: i64,
}

impl Timestamp {
    /// A moment, if CEL knows its year.
    pub(super) fn new(seconds: i64) -> Option<Self> {
        (FIRST..=LAST).contains(&seconds).then_some(Self { seconds, nanos: 0 })
    }

    /// Reads RFC 3339.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let sign =
            |at: usize, wanted: &[u8]| text.as_bytes().get(at).is_some_and(|found| wanted.contains(found));
        let separated = sign(4, b"-") && sign(7, b"-") && sign(10, b"T") && sign(13, b":") && sign(16, b":");
        if !separated {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let valid = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !valid {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut nanos = 0;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let length = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let digits = fraction.get(..length)?;
            if digits.is_empty() {
                return None;
            }
            nanos = format!("{digits:0<9}").get(..9)?.parse().ok()?;
            rest = fraction.get(length..)?;
        }
        let offset = if rest == "Z" { 0 } else { offset(rest)? };
        let days = days_from_civil(year, month, day);
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
        Self::new(seconds).map(|moment| Self { nanos, ..moment })
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    fn of_total(total: i128) -> Option<Self> {
        let seconds = i64::try_from(total.div_euclid(i128::from(NANOS))).ok()?;
        let nanos = i64::try_from(total.rem_euclid(i128::from(NANOS))).ok()?;
        Self::new(seconds).map(|moment| Self { nanos, ..moment })
    }

    /// Later, or earlier.
    pub(super) fn plus(self, span: Duration) -> Option<Self> {
        Self::of_total(self.total() + i128::from(span.0))
    }

    /// Earlier, or later.
    pub(super) fn minus(self, span: Duration) -> Option<Self> {
        Self::of_total(self.total() - i128::from(span.0))
    }

    /// The span from another moment.
    pub(super) fn since(self, other: Self) -> Option<Duration> {
        Duration::of_nanos(self.total() - other.total())
    }

    /// Seconds since 1970.
    pub(super) fn seconds(self) -> i64 {
        self.seconds
    }

    /// On the calendar of a time zone: `UTC`, `+02:00`, `-03:30`.
    pub(super) fn parts(self, zone: Option<&str>) -> Result<Parts, String> {
        let offset = match zone {
            None | Some("UTC" | "GMT" | "Z" | "") => 0,
            Some(zone) => offset(zone)
                .or_else(|| offset(&format!("+{zone}")))
                .ok_or_else(|| format!("unknown time zone {zone}"))?,
        };
        let local = self.seconds + offset;
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Ok(Parts {
            year,
            month,
            day,
            weekday: (days + 4).rem_euclid(7),
            yearday: days - days_from_civil(year, 1, 1),
            hour: rest / 3_600,
            minute: rest / 60 % 60,
            second: rest % 60,
            nanos: self.nanos,
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts(None).map_err(|_| fmt::Error)?;
        let fraction = format!("{:09}", parts.nanos);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{dot}{fraction}Z",
            parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second
        )
    }
}

/// `+hh:mm` in seconds.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
