//! From evidence to a verdict, and its reasons for three readers.

use serde::Serialize;

use crate::{
    event::{Event, Proof},
    evidence::Evidence,
    feature::{Direction, Feature, Group},
    model::{self, HYPOTHESES, Odds},
    policy::{Level, Policy, Then, Thresholds},
    weights::{MEDIUM, MODEL, POINT},
};

/// What comes out, and what the person may see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// From 0 to 100.
    pub score: u8,
    /// What the score means under the policy.
    pub level: Level,
    /// Why, heaviest first, at most five.
    pub reasons: Vec<Reason>,
}

/// Why: a stable code, the points it adds, and words for the person who signs in. The words say what was seen, never what would have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A stable `snake_case` code.
    pub code: &'static str,
    /// The points it adds.
    pub weight: u8,
    /// A sentence for the person, without a full stop.
    pub text: &'static str,
}

/// The same verdict for an administrator and an auditor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What the person sees.
    pub verdict: Verdict,
    /// What each feature adds or takes, heaviest first, in tenths of a point. For the administrator.
    pub contributions: Vec<Contribution>,
    /// Whom it looks like most, if it is not the owner.
    pub likeliest: &'static str,
    /// What an auditor needs to come to the same verdict.
    pub audit: Audit,
}

/// What a feature adds to the score, or takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// The feature.
    pub code: &'static str,
    /// Its group.
    pub group: Group,
    /// Its value, in thousandths.
    pub value: i32,
    /// Tenths of a point: negative where it vouches.
    pub weight: i32,
}

/// What the verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The version of the weights.
    pub model: &'static str,
    /// The natural logarithm of the odds that it is somebody else, in thousandths, before the tenant's offset.
    pub odds: i32,
    /// The tenant's offset, in thousandths.
    pub offset: i32,
    /// The policy's thresholds.
    pub thresholds: Thresholds,
    /// The level of the score alone.
    pub by_score: Level,
    /// Something could not be read, so that it is medium at least.
    pub incomplete: bool,
    /// Only one group of features speaks for high, so that it is medium at most.
    pub one_sided: bool,
    /// The places of the policy's rules that applied.
    pub rules: Vec<usize>,
}

/// Judges what was gathered about an event. A stored event and its evidence give the same verdict again.
pub fn judge(event: &Event, evidence: &Evidence, policy: &Policy) -> Verdict {
    explain(event, evidence, policy).verdict
}

/// Judges, and says why.
pub fn explain(event: &Event, evidence: &Evidence, policy: &Policy) -> Explanation {
    let odds = Odds::of(evidence);
    let points = points(odds.total.saturating_sub(evidence.offset()));
    let by_score = policy.thresholds.level(points);
    let one_sided = by_score == Level::High && !several_sides(evidence);
    let mut level = if one_sided { Level::Medium } else { by_score };
    let mut rules = Vec::new();
    // What trusts comes first, so that what distrusts has the last word.
    for (at, rule) in policy.rules.iter().enumerate() {
        if let Then::AtMost(most) = rule.then
            && event.proof != Proof::Failed
            && rule.when.is(event)
        {
            level = level.min(most);
            rules.push(at);
        }
    }
    for (at, rule) in policy.rules.iter().enumerate() {
        if let Then::AtLeast(least) = rule.then
            && rule.when.is(event)
        {
            level = level.max(least);
            rules.push(at);
        }
    }
    if evidence.incomplete() {
        level = level.max(Level::Medium);
    }
    let score = if evidence.incomplete() { points.max(policy.thresholds.medium.min(100)) } else { points };
    let contributions = contributions(evidence, &odds);
    let verdict = Verdict { score, level, reasons: reasons(evidence, &contributions) };
    Explanation {
        verdict,
        likeliest: odds.likeliest().as_str(),
        contributions,
        audit: Audit {
            model: MODEL,
            odds: odds.total,
            offset: evidence.offset(),
            thresholds: policy.thresholds,
            by_score,
            incomplete: evidence.incomplete(),
            one_sided,
            rules,
        },
    }
}

/// The score of log-odds in thousandths: 40 where the usual medium begins, and a point for each [`POINT`].
fn points(odds: i32) -> u8 {
    let points = USUAL_MEDIUM + odds.saturating_sub(MEDIUM).div_euclid(POINT);
    u8::try_from(points.clamp(0, 100)).unwrap_or(100)
}

/// Whether two groups speak for somebody else, or a key was failed: never one alone makes it high.
fn several_sides(evidence: &Evidence) -> bool {
    let mut sides = std::collections::BTreeMap::<Group, [i32; HYPOTHESES]>::new();
    for (feature, value) in evidence.values() {
        if feature == Feature::ProofFailed {
            return true;
        }
        if feature.direction() == Direction::Adds {
            let sums = sides.entry(feature.group()).or_default();
            for (sum, weight) in sums.iter_mut().zip(model::weights(feature)) {
                *sum = sum.saturating_add(model::product(weight, value));
            }
        }
    }
    sides.values().filter(|sums| sums.iter().any(|sum| *sum >= SIDE)).count() > 1
}

/// Each feature's part, under the hypotheses as likely as the evidence makes them.
fn contributions(evidence: &Evidence, odds: &Odds) -> Vec<Contribution> {
    let shares = odds.shares();
    let all: i64 = shares.iter().map(|share| i64::from(*share)).sum::<i64>().max(1);
    let mut contributions: Vec<_> = evidence
        .values()
        .map(|(feature, value)| {
            let part = |(weight, share)| i64::from(model::product(weight, value)) * i64::from(share);
            let sum: i64 = model::weights(feature).into_iter().zip(shares).map(part).sum();
            let weight = i32::try_from(sum * 10 / all / i64::from(POINT)).unwrap_or(0);
            Contribution { code: feature.code(), group: feature.group(), value, weight }
        })
        .collect();
    contributions.sort_by(|a, b| b.weight.abs().cmp(&a.weight.abs()).then(a.code.cmp(b.code)));
    contributions
}

fn reasons(evidence: &Evidence, contributions: &[Contribution]) -> Vec<Reason> {
    let mut reasons: Vec<_> = contributions
        .iter()
        .filter_map(|part| {
            let weight = u8::try_from((part.weight / 10).min(100)).ok().filter(|weight| *weight > 0)?;
            let feature = Feature::ALL.iter().find(|feature| feature.code() == part.code)?;
            Some(Reason { code: part.code, weight, text: feature.text() })
        })
        .take(MOST_REASONS)
        .collect();
    if evidence.incomplete() {
        reasons.insert(0, INCOMPLETE);
        reasons.truncate(MOST_REASONS);
    }
    reasons
}

/// Something could not be read.
const INCOMPLETE: Reason = Reason {
    code: "incomplete",
    weight: 0,
    text: "some of what is known about this account could not be checked just now",
};
const MOST_REASONS: usize = 5;
/// What a group must say at least to count as a side: odds of two to one.
const SIDE: i32 = 693;
/// The score at which medium usually begins.
const USUAL_MEDIUM: i32 = 40;
