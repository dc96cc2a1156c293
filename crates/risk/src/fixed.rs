//! Logarithms in thousandths, from integer tables: the same bits on every machine, which no standard library promises for its own.

/// A thousand times the natural logarithm of `of / to`. A zero counts as one, so that the answer is always a number.
pub(crate) fn ln_ratio(of: u64, to: u64) -> i32 {
    ln(of).saturating_sub(ln(to))
}

/// A thousand times the natural logarithm; of zero, as of one.
pub(crate) fn ln(value: u64) -> i32 {
    let Some(whole) = value.checked_ilog2() else { return 0 };
    // The six bits after the leading one choose the table's step, the next ten interpolate.
    let mantissa = if whole >= 16 { value >> (whole - 16) } else { value << (16 - whole) };
    let step = (mantissa >> 10) & 63;
    let within = narrow(mantissa & 1023);
    let low = entry(&LN, step);
    let high = entry(&LN, step + 1);
    let bits = i32::try_from(whole).unwrap_or(0);
    // 693.147 a bit.
    (bits * 693_147 + 500) / 1000 + low + (high - low) * within / 1024
}

/// `ln(e^a + e^b)` in thousandths.
pub(crate) fn ln_sum(a: i32, b: i32) -> i32 {
    let (most, least) = if a >= b { (a, b) } else { (b, a) };
    most.saturating_add(fall(&LN_SUM, most.saturating_sub(least)))
}

/// 65536 times `e^(-below/1000)`, for what lies `below` the most likely.
pub(crate) fn exp_below(below: i32) -> i32 {
    fall(&EXP, below.max(0))
}

/// A table with a step of 250 thousandths, interpolated; nothing beyond its end.
fn fall(table: &[i32], at: i32) -> i32 {
    let step = u64::try_from(at / 250).unwrap_or(u64::MAX);
    let (low, high) = (entry(table, step), entry(table, step.saturating_add(1)));
    low + (high - low) * (at % 250) / 250
}

fn entry(table: &[i32], at: u64) -> i32 {
    usize::try_from(at).ok().and_then(|at| table.get(at)).copied().unwrap_or(0)
}

fn narrow(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

const LN: [i32; 65] = [
    0, 16, 31, 46, 61, 75, 90, 104, 118, 132, 145, 159, 172, 185, 198, 211, 223, 236, 248, 260, 272, 284,
    295, 307, 318, 330, 341, 352, 363, 374, 384, 395, 405, 416, 426, 436, 446, 456, 466, 476, 486, 495, 505,
    514, 523, 532, 542, 551, 560, 569, 577, 586, 595, 603, 612, 620, 629, 637, 645, 653, 661, 669, 677, 685,
    693,
];
const LN_SUM: [i32; 32] = [
    693, 576, 474, 387, 313, 252, 201, 160, 127, 100, 79, 62, 49, 38, 30, 23, 18, 14, 11, 9, 7, 5, 4, 3, 2,
    2, 2, 1, 1, 1, 1, 0,
];
const EXP: [i32; 49] = [
    65536, 51039, 39750, 30957, 24109, 18776, 14623, 11388, 8869, 6907, 5380, 4190, 3263, 2541, 1979, 1541,
    1200, 935, 728, 567, 442, 344, 268, 209, 162, 127, 99, 77, 60, 47, 36, 28, 22, 17, 13, 10, 8, 6, 5, 4, 3,
    2, 2, 1, 1, 1, 1, 1, 0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_two_thousandths() {
        for value in (1..5000u32).chain([65_535, 65_536, 1_000_000, u32::MAX]) {
            let right = (f64::from(value).ln() * 1000.0).round();
            assert!((f64::from(ln(u64::from(value))) - right).abs() <= 2.0, "{value}");
        }
        assert_eq!((ln(0), ln(1), ln_ratio(1, 1)), (0, 0, 0));
        assert_eq!(ln_ratio(1, 2), -693);
    }

    #[test]
    fn sums_and_powers_are_right_and_monotone() {
        for difference in 0..9000 {
            let x = f64::from(difference) / 1000.0;
            assert!(
                (f64::from(ln_sum(0, -difference)) - (-x).exp().ln_1p() * 1000.0).abs() < 8.0,
                "{difference}"
            );
            assert!((f64::from(exp_below(difference)) - (-x).exp() * 65536.0).abs() < 520.0, "{difference}");
            assert!(ln_sum(difference + 1, 0) >= ln_sum(difference, 0));
        }
        assert_eq!(ln_sum(i32::MAX, i32::MIN), i32::MAX);
    }
}
