//! An account's second factors besides passkeys: one authenticator app and a list of recovery codes.
//!
//! They lie in the record of the passkeys ([`crate::passkeys`]): judging a sign-in so reads no more than without them, and one swap sees all that an
//! account has, so that nobody sets one up in the moment in which another comes to be.

use domain::{AccountId, Digest, IndexKey, Method, Moment, Secs, SessionId, mins};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Session, passkeys::Passkeys, sealed::Sealed};

/// The second factors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    /// The authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// One that is being set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// The recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was right, and is used up.
    Right,
    /// It was not, or was used before; it counts.
    Wrong,
    /// The same, and with it the factor is disabled.
    LastWrong,
    /// The factor was disabled before; right or wrong, nothing is taken.
    Disabled,
}

/// A secret that is shared with an authenticator app, wrapped under `keyring_key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret(Sealed);

impl Secret {
    /// Wraps the secret of this account's app.
    pub fn wrap(ports: &Ports<'_>, account: AccountId, secret: &[u8]) -> Result<Self, Failure> {
        let sealed = Sealed::wrap(ports, &ports.settings.keyring_key()?, &context(account), secret);
        Ok(Self(sealed.ok_or_else(|| ports::StoreError("a secret could not be wrapped".into()))?))
    }

    /// The secret.
    ///
    /// # Errors
    /// It was wrapped under another `keyring_key`, or for another account.
    pub fn unwrap(&self, ports: &Ports<'_>, account: AccountId) -> Result<Vec<u8>, Failure> {
        let secret = self.0.unwrap(&ports.settings.keyring_key()?, &context(account));
        Ok(secret.ok_or_else(|| {
            ports::StoreError(format!("the authenticator secret of {account} is not of this keyring_key"))
        })?)
    }
}

fn context(account: AccountId) -> String {
    format!("totp {account}")
}

/// An authenticator app (RFC 6238).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    /// Its secret.
    pub secret: Secret,
    /// When it was set up.
    pub made: Moment,
    /// When its last code was taken.
    pub used: Moment,
    /// The time step of that code: of no step up to it is a code taken again.
    pub step: u64,
    /// Wrong codes since the last right one.
    #[serde(default)]
    pub wrong: u32,
    /// The session in which it was set up; none: on the way into one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

impl Totp {
    /// Judges a code that is right for `step`, or for none that may be: one answer, one change.
    pub fn answer(&mut self, step: Option<u64>, now: Moment) -> Answer {
        if self.is_disabled() {
            return Answer::Disabled;
        }
        match step.filter(|step| *step > self.step) {
            Some(step) => {
                (self.step, self.used, self.wrong) = (step, now, 0);
                Answer::Right
            }
            None => counted(&mut self.wrong),
        }
    }

    /// Whether too many wrong codes in a row switched it off. It is good again once it is set up anew.
    pub const fn is_disabled(&self) -> bool {
        self.wrong >= MOST_WRONG
    }
}

/// An app that was shown its secret and has not answered yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The secret.
    pub secret: Secret,
    /// Until when it can be confirmed.
    pub ends: Moment,
    /// Wrong codes so far.
    #[serde(default)]
    pub wrong: u32,
}

/// Recovery codes: each is good once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// What those that are left hash to, under `keyring_key`.
    pub codes: Vec<Digest>,
    /// When they were made.
    pub made: Moment,
    /// When one was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Moment>,
    /// Wrong codes since the last right one.
    #[serde(default)]
    pub wrong: u32,
    /// The session in which they were made.
    pub session: SessionId,
}

impl Recovery {
    /// What a code, brought into its one spelling, hashes to.
    pub fn digest(key: &IndexKey, account: AccountId, code: &str) -> Digest {
        key.mac("recovery-code", &[&account.ulid().bytes(), code.as_bytes()])
    }

    /// Judges a code; a right one is gone with the same change.
    pub fn answer(&mut self, code: &Digest, now: Moment) -> Answer {
        if self.is_disabled() {
            return Answer::Disabled;
        }
        let before = self.codes.len();
        // All are compared, each in constant time.
        self.codes.retain(|each| each != code);
        if self.codes.len() == before {
            return counted(&mut self.wrong);
        }
        (self.used, self.wrong) = (Some(now), 0);
        Answer::Right
    }

