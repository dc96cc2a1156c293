//! Fits the weights: a soft maximum over owner and attackers, by gradient descent, each weight held to its feature's direction.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numerical code that runs on a developer's machine; the indices are those of arrays of constant size"
)]

use risk::{Direction, Feature, HYPOTHESES, Hypothesis};

use crate::{
    measure::{CLASSES, owners, threshold},
    records::Row,
};

const FEATURES: usize = Feature::ALL.len();

/// Fits to what was played, and prints the source of `crates/risk/src/weights.rs`. The `first` of `played` together say where medium
/// and high begin.
pub(crate) fn fit(played: &[Vec<Row>], first: usize, steps: usize, about: &str) -> String {
    let fitted = Weights::fit(played.iter().flatten(), steps);
    let mut legit: Vec<i32> =
        played.iter().take(first).flat_map(|rows| owners(rows, |row| fitted.score(row))).collect();
    legit.sort_unstable();
    let (medium, high) = (threshold(&legit, 250), threshold(&legit, 2));
    fitted.source(about, medium, (high - medium) / 35)
}

/// What is fitted.
#[derive(Debug, Clone)]
struct Weights {
    bias: [f64; HYPOTHESES],
    weights: Vec<[f64; HYPOTHESES]>,
}

/// A sign-in as numbers: features, class (`HYPOTHESES` is the owner), weight.
struct Sample {
    values: Vec<(usize, f64)>,
    class: usize,
    weight: f64,
}

impl Weights {
    /// Fits to what was recorded. Every class weighs the same in the sum.
    fn fit<'a>(rows: impl Iterator<Item = &'a Row>, epochs: usize) -> Self {
        let mut samples: Vec<Sample> = rows
            .filter(|row| row.history > 0)
            .filter_map(|row| {
                let class = if row.truth.label == "legit" {
                    HYPOTHESES
                } else {
                    CLASSES.iter().position(|class| *class == row.truth.cls)?
                };
                let values = row
                    .evidence
                    .values()
                    .map(|(feature, value)| (feature as usize, f64::from(value) / 1000.0));
                Some(Sample { values: values.collect(), class, weight: 1.0 })
            })
            .collect();
        let mut counts = [0.0; HYPOTHESES + 1];
        samples.iter().for_each(|sample| counts[sample.class] += 1.0);
        for sample in &mut samples {
            sample.weight = PRIOR[sample.class] / f64::max(counts[sample.class], 1.0);
        }
        let mut fitted = Self { bias: [-3.0; HYPOTHESES], weights: vec![[0.0; HYPOTHESES]; FEATURES] };
        let size = (FEATURES + 1) * HYPOTHESES;
        let (mut first, mut second) = (vec![0.0; size], vec![0.0; size]);
        // Whole-batch Adam: deterministic, and fast enough.
        for epoch in 1..=epochs {
            let mut gradient = vec![0.0; size];
            let mut loss = 0.0;
            for sample in &samples {
                let odds = fitted.odds(&sample.values);
                let most = odds.iter().copied().fold(0.0, f64::max);
                let exps = odds.map(|odds| (odds - most).exp());
                let sum = (-most).exp() + exps.iter().sum::<f64>();
                let own = if sample.class == HYPOTHESES { (-most).exp() } else { exps[sample.class] };
                loss -= sample.weight * (own / sum).max(1e-12).ln();
                for h in 0..HYPOTHESES {
                    let push = sample.weight * (exps[h] / sum - f64::from(u8::from(h == sample.class)));
                    gradient[FEATURES * HYPOTHESES + h] += push;
                    for (feature, value) in &sample.values {
                        gradient[feature * HYPOTHESES + h] += push * value;
                    }
                }
            }
            let rate = 0.08 * (1.0 - epoch as f64 / (epochs as f64 + 1.0)).max(0.05);
            for at in 0..size {
                let (feature, h) = (at / HYPOTHESES, at % HYPOTHESES);
                let value = if feature < FEATURES { fitted.weights[feature][h] } else { fitted.bias[h] };
                let g = gradient[at] + if feature < FEATURES { RIDGE * value } else { 0.0 };
                first[at] = 0.9 * first[at] + 0.1 * g;
                second[at] = 0.999 * second[at] + 0.001 * g * g;
                let step = (first[at] / (1.0 - 0.9f64.powi(epoch as i32)))
                    / ((second[at] / (1.0 - 0.999f64.powi(epoch as i32))).sqrt() + 1e-9);
                let next = value - rate * step;
                if feature == FEATURES {
                    fitted.bias[h] = next;
                } else {
                    fitted.weights[feature][h] = match Feature::ALL[feature].direction() {
                        Direction::Adds => next.max(floor(Feature::ALL[feature], h)),
                        Direction::Vouches => next.min(0.0),
                    };
                }
            }
            if epoch % 25 == 0 {
                crate::say(&format!("  step {epoch}: loss {loss:.5}"));
            }
        }
        fitted
    }

    fn odds(&self, values: &[(usize, f64)]) -> [f64; HYPOTHESES] {
        let mut odds = self.bias;
        for (feature, value) in values {
            for (odds, weight) in odds.iter_mut().zip(self.weights[*feature]) {
                *odds += weight * value;
            }
        }
        odds
    }

    /// In thousandths.
    fn score(&self, row: &Row) -> i32 {
        let values: Vec<_> = row
            .evidence
            .values()
            .map(|(feature, value)| (feature as usize, f64::from(value) / 1000.0))
            .collect();
        let odds = self.odds(&values);
        let most = odds.iter().copied().fold(f64::MIN, f64::max);
        ((most + odds.iter().map(|odds| (odds - most).exp()).sum::<f64>().ln()) * 1000.0) as i32
    }

    /// As the source of `crates/risk/src/weights.rs`.
    fn source(&self, about: &str, medium: i32, point: i32) -> String {
        let milli = |value: f64| (value * 1000.0).round() as i32;
        let bias = self.bias.map(|value| milli(value).to_string()).join(", ");
        let mut rows = String::new();
        for (feature, weights) in Feature::ALL.iter().zip(&self.weights) {
            let weights = weights.map(|value| milli(value).clamp(-32_000, 32_000).to_string()).join(", ");
            rows.push_str(&format!("    [{weights}], // {}\n", feature.code()));
        }
        format!(
            "//! The weights, in thousandths, as `risk-scorer fit` printed them; not edited by hand.\n//!\n//! {about}\n\nuse crate::model::HYPOTHESES;\n\n\
             /// Their version.\npub(crate) const MODEL: &str = \"{MODEL}\";\n\
             /// The log-odds at which the usual medium begins: one owner in forty exceeds them.\npub(crate) const MEDIUM: i32 = {medium};\n\
             /// A point of the score, in thousandths of log-odds: two owners in ten thousand exceed the usual high.\npub(crate) const POINT: i32 = {point};\n\
             /// Natural log-odds of each hypothesis before anything is known.\npub(crate) const BIAS: [i32; HYPOTHESES] = [{bias}];\n\n\
             /// One row for each feature, in their order.\n#[rustfmt::skip]\npub(crate) const WEIGHTS: [[i16; HYPOTHESES]; {FEATURES}] = [\n{rows}];\n"
        )
    }
}

