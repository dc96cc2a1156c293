//! How likely it is that a sign-in is somebody else's: [`assess`], a pure function of what is known. No I/O, no clock, no
//! floating point: the same bits natively and in Wasm, so that a stored input can be judged again under another policy.
//!
//! An [`Event`] is compared with the [`Person`]'s habits, with what is usual in the tenant ([`Priors`]), and with what failed lately
//! ([`Groups`]); that gives [`Evidence`]. The model weighs it for each kind of attacker, and the [`Policy`] says what the sum means.
//! docs/RISK.md tells how the weights came to be and how good they are.
//!
//! What callers rely on, and the tests hold it to:
//! - **More is never less.** Each feature has a direction that its weights keep: worse evidence never lowers the score.
//! - **Missing is not good.** A signal that is missing weighs at least as much as the best value it could have had, and where a record
//!   could not be read the level is medium at least (PROTOCOLS, attack case 33).
//! - **Nothing vouches but our own records**: the device's cookie and key, the networks that the person used, and the time light needs.
//! - **Never one thing alone.** It is high only if two groups of features say so, or a key was failed.
//! - **It says why**, to the person, to an administrator, and to an auditor.

mod bytes;
mod event;
mod evidence;
mod feature;
mod fixed;
mod groups;
mod habit;
mod memory;
mod model;
mod person;
mod plain;
mod policy;
mod priors;
mod replay;
mod verdict;
mod weights;

pub use event::{Act, Browser, Event, Flags, Kind, Network, Place, Proof};
pub use evidence::Evidence;
pub use feature::{Direction, Feature, Group};
pub use groups::{Count, Groups};
pub use model::{HYPOTHESES, Hypothesis};
pub use person::Person;
pub use plain::{Device, Signal, Signals, score};
pub use policy::{Level, Policy, Rule, Then, Thresholds, When};
pub use priors::{Priors, Tally};
pub use replay::{Change, Counts, Replay, Stored, replay};
pub use verdict::{Audit, Contribution, Explanation, Reason, Verdict, explain, judge};

/// Judges an event, with everything that is known. `person` is `None` if the record could not be read; somebody new is `Some(&Person::default())`.
pub fn assess(
    event: &Event,
    person: Option<&Person>,
    priors: &Priors,
    groups: &Groups,
    policy: &Policy,
) -> Verdict {
    judge(event, &Evidence::gather(event, person, priors, groups), policy)
}

/// Remembers an event that was let in: [`Person::learn`].
#[must_use]
pub fn learn(event: &Event, person: Person) -> Person {
    person.learn(event)
}