    /// Whether too many wrong codes in a row switched the list off. New codes are good again.
    pub const fn is_disabled(&self) -> bool {
        self.wrong >= MOST_WRONG
    }
}

fn counted(wrong: &mut u32) -> Answer {
    *wrong += 1;
    if *wrong >= MOST_WRONG { Answer::LastWrong } else { Answer::Wrong }
}

impl Passkeys {
    /// The factors that can answer a step-up now, the one to prefer first.
    pub fn usable(&self) -> Vec<Method> {
        let Factors { totp, recovery, .. } = &self.factors;
        let passkey = (!self.credentials.is_empty()).then_some(Method::Passkey);
        let totp = totp.as_ref().filter(|totp| !totp.is_disabled()).map(|_| Method::Totp);
        let recovery = recovery.as_ref().filter(|list| !list.is_disabled() && !list.codes.is_empty());
        [passkey, totp, recovery.map(|_| Method::RecoveryCode)].into_iter().flatten().collect()
    }

    /// Whether there is any second factor, usable or not: one that was switched off or used up must not make room for a stranger's.
    pub const fn has_factor(&self) -> bool {
        !self.credentials.is_empty() || self.factors.totp.is_some() || self.factors.recovery.is_some()
    }

    /// Whether a session may change the second factors: while there are none, with two factors of its own, or as the one that set up all there is, just now.
    pub fn may_change(&self, session: &Session, now: Moment) -> bool {
        session.acr() == domain::Acr::Aal2
            || !self.has_factor()
            || (self.credentials.is_empty() && self.factors.are_fresh_from(session.id, now))
    }
}

impl Factors {
    /// Whether a session may change passkeys beside these: a mailbox alone must not get round an authenticator app by adding a passkey.
    pub fn let_pass(&self, session: &Session, now: Moment) -> bool {
        session.acr() == domain::Acr::Aal2 || self.are_fresh_from(session.id, now)
    }

    /// Without the recovery codes, if there is nothing left that they could stand for.
    pub fn drop_orphans(&mut self, passkeys: usize) {
        if passkeys == 0 && self.totp.is_none() {
            self.recovery = None;
        }
    }

    /// Whether all of them, if any, were set up by this session a moment ago.
    fn are_fresh_from(&self, session: SessionId, now: Moment) -> bool {
        let fresh = |by: Option<SessionId>, made: Moment| by == Some(session) && now < made.plus(FRESH);
        self.totp.as_ref().is_none_or(|totp| fresh(totp.session, totp.made))
            && self.recovery.as_ref().is_none_or(|list| fresh(Some(list.session), list.made))
    }
}

