//! Proofs: values that say something was checked, and that only the code which checked it makes.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Moment, TenantId};

/// How someone authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A link or a typed code from a mail: whoever reads the mailbox.
    MagicLink,
    /// A passkey with user verification: possession and, by finger, face or PIN, the person.
    Passkey,
    /// A code from an authenticator app (RFC 6238): possession. Only ever a second factor.
    Totp,
    /// A recovery code from a list that was kept: possession. Only ever a second factor.
    RecoveryCode,
}

impl Method {
    /// RFC 8176 values; `email` and `recovery_code` are private ones, the registry has none for them.
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::MagicLink => &["email"],
            Self::Passkey => &["pop", "user", "mfa"],
            Self::Totp => &["otp"],
            Self::RecoveryCode => &["recovery_code"],
        }
    }

    const fn worth(self) -> Worth {
        match self {
            Self::MagicLink => Worth::First,
            Self::Passkey => Worth::Both,
            Self::Totp | Self::RecoveryCode => Worth::Second,
        }
    }
}

/// What a method is towards two factors. Two of one kind are not two factors: what may be only second proves nothing of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// One factor, by which a sign-in may begin.
    First,
    /// One factor, which may only follow another.
    Second,
    /// Two factors at once.
    Both,
}

/// How much an authentication is worth (NIST SP 800-63B-4 levels, under our own names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Acr {
    /// One factor.
    #[serde(rename = "urn:latchkey:aal1")]
    Aal1,
    /// Two factors.
    #[serde(rename = "urn:latchkey:aal2")]
    Aal2,
}

/// Someone proved, at `at`, to be this account. Made by a verifier alone.
///
/// ```compile_fail
/// // A session needs a proof, and nobody can write one down:
/// let forged = domain::Authenticated { tenant: domain::TenantId::ROOT, account: todo!(), methods: vec![], at: Default::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticated {
    tenant: TenantId,
    account: AccountId,
    methods: Vec<Method>,
    at: Moment,
}

impl Authenticated {
    /// Only for code that has just verified `method` for this account: `grep dangerous_` lists every claim.
    pub fn dangerous_claim(tenant: TenantId, account: AccountId, method: Method, at: Moment) -> Self {
        Self { tenant, account, methods: vec![method], at }
    }

    /// The same person proved more. The moment becomes the later one; only for code that has just verified it.
    #[must_use]
    pub fn dangerous_also(mut self, method: Method, at: Moment) -> Self {
        if !self.methods.contains(&method) {
            self.methods.push(method);
        }
        self.at = self.at.max(at);
        self
    }

    /// The tenant it was proved in.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Who.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// By what, in the order it was done.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// When.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// `amr` as it goes into answers: each value once, and `mfa` if it was two factors.
    pub fn amr(&self) -> Vec<&'static str> {
        let mut all: Vec<&'static str> = Vec::new();
        let mfa: &[&str] = if self.acr() == Acr::Aal2 { &["mfa"] } else { &[] };
        for value in self.methods.iter().flat_map(|method| method.amr()).chain(mfa) {
            if !all.contains(value) {
                all.push(value);
            }
        }
        all
    }

    /// The level, from what was done and nothing else.
    pub fn acr(&self) -> Acr {
        let has = |worth| self.methods.iter().any(|method| method.worth() == worth);
        if has(Worth::Both) || (has(Worth::First) && has(Worth::Second)) { Acr::Aal2 } else { Acr::Aal1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ulid;

    #[test]
    fn levels_are_honest() {
        let at = Moment::from_secs(1);
        let account = AccountId::of(Ulid::new(at, [1; 10]));
        let link = Authenticated::dangerous_claim(TenantId::ROOT, account, Method::MagicLink, at);
        assert_eq!((link.acr(), link.amr()), (Acr::Aal1, vec!["email"]));
        let both = link.dangerous_also(Method::Passkey, Moment::from_secs(5));
        assert_eq!((both.acr(), both.amr()), (Acr::Aal2, vec!["email", "pop", "user", "mfa"]));
        assert_eq!(both.at(), Moment::from_secs(5));
        let claim = |method| Authenticated::dangerous_claim(TenantId::ROOT, account, method, at);
        let with = |second| claim(Method::MagicLink).dangerous_also(second, at);
        assert_eq!(
            (with(Method::Totp).acr(), with(Method::Totp).amr()),
            (Acr::Aal2, vec!["email", "otp", "mfa"])
        );
        let recovered = with(Method::RecoveryCode);
        assert_eq!((recovered.acr(), recovered.amr()), (Acr::Aal2, vec!["email", "recovery_code", "mfa"]));
        // The same factor again, or two that may only follow, are one.
        assert_eq!(with(Method::MagicLink).acr(), Acr::Aal1);
        let seconds = claim(Method::Totp).dangerous_also(Method::RecoveryCode, at);
        assert_eq!((seconds.acr(), seconds.amr()), (Acr::Aal1, vec!["otp", "recovery_code"]));
    }
}
