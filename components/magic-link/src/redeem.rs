//! From a claimed attempt to the handoff: the one place of this room where someone counts as authenticated.

use domain::{Authenticated, Digest, Email, Method, Moment, Plain, ReturnTo};
use kv_schema::{
    Change,
    account::{self, Enrolled},
    handoff,
    link::{self, Attempt, Link, Place, Progress},
    tenant,
};
use ports::{Failure, Ports};
use web::Problem;

use crate::{begin::WRONG_COUNTS_FOR, error::LinkError};

/// Someone redeemed an attempt, and nobody else will: whoever did reads this address. Made by [`claim`] alone.
pub(crate) struct Claimed {
    place: Place,
    token: Digest,
    browser: Digest,
    email: Email,
    asked: bool,
    failures: u32,
    return_to: Option<ReturnTo>,
}

/// What state the newest attempt is in, for someone who shows the link (`token`) or the starting browser's cookie (`browser`) of an attempt.
pub(crate) fn alive(
    link: &mut Link,
    place: Place,
    now: Moment,
    is_meant: impl Fn(&Attempt) -> bool,
) -> Result<&mut Attempt, LinkError> {
    // Another one means that a newer mail was asked for.
    let attempt = link.attempt(place.tenant).filter(|attempt| is_meant(attempt)).ok_or(LinkError::Expired)?;
    if attempt.progress == Progress::Used {
        return Err(LinkError::Used);
    }
    if now >= attempt.expires {
        return Err(LinkError::Expired);
    }
    Ok(attempt)
}

/// Claims the attempt inside the change of its record: of many requests at once, one's change is written and the others see `Used`.
pub(crate) fn claim(place: Place, link: &mut Link, now: Moment) -> Result<Claimed, LinkError> {
    let failures = link.wrong.iter().filter(|at| at.plus(WRONG_COUNTS_FOR) > now).count();
    let email = link.email.clone();
    let attempt = link.attempt(place.tenant).ok_or(LinkError::Expired)?;
    attempt.progress = Progress::Used;
    Ok(Claimed {
        place,
        token: attempt.token,
        browser: attempt.browser,
        email,
        asked: attempt.asked,
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        return_to: attempt.return_to.clone(),
    })
}

impl Claimed {
    /// Finds or makes the account and mints the handoff, bound to the starting browser whoever claimed it.
    pub(crate) async fn handoff(self, ports: &Ports<'_>) -> Result<Plain<String>, Problem> {
        let Some(tenant) =
            tenant::read(ports, self.place.tenant).await?.filter(|tenant| tenant.policy.allows("magic_link"))
        else {
            return self.refuse(ports).await;
        };
        match account::enrol(ports, &tenant, self.asked, &self.email).await? {
            Enrolled::In(account, tenant) => {
                let who = Authenticated::dangerous_claim(tenant, account.id, Method::MagicLink, ports.now);
                Ok(handoff::mint(ports, who, self.browser, self.failures, self.return_to).await?)
            }
            Enrolled::SignUpClosed | Enrolled::Disabled => self.refuse(ports).await,
        }
    }

    /// Nobody signs in by it: forgotten, so that the waiting screen sees an attempt that is over.
    async fn refuse<T>(self, ports: &Ports<'_>) -> Result<T, Problem> {
        let tenant = self.place.tenant;
        link::update(ports, &self.place, |link| match link.attempt(tenant) {
            Some(attempt) if attempt.token == self.token => {
                link.forget(tenant);
                Change::Write(())
            }
            _ => Change::Leave(()),
        })
        .await?;
        Err(LinkError::NobodyHere.into())
    }
}

/// What is stored of a typed code: keyed, since there are only 10⁸ of them, and bound to its mail.
pub(crate) fn code_digest(ports: &Ports<'_>, token: &Digest, code: &str) -> Result<Digest, Failure> {
    Ok(ports.settings.index_key()?.mac("link-code", &[token.bytes(), code.as_bytes()]))
}

/// A name for the attempt that gives nothing away.
pub(crate) fn attempt_id(browser: &Digest) -> String {
    let name = Digest::of(&[b"attempt", browser.bytes()]);
    name.bytes().iter().take(16).fold("att_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}