/// NIST SP 800-63B-4 section 3.2.2: wrong answers in a row to one authenticator, after which it is disabled.
pub const MOST_WRONG: u32 = 100;
/// How long the session that set up the first factor may go on without signing in again.
const FRESH: Secs = mins(15);

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Acr, Authenticated, TenantId, Ulid};

    fn account() -> AccountId {
        AccountId::of(Ulid::derived(Moment::from_secs(1), &[b"a"]))
    }

    fn session(number: u8, method: Method) -> Session {
        let now = Moment::from_secs(1_000);
        Session {
            id: SessionId::of(Ulid::new(now, [number; 10])),
            token: Digest::of(&[&[number]]),
            who: Authenticated::dangerous_claim(TenantId::ROOT, account(), method, now),
            began: now,
            seen: now,
            ends: now.plus(mins(600)),
            idle: mins(600),
            device: String::new(),
        }
    }

    fn totp(wrong: u32, session: Option<SessionId>) -> Totp {
        let world = testkit::World::default();
        let secret = Secret::wrap(&world.ports(), account(), b"secret").unwrap();
        let made = Moment::from_secs(1_000);
        Totp { secret, made, used: made, step: 33, wrong, session }
    }

    #[test]
    fn a_secret_is_read_by_its_account_under_its_key_alone() {
        let world = testkit::World::default();
        let ports = world.ports();
        let secret = Secret::wrap(&ports, account(), b"twenty bytes of luck").unwrap();
        assert_eq!(secret.unwrap(&ports, account()).unwrap(), b"twenty bytes of luck");
        let other = AccountId::of(Ulid::derived(Moment::from_secs(2), &[b"b"]));
        assert!(secret.unwrap(&ports, other).is_err());
        let elsewhere = testkit::World::with(&[("keyring_key", "another keyring key for tests")]);
        assert!(secret.unwrap(&elsewhere.ports(), account()).is_err());
        let text = serde_json::to_string(&secret).unwrap() + &format!("{secret:?}");
        assert!(!text.contains("luck"));
    }

    #[test]
    fn a_step_is_taken_once_and_time_does_not_go_back() {
        let (mut app, now) = (totp(7, None), Moment::from_secs(1_020));
        assert_eq!(app.answer(Some(33), now), Answer::Wrong, "the step it was set up with");
        assert_eq!((app.answer(Some(34), now), app.step, app.wrong), (Answer::Right, 34, 0));
        for step in [Some(34), Some(33), None] {
            assert_eq!(app.answer(step, now), Answer::Wrong, "{step:?}");
        }
        assert_eq!(app.wrong, 3);
    }

    #[test]
    fn a_hundred_wrong_in_a_row_disable_and_ninety_nine_do_not() {
        let now = Moment::from_secs(1_020);
        let mut app = totp(98, None);
        assert_eq!(app.answer(None, now), Answer::Wrong);
        assert_eq!(app.answer(Some(34), now), Answer::Right);
        app.wrong = 99;
        assert_eq!(app.answer(None, now), Answer::LastWrong);
        assert_eq!(app.answer(Some(35), now), Answer::Disabled, "right, and too late");
        let code = Digest::of(&[b"x"]);
        let mut list = Recovery {
            codes: vec![code; 1],
            made: now,
            used: None,
            wrong: 99,
            session: session(1, Method::MagicLink).id,
        };
        assert_eq!(list.answer(&Digest::of(&[b"y"]), now), Answer::LastWrong);
        assert_eq!((list.answer(&code, now), list.codes.len()), (Answer::Disabled, 1));
    }

    #[test]
    fn what_is_disabled_or_used_up_is_not_usable_but_is_there() {
        let now = Moment::from_secs(1_000);
        let list = Recovery {
            codes: vec![],
            made: now,
            used: None,
            wrong: 0,
            session: session(1, Method::MagicLink).id,
        };
        let factors = Factors { totp: Some(totp(100, None)), pending: None, recovery: Some(list) };
        let all = Passkeys { factors, ..Passkeys::default() };
        assert!(all.usable().is_empty() && all.has_factor());
        assert!(!Passkeys::default().has_factor());
    }

    #[test]
    fn a_session_of_one_factor_changes_only_what_it_just_set_up_itself() {
        let (mine, other) = (session(1, Method::MagicLink), session(2, Method::MagicLink));
        let strong = session(3, Method::Passkey);
        assert_eq!(strong.acr(), Acr::Aal2);
        let (now, later) = (Moment::from_secs(1_001), Moment::from_secs(1_000).plus(FRESH));
        assert!(Passkeys::default().may_change(&other, now));
        let factors = Factors { totp: Some(totp(0, Some(mine.id))), ..Factors::default() };
        let all = Passkeys { factors, ..Passkeys::default() };
        assert!(all.may_change(&mine, now) && all.factors.let_pass(&mine, now));
        assert!(!all.may_change(&mine, later) && !all.factors.let_pass(&mine, later));
        assert!(!all.may_change(&other, now) && !all.factors.let_pass(&other, now));
        assert!(all.may_change(&strong, later) && all.factors.let_pass(&strong, later));
        let factors = Factors { totp: Some(totp(0, None)), ..Factors::default() };
        assert!(!Passkeys { factors, ..Passkeys::default() }.may_change(&mine, now), "set up on the way in");
    }
}