/// What a feature weighs at least. The benchmark has no stolen cookie in another browser and no account that was changed, so these
/// are set by hand: a stolen cookie in another browser is a thief's, an act on the account needs less evidence than a sign-in.
fn floor(feature: Feature, hypothesis: usize) -> f64 {
    match (feature, Hypothesis::ALL[hypothesis]) {
        (Feature::CookieMoved, Hypothesis::Stealer) => 3.0,
        (Feature::CookieScreen, Hypothesis::Stealer) => 1.0,
        (Feature::Changed | Feature::ActChange, _) => 0.5,
        (Feature::ActRecovery, _) => 1.0,
        _ => 0.0,
    }
}

/// How much each class weighs; the last is the owner.
const PRIOR: [f64; HYPOTHESES + 1] = [0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 1.0];
/// Keeps weights that little speaks for small.
const RIDGE: f64 = 1e-5;
/// To be raised with each change of features or weights.
const MODEL: &str = "2026-11-1";

#[cfg(test)]
mod tests {
    use risk::{Event, Evidence, Groups, Network, Person, Priors};

    use super::*;
    use crate::records::Truth;

    fn row(attack: bool) -> Row {
        let here = |prefix| Event {
            at: 1_760_000_000,
            network: Some(Network { prefix, system: 1, country: 1, ..Network::default() }),
            ..Event::default()
        };
        let person = Person::default().learn(&here(1));
        let event = here(if attack { 2 } else { 1 });
        let evidence = Evidence::gather(&event, Some(&person), &Priors::default(), &Groups::QUIET);
        let text = if attack { "attack" } else { "legit" }.to_owned();
        let cls = if attack { "naive".to_owned() } else { text.clone() };
        let truth = Truth {
            id: String::new(),
            user: String::new(),
            tenant: String::new(),
            label: text,
            cls,
            eval: true,
            tags: vec![],
        };
        Row { truth, evidence, history: 1 }
    }

    #[test]
    fn learns_what_tells_an_attack_and_keeps_directions_and_floors() {
        let rows: Vec<Row> = (0..40).map(|n| row(n % 4 == 0)).collect();
        let fitted = Weights::fit(rows.iter(), 60);
        assert!(fitted.score(&rows[0]) > fitted.score(&rows[1]));
        for (feature, weights) in Feature::ALL.iter().zip(&fitted.weights) {
            for (h, weight) in weights.iter().enumerate() {
                match feature.direction() {
                    Direction::Adds => {
                        assert!(*weight >= 0.0 && *weight + 1e-9 >= floor(*feature, h), "{feature:?}")
                    }
                    Direction::Vouches => assert!(*weight <= 0.0),
                }
            }
        }
        let source = fitted.source("about", 1, 2);
        assert!(source.contains("// new_network\n") && source.contains("POINT: i32 = 2;"));
    }
}
