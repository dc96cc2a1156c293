//! A digest over everything that the crate computes for some thousand made-up sign-ins: any bit that differs changes it.

use risk::{Groups, Person, Policy, explain};

use super::support::{Chance, event, groups, somebody};

/// The digest of a build. It is to change only when features, weights or what is remembered are meant to.
pub(crate) const GOLDEN: u64 = 1_546_622_146_409_579_820;

/// FNV-1a over odds, scores, reasons and records.
pub(crate) fn bits() -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let mut chance = Chance(0x1a7c_4e11_0be5_5eed);
    for events in [0, 1, 3, 12, 60, 400] {
        let (person, priors, mut at) = somebody(&mut chance, events);
        add(&person.to_bytes());
        let mut person = Person::from_bytes(&person.to_bytes()).unwrap_or_default();
        for _ in 0..250 {
            at += chance.below(90_000);
            let event = event(&mut chance, at);
            let groups = if chance.one_in(20) { Groups::UNREAD } else { groups(&mut chance) };
            let known = (!chance.one_in(30)).then_some(&person);
            let evidence = risk::Evidence::gather(&event, known, &priors, &groups);
            let told = explain(&event, &evidence, &Policy::default());
            add(&evidence.odds().to_le_bytes());
            add(&[told.verdict.score]);
            add(told.verdict.level.as_str().as_bytes());
            for part in &told.contributions {
                add(part.code.as_bytes());
                add(&part.weight.to_le_bytes());
            }
            person = person.learn(&event);
        }
        add(&person.to_bytes());
    }
    digest
}
