//! The model: attackers as hypotheses, each with a weight for every feature, and the sum of their likelihoods against the owner's.

use crate::{
    evidence::Evidence,
    feature::Feature,
    fixed::{exp_below, ln_sum},
    weights::{BIAS, WEIGHTS},
};

/// Who it might be instead of the owner. The names are those of the literature and of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hypothesis {
    /// Somebody with a list of passwords, from anywhere, with any browser.
    Naive,
    /// The same, through a tunnel into the person's country.
    Vpn,
    /// Somebody who knows where the person lives and what browser they have.
    Targeted,
    /// Somebody who copied the browser to the last header.
    Copy,
    /// Somebody with the person's own cookies.
    Stealer,
    /// A phishing page that passes on what the person types.
    Relay,
    /// One of many attempts of a campaign.
    Stuffing,
}

/// How many there are.
pub const HYPOTHESES: usize = 7;

impl Hypothesis {
    /// All of them, in the order of the weights.
    pub const ALL: [Self; HYPOTHESES] =
        [Self::Naive, Self::Vpn, Self::Targeted, Self::Copy, Self::Stealer, Self::Relay, Self::Stuffing];

    /// A stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Vpn => "vpn",
            Self::Targeted => "targeted",
            Self::Copy => "copy",
            Self::Stealer => "stealer",
            Self::Relay => "relay",
            Self::Stuffing => "stuffing",
        }
    }
}

/// What the model makes of the evidence: everything in thousandths of natural log-odds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Odds {
    /// That it is somebody else.
    pub(crate) total: i32,
    /// For each hypothesis.
    pub(crate) each: [i32; HYPOTHESES],
}

impl Odds {
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let mut each = BIAS;
        for (feature, value) in evidence.values() {
            for (sum, weight) in each.iter_mut().zip(weights(feature)) {
                *sum = sum.saturating_add(product(weight, value));
            }
        }
        let total = each.iter().copied().reduce(ln_sum).unwrap_or(0);
        Self { total, each }
    }

    /// The share of each hypothesis in the whole, of 65536.
    pub(crate) fn shares(&self) -> [i32; HYPOTHESES] {
        self.each.map(|each| exp_below(self.total.saturating_sub(each)))
    }

    /// The likeliest of them.
    pub(crate) fn likeliest(&self) -> Hypothesis {
        let likeliest = Hypothesis::ALL.into_iter().zip(self.each).max_by_key(|(_, odds)| *odds);
        likeliest.map_or(Hypothesis::Naive, |(hypothesis, _)| hypothesis)
    }
}

pub(crate) fn weights(feature: Feature) -> [i16; HYPOTHESES] {
    WEIGHTS.get(feature.index()).copied().unwrap_or_default()
}

/// Rounded towards zero, so that it keeps its sign and grows with the value.
pub(crate) fn product(weight: i16, value: i32) -> i32 {
    i32::from(weight).saturating_mul(value) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{feature::Direction, weights::POINT};

    #[test]
    fn every_weight_keeps_its_direction() {
        assert_eq!(WEIGHTS.len(), Feature::ALL.len());
        for feature in Feature::ALL {
            for weight in weights(*feature) {
                match feature.direction() {
                    Direction::Adds => assert!(weight >= 0, "{feature:?}"),
                    Direction::Vouches => assert!(weight <= 0, "{feature:?}"),
                }
            }
        }
        const { assert!(POINT > 0) };
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = Feature::ALL.iter().map(|feature| feature.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Feature::ALL.len());
    }

    #[test]
    fn shares_are_those_of_the_whole() {
        let odds = Odds::of(&Evidence::default());
        let whole: i32 = odds.shares().iter().sum();
        assert!((60_000..72_000).contains(&whole), "{whole}");
        assert_eq!(odds.each, BIAS);
    }
}
