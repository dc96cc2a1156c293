//! The benchmark's headline, fast enough for development: `risk_eval.py` stays the judge.

use std::collections::BTreeMap;

use crate::records::Row;

/// The classes, in the order of the hypotheses.
pub(crate) const CLASSES: [&str; 7] =
    ["naive", "vpn", "targeted", "very_targeted", "stealer", "aitm", "stuffing"];

/// AUC, TPR at FPR, and where friction falls.
pub(crate) fn table(rows: &[Row]) -> String {
    let score = |row: &Row| row.evidence.odds() - row.evidence.offset();
    let legit = owners(rows, score);
    let mut classes = BTreeMap::<&str, Vec<i32>>::new();
    for row in rows.iter().filter(|row| row.truth.eval && row.truth.label == "attack") {
        classes.entry(&row.truth.cls).or_default().push(score(row));
    }
    // The benchmark's order first, then what other data calls an attack.
    let known = |class: &str| CLASSES.iter().position(|known| *known == class).unwrap_or(CLASSES.len());
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by_key(|(class, _)| known(class));
    let names: String = classes.iter().map(|(class, _)| format!("{class:>14}")).collect();
    let mut out = format!("{:16}{names}\n", "");
    let mut line = |name: &str, of: &dyn Fn(&[i32]) -> f64| {
        let cells: String = classes.iter().map(|(_, scores)| format!("{:>14.3}", of(scores))).collect();
        out.push_str(&format!("{name:16}{cells}\n"));
    };
    line("AUC", &|attacks| auc(attacks, &legit));
    for per_myriad in [1000, 500, 200, 100, 50, 10] {
        let from = threshold(&legit, per_myriad);
        line(&format!("FPR {} %", f64::from(per_myriad) / 100.0), &|attacks| {
            ratio(attacks.iter().filter(|score| **score >= from).count(), attacks.len())
        });
    }
    for per_myriad in [500, 300, 5] {
        out.push_str(&where_it_falls(rows, score, threshold(&legit, per_myriad)));
    }
    out
}

/// The scores of owners who were there before, in order.
pub(crate) fn owners(rows: &[Row], score: impl Fn(&Row) -> i32) -> Vec<i32> {
    let mut scores: Vec<i32> = rows
        .iter()
        .filter(|row| row.truth.eval && row.truth.label == "legit" && row.history > 0)
        .map(score)
        .collect();
    scores.sort_unstable();
    scores
}

/// The least score that not more than so many of ten thousand owners reach.
pub(crate) fn threshold(legit: &[i32], per_myriad: u32) -> i32 {
    let above = legit.len() * usize::try_from(per_myriad).unwrap_or(0) / 10_000;
    let at = legit.len().saturating_sub(1 + above);
    legit.get(at).copied().unwrap_or(i32::MAX - 1).saturating_add(1)
}

fn where_it_falls(rows: &[Row], score: impl Fn(&Row) -> i32, from: i32) -> String {
    let mut by = BTreeMap::<&str, (usize, usize)>::new();
    for row in rows.iter().filter(|row| row.truth.eval && row.truth.label == "legit" && row.history > 0) {
        let history = match row.history {
            0..=1 => "history 1",
            2..=4 => "history 2-4",
            5..=11 => "history 5-11",
            12..=38 => "history 12-38",
            39.. => "history 39+",
        };
        let tags = row.truth.tags.iter().map(String::as_str);
        for name in tags.chain([row.truth.tenant.as_str(), history, "all"]) {
            let (above, all) = by.entry(name).or_default();
            *above += usize::from(score(row) >= from);
            *all += 1;
        }
    }
    let shares: Vec<_> = by
        .iter()
        .map(|(name, (above, all))| format!("{name} {:.2} %", ratio(*above, *all) * 100.0))
        .collect();
    format!("owners from {from} on: {}\n", shares.join(", "))
}

fn auc(attacks: &[i32], legit: &[i32]) -> f64 {
    let below: usize = attacks
        .iter()
        .map(|score| legit.partition_point(|it| it < score) + legit.partition_point(|it| it <= score))
        .sum();
    ratio(below, 2 * legit.len() * attacks.len())
}

#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn ratio(of: usize, all: usize) -> f64 {
    of as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_thresholds_are_those_of_the_benchmark() {
        assert!((auc(&[3, 4], &[1, 2]) - 1.0).abs() < 1e-9);
        assert!((auc(&[1, 1], &[1, 1]) - 0.5).abs() < 1e-9);
        let legit: Vec<i32> = (0..1000).collect();
        let from = threshold(&legit, 500);
        assert_eq!(legit.iter().filter(|score| **score >= from).count(), 50);
        assert_eq!(threshold(&[1, 2, 3, 4], 0), 5);
    }
}
