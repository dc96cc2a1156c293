//! What follows from a verdict: a table of policy, level, and what the person has.

use domain::Acr;
use kv_schema::SecondFactor;
use risk::{Level, Reason};

/// What to do with a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Let it pass.
    Allow,
    /// Ask for a second factor that the account has.
    Challenge,
    /// Ask for a second factor, which has to be set up first. Never because of a risk: whoever made the risk would set it up.
    Enrol,
    /// Stop it.
    Block(Reason),
}

/// What an account has besides the first factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Second {
    /// Nothing.
    None,
    /// Only what was disabled by wrong answers or is used up. A stranger could have brought that about: it never opens the way to setting up another.
    Spent,
    /// A factor that can answer.
    Usable,
}

/// Decides. `acr` is what the first factor is worth, `second` what there is besides.
pub(crate) const fn decide(level: Level, policy: SecondFactor, acr: Acr, second: Second) -> Decision {
    match (level, policy) {
        (Level::High, _) => Decision::Block(TOO_RISKY),
        // A user-verified passkey is two factors already, and no other is better.
        _ if matches!(acr, Acr::Aal2) => Decision::Allow,
        (_, SecondFactor::Never) | (Level::Low, SecondFactor::Risk) => Decision::Allow,
        _ if matches!(second, Second::Usable) => Decision::Challenge,
        (Level::Medium, _) => Decision::Block(NO_FACTOR),
        _ if matches!(second, Second::Spent) => Decision::Block(NO_FACTOR),
        (Level::Low, SecondFactor::Always) => Decision::Enrol,
    }
}

/// The account is gone, disabled, or no member of the tenant: one reason, whichever it is.
pub(crate) const ACCOUNT_UNAVAILABLE: Reason = Reason {
    code: "account_unavailable",
    weight: 100,
    text: "this account cannot sign in here; ask whoever manages it for you",
};
const TOO_RISKY: Reason = Reason {
    code: "too_risky",
    weight: 0,
    text: "this sign-in looks unusual and was stopped; use a device you signed in on before, or ask whoever manages your account",
};
const NO_FACTOR: Reason = Reason {
    code: "no_factor",
    weight: 0,
    text: "this sign-in needs a second step and none can be used; use a device you signed in on before, or ask whoever manages your account",
};
/// Why there is a question although nothing looks risky.
pub(crate) const REQUIRED: Reason = Reason {
    code: "second_factor_required",
    weight: 0,
    text: "your organisation asks for a second step at every sign-in",
};

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::*;
    use Level::*;
    use SecondFactor::*;

    #[test]
    fn the_table() {
        let no = Block(NO_FACTOR);
        let stop = Block(TOO_RISKY);
        //         level   policy  aal1 without, aal1 with a spent factor, aal1 with a factor, aal2
        for (level, policy, without, spent, with, passkey) in [
            (Low, Never, Allow, Allow, Allow, Allow),
            (Low, Risk, Allow, Allow, Allow, Allow),
            (Low, Always, Enrol, no, Challenge, Allow),
            (Medium, Never, Allow, Allow, Allow, Allow),
            (Medium, Risk, no, no, Challenge, Allow),
            (Medium, Always, no, no, Challenge, Allow),
            (High, Never, stop, stop, stop, stop),
            (High, Risk, stop, stop, stop, stop),
            (High, Always, stop, stop, stop, stop),
        ] {
            let got = [
                decide(level, policy, Acr::Aal1, Second::None),
                decide(level, policy, Acr::Aal1, Second::Spent),
                decide(level, policy, Acr::Aal1, Second::Usable),
                decide(level, policy, Acr::Aal2, Second::Usable),
            ];
            assert_eq!(got, [without, spent, with, passkey], "{level:?} under {policy:?}");
        }
    }
}
