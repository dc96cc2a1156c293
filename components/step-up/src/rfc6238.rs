//! Time-based one-time passwords, https://www.rfc-editor.org/rfc/rfc6238: SHA-1, six digits, thirty seconds, as every authenticator app has them.

use domain::Moment;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// The time step for which a code is right, among the present one and its neighbours (section 5.2: one step for clocks that differ and
/// for the time it takes to type) that come after `last`; of several the earliest, so that the least is used up.
pub(crate) fn matching(secret: &[u8], code: &str, now: Moment, last: u64) -> Option<u64> {
    let present = now.secs() / STEP;
    let candidates = [present.saturating_sub(1), present, present + 1];
    // Every one is computed and compared in constant time, so that an answer's timing tells nothing about which was near.
    let right = candidates.map(|step| (step, bool::from(at(secret, step).as_bytes().ct_eq(code.as_bytes()))));
    right.into_iter().find_map(|(step, right)| (right && step > last).then_some(step))
}

/// The code of a step, https://www.rfc-editor.org/rfc/rfc4226#section-5.3.
fn at(secret: &[u8], step: u64) -> String {
    // HMAC takes keys of any length; were it not to, no code must be right.
    let Ok(mut mac) = <Hmac<Sha1> as Mac>::new_from_slice(secret) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = digest.last().map_or(0, |last| usize::from(last & 0x0f));
    let Some(word) = digest.get(offset..).and_then(|rest| rest.first_chunk()) else { return String::new() };
    let number = u32::from_be_bytes(*word) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The length of a step, in seconds.
pub(crate) const STEP: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    /// https://www.rfc-editor.org/rfc/rfc6238#appendix-B: the last six of its eight digits.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Moment::from_secs(secs);
            assert_eq!(matching(b"12345678901234567890", code, now, 0), Some(secs / STEP), "{secs}");
        }
    }

    #[test]
    fn a_step_of_drift_is_taken_and_two_are_not() {
        let (secret, now) = (b"12345678901234567890", Moment::from_secs(1_111_111_110));
        let present = now.secs() / STEP;
        for away in [-2_i64, -1, 0, 1, 2] {
            let step = present.checked_add_signed(away).unwrap();
            let found = matching(secret, &at(secret, step), now, 0);
            assert_eq!(found, (away.abs() < 2).then_some(step), "{away}");
        }
    }

    #[test]
    fn what_is_used_up_is_not_found_again() {
        let (secret, now) = (b"12345678901234567890", Moment::from_secs(1_111_111_110));
        let present = now.secs() / STEP;
        let code = at(secret, present);
        assert_eq!(matching(secret, &code, now, present - 1), Some(present));
        assert_eq!(matching(secret, &code, now, present), None);
        assert_eq!(matching(secret, "", now, 0), None);
        assert_eq!(matching(secret, &code[..5], now, 0), None);
        assert_eq!(matching(b"another secret", &code, now, 0), None);
    }
}
