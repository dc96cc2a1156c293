//! A verdict from two signals alone: whether the browser is known, and what failed. For callers that have no
//! [`crate::Person`] yet; [`crate::assess`] is the whole.
//!
//! It keeps the same promises: more is never less, missing is not good, and every point of the score is a reason's weight.

use crate::{Level, Reason, Thresholds, Verdict};

/// What is known about one sign-in. A field that could not be read is [`Signal::Missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    /// Whether this browser is known.
    pub device: Signal<Device>,
    /// How often signing in failed for this account in the last hour.
    pub failures: Signal<u32>,
}

impl Signals {
    /// Nothing could be read.
    pub const MISSING: Self = Self { device: Signal::Missing, failures: Signal::Missing };
}

/// A signal, or the lack of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal<T> {
    /// It was read.
    Known(T),
    /// It could not be read, because a store failed or a record was damaged.
    Missing,
}

/// What our own records say about the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The account signed in on it before and let it be remembered.
    Known,
    /// The account never signed in anywhere: there is nothing to compare with, which is no risk by itself.
    First,
    /// The account signed in before, not on this one.
    New,
}

/// Judges a sign-in.
pub fn score(signals: &Signals, thresholds: Thresholds) -> Verdict {
    let mut reasons = weigh(signals);
    reasons.sort_by(|a, b| b.weight.cmp(&a.weight).then(a.code.cmp(b.code)));
    let score = reasons.iter().fold(0u8, |sum, reason| sum.saturating_add(reason.weight)).min(100);
    let missing = signals.device == Signal::Missing || signals.failures == Signal::Missing;
    let level = if score >= thresholds.high {
        Level::High
    } else if score >= thresholds.medium || missing {
        Level::Medium
    } else {
        Level::Low
    };
    Verdict { score, level, reasons }
}

/// What each signal adds.
fn weigh(signals: &Signals) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match signals.device {
        Signal::Known(Device::New) => reasons.push(Reason {
            code: "new_device",
            weight: NEW_DEVICE,
            text: "this account has not signed in on this device before",
        }),
        Signal::Missing => reasons.push(Reason {
            code: "device_unknown",
            weight: NEW_DEVICE,
            text: "whether this device is known could not be checked just now",
        }),
        Signal::Known(Device::Known | Device::First) => {}
    }
    match signals.failures {
        Signal::Known(0) => {}
        Signal::Known(failures) => {
            let most = match signals.device {
                Signal::Known(Device::Known | Device::First) => MOST_FAILURES_ELSEWHERE,
                Signal::Known(Device::New) | Signal::Missing => MOST_FAILURES,
            };
            let counted = u8::try_from(failures.min(most)).unwrap_or(u8::MAX);
            reasons.push(Reason {
                code: "recent_failures",
                weight: counted.saturating_mul(FAILURE),
                text: "signing in to this account failed lately",
            });
        }
        Signal::Missing => reasons.push(Reason {
            code: "failures_unknown",
            weight: FAILURE,
            text: "whether signing in failed lately could not be checked just now",
        }),
    }
    reasons
}

