//! What another policy would have decided on what was stored.

use serde::{Deserialize, Serialize};

use crate::{
    event::Event,
    evidence::Evidence,
    policy::{Level, Policy},
    verdict::{Verdict, judge},
};

/// What is kept of a judgement so that it can be judged again: hashes and numbers, some 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// What was known of the sign-in.
    #[serde(rename = "e")]
    pub event: Event,
    /// What the person, the priors and the groups of that time made of it.
    #[serde(rename = "v")]
    pub evidence: Evidence,
}

/// How many sign-ins had which level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Let pass.
    pub low: u32,
    /// Asked for more.
    pub medium: u32,
    /// Stopped.
    pub high: u32,
}

impl Counts {
    fn count(&mut self, level: Level) {
        let one = match level {
            Level::Low => &mut self.low,
            Level::Medium => &mut self.medium,
            Level::High => &mut self.high,
        };
        *one = one.saturating_add(1);
    }
}

/// A sign-in that would have gone another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<Id> {
    /// Which.
    pub id: Id,
    /// What was decided.
    pub before: Level,
    /// What would have been.
    pub after: Verdict,
}

/// What would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay<Id> {
    /// Under the policy of now.
    pub before: Counts,
    /// Under the other.
    pub after: Counts,
    /// How many would have gone another way.
    pub differing: u32,
    /// Those, in the order given, as many as were asked for.
    pub changed: Vec<Change<Id>>,
}

/// Judges what was stored under two policies. At most `show` of the changes are listed; all are counted.
pub fn replay<'a, Id>(
    stored: impl IntoIterator<Item = (Id, &'a Stored)>,
    now: &Policy,
    then: &Policy,
    show: usize,
) -> Replay<Id> {
    let mut replay =
        Replay { before: Counts::default(), after: Counts::default(), differing: 0, changed: Vec::new() };
    for (id, Stored { event, evidence }) in stored {
        let before = judge(event, evidence, now).level;
        let after = judge(event, evidence, then);
        replay.before.count(before);
        replay.after.count(after.level);
        if before != after.level {
            replay.differing = replay.differing.saturating_add(1);
            if replay.changed.len() < show {
                replay.changed.push(Change { id, before, after });
            }
        }
    }
    replay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Groups, Network, Person, Priors, Proof, Thresholds};

    fn stored(event: Event) -> Stored {
        let person = (0..20).fold(Person::default(), |person, day| {
            person.learn(&Event {
                at: day * 86_400,
                cookie: Some(1),
                network: Some(Network::default()),
                ..Event::default()
            })
        });
        let evidence = Evidence::gather(&event, Some(&person), &Priors::default(), &Groups::QUIET);
        Stored { event, evidence }
    }

    fn policy(medium: u8, high: u8) -> Policy {
        Policy { thresholds: Thresholds { medium, high }, rules: vec![] }
    }

    #[test]
    fn tells_what_would_have_gone_another_way() {
        let at = 21 * 86_400;
        let usual =
            stored(Event { at, cookie: Some(1), network: Some(Network::default()), ..Event::default() });
        let strange = stored(Event { at, proof: Proof::Failed, ..Event::default() });
        let score = |it: &Stored| judge(&it.event, &it.evidence, &policy(40, 75)).score;
        let (low, high) = (score(&usual), score(&strange));
        assert!(low < 40 && 40 < high && high < 100, "{low} {high}");
        let all = [("usual", &usual), ("strange", &strange), ("again", &strange)];
        let now = policy(40, high);
        let same = replay(all, &now, &now, 9);
        assert_eq!((same.differing, same.before), (0, Counts { low: 1, medium: 0, high: 2 }));
        assert_eq!(same.after, same.before);
        let looser = replay(all, &now, &policy(40, high + 1), 1);
        assert_eq!((looser.after, looser.differing), (Counts { low: 1, medium: 2, high: 0 }, 2));
        assert_eq!(looser.changed.len(), 1, "as many as asked for; all are counted");
        let stricter = replay(all, &now, &policy(low, high), 9);
        let [change] = stricter.changed.as_slice() else { panic!("{stricter:?}") };
        assert_eq!((change.id, change.before, change.after.level), ("usual", Level::Low, Level::Medium));
    }

    #[test]
    fn what_is_stored_is_small_and_gives_the_same_verdict_again() {
        let one = stored(Event { at: 21 * 86_400, rtt: Some(40), language: Some(3), ..Event::default() });
        let text = serde_json::to_string(&one).unwrap();
        assert!(text.len() < 1024, "{}", text.len());
        let back: Stored = serde_json::from_str(&text).unwrap();
        assert_eq!(back, one);
        assert_eq!(
            judge(&back.event, &back.evidence, &policy(40, 75)),
            judge(&one.event, &one.evidence, &policy(40, 75))
        );
    }
}