/// A new device alone stays below the usual medium (40): people buy phones, and who has only a mailbox would be locked out by it. With
/// a third failure it is medium.
const NEW_DEVICE: u8 = 30;
/// One or two failures are typing errors.
const FAILURE: u8 = 4;
/// With twelve failures a new device reaches the usual high (75).
const MOST_FAILURES: u32 = 12;
/// On a device that the account knows, and as long as it cannot know any, failures do not reach the usual medium: anybody can
/// fail in somebody's name, and must not lock the owner out by it.
const MOST_FAILURES_ELSEWHERE: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Thresholds = Thresholds { medium: 40, high: 75 };

    fn of(device: Device, failures: u32) -> Verdict {
        score(&Signals { device: Signal::Known(device), failures: Signal::Known(failures) }, USUAL)
    }

    fn every() -> Vec<Signals> {
        let devices = [
            Signal::Known(Device::Known),
            Signal::Known(Device::First),
            Signal::Known(Device::New),
            Signal::Missing,
        ];
        let failures = || (0..12).chain([u32::MAX]).map(Signal::Known).chain([Signal::Missing]);
        devices
            .into_iter()
            .flat_map(|device| failures().map(move |failures| Signals { device, failures }))
            .collect()
    }

    #[test]
    fn levels_as_people_meet_them() {
        assert_eq!(of(Device::First, 0), Verdict { score: 0, level: Level::Low, reasons: vec![] });
        assert_eq!(of(Device::Known, 0).level, Level::Low);
        assert_eq!((of(Device::New, 0).score, of(Device::New, 0).level), (30, Level::Low));
        assert_eq!((of(Device::New, 2).level, of(Device::New, 3).level), (Level::Low, Level::Medium));
        assert_eq!((of(Device::New, 12).score, of(Device::New, 12).level), (78, Level::High));
        let codes: Vec<_> = of(Device::New, 2).reasons.iter().map(|reason| reason.code).collect();
        assert_eq!(codes, ["new_device", "recent_failures"]);
    }

    #[test]
    fn a_stranger_cannot_lock_the_owner_out_of_a_known_device() {
        assert_eq!(of(Device::Known, u32::MAX).level, Level::Low);
        assert_eq!(of(Device::First, u32::MAX).level, Level::Low);
    }

    #[test]
    fn the_thresholds_decide() {
        let new = Signals { device: Signal::Known(Device::New), failures: Signal::Known(0) };
        let level = |medium, high| score(&new, Thresholds { medium, high }).level;
        assert_eq!((level(30, 75), level(31, 75)), (Level::Medium, Level::Low));
        assert_eq!((level(10, 30), level(90, 30), level(100, 100)), (Level::High, Level::High, Level::Low));
        let none = Signals { device: Signal::Known(Device::Known), failures: Signal::Known(0) };
        assert_eq!(score(&none, Thresholds { medium: 0, high: 75 }).level, Level::Medium, "from 0 is always");
    }

    /// PROTOCOLS: attack case 33.
    #[test]
    fn a_missing_signal_never_lowers_the_score_and_is_medium_at_least() {
        for signals in every() {
            let full = score(&signals, USUAL);
            for less in [
                Signals { device: Signal::Missing, ..signals },
                Signals { failures: Signal::Missing, ..signals },
                Signals::MISSING,
            ] {
                let poorer = score(&less, USUAL);
                assert!(poorer.level >= Level::Medium, "{less:?}");
                // The best a missing signal could have been is what it must not fall below.
                let best = Signals {
                    device: if less.device == Signal::Missing {
                        Signal::Known(Device::First)
                    } else {
                        less.device
                    },
                    failures: if less.failures == Signal::Missing { Signal::Known(0) } else { less.failures },
                };
                assert!(poorer.score > score(&best, USUAL).score, "{less:?} of {full:?}");
            }
            // Losing the device cookie turns a known device into a new one.
            let lost = Signals { device: Signal::Known(Device::New), ..signals };
            assert!(score(&lost, USUAL).score >= full.score, "{signals:?}");
        }
    }

    #[test]
    fn more_failures_never_lower_the_score() {
        for device in [Device::Known, Device::First, Device::New] {
            for failures in 0..20 {
                assert!(of(device, failures).score <= of(device, failures + 1).score);
            }
        }
    }

    #[test]
    fn every_point_has_a_reason() {
        for signals in every() {
            let verdict = score(&signals, USUAL);
            let sum: u32 = verdict.reasons.iter().map(|reason| u32::from(reason.weight)).sum();
            assert_eq!(u32::from(verdict.score), sum.min(100));
            assert!(verdict.reasons.iter().all(|reason| reason.weight > 0));
            assert!(verdict.reasons.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
        }
    }

    #[test]
    fn reads_as_the_contract_says() {
        let json = serde_json::to_value(of(Device::New, 0)).unwrap();
        assert_eq!(json["level"], "low");
        assert_eq!(json["reasons"][0]["code"], "new_device");
        assert_eq!(Level::High.as_str(), "high");
    }
}
