//! Handoffs: how the room that verified a factor tells `step-up`, and `step-up` tells `session`. A signed value that the browser carries,
//! bound to that browser, good once at each of the two doors.
//!
//! Each door has a mark of single use of its own, and the signature proves that the handoff is genuine, so passing is the claim of first use. With one
//! mark for both (1 judged, 2 begun), a form sent twice by a double click would spend the session of the first. Making a handoff writes nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{Authenticated, Digest, Moment, Plain, ReturnTo, Secs, mins};
use ports::{Failure, OneTimeError, Ports};
use serde::{Deserialize, Serialize};

use crate::{Tenant, slot::Slot};

/// What a handoff says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Who proved what, when.
    #[serde(rename = "w")]
    pub who: Authenticated,
    /// What the browser's cookie hashes to.
    #[serde(rename = "b")]
    pub browser: Digest,
    /// How often this way of signing in failed for this person in the last hour.
    #[serde(rename = "f", default)]
    pub failures: u32,
    /// Where to go afterwards.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<ReturnTo>,
    /// The tenant's terms as they were when it was judged; so `session` need not read the tenant again.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// The marks: of judging, and of beginning the session.
    #[serde(rename = "s")]
    slots: (Slot, Slot),
    #[serde(rename = "x")]
    expires: Moment,
}

/// What a session needs to know of its tenant's policy, and what judging found out about the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The tenant's short name.
    #[serde(rename = "s")]
    pub slug: String,
    /// How long a session lives at most, and how long unused.
    #[serde(rename = "l")]
    pub lives: (Secs, Secs),
    /// How long a device is remembered.
    #[serde(rename = "d")]
    pub device: Secs,
    /// What the device cookie hashes to, if the account knew that device.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Digest>,
}

impl Terms {
    /// The terms of a tenant.
    pub fn of(tenant: &Tenant, known: Option<Digest>) -> Self {
        Self {
            slug: tenant.slug.clone(),
            lives: tenant.policy.session(),
            device: tenant.policy.device(),
            known,
        }
    }
}

/// A handoff that was judged and may begin a session. Only [`Handoff::dangerous_clear`] and [`open_cleared`] make one.
#[derive(Debug)]
pub struct Cleared(Handoff);

impl Cleared {
    /// What it says.
    pub const fn handoff(&self) -> &Handoff {
        &self.0
    }

    /// As the browser carries it on.
    pub fn seal(&self, ports: &Ports<'_>) -> Result<Plain<String>, Failure> {
        seal(ports, CLEARED, &self.0)
    }
}

/// Why a handoff is refused; outside these are one.
#[derive(Debug, Clone)]
pub enum HandoffError {
    /// It was not made here, was changed, or is of the other kind.
    NotOurs,
    /// Its two minutes are over.
    Expired,
    /// Another browser shows it.
    OtherBrowser,
    /// It was used, or the store could not say.
    Spent(OneTimeError),
}

/// Mints the handoff of someone who was just authenticated in the browser whose cookie hashes to `browser`.
pub async fn mint(
    ports: &Ports<'_>,
    who: Authenticated,
    browser: Digest,
    failures: u32,
    return_to: Option<ReturnTo>,
) -> Result<Plain<String>, Failure> {
    let expires = ports.now.plus(LIVES);
    let slots = (Slot::reserve(ports, expires).await?, Slot::reserve(ports, expires).await?);
    seal(ports, RAW, &Handoff { who, browser, failures, return_to, terms: None, slots, expires })
}

/// Takes a handoff to judge it: once, by a browser that shows one of these cookies.
pub async fn take(
    ports: &Ports<'_>,
    text: &str,
    browsers: &[Digest],
) -> Result<Result<Handoff, HandoffError>, Failure> {
    let handoff = match unseal(ports, RAW, text, browsers)? {
        Ok(handoff) => handoff,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(match pass(ports, handoff.slots.0, &handoff).await {
        Ok(()) => Ok(handoff),
        Err(spent) => Err(HandoffError::Spent(spent)),
    })
}

impl Handoff {
    /// Clears it for a session, in the browser whose cookie hashes to `browser`. Only for code that judged it: `grep dangerous_`.
    pub fn dangerous_clear(mut self, who: Authenticated, browser: Digest, now: Moment) -> Cleared {
        self.who = who;
        self.browser = browser;
        self.expires = now.plus(LIVES);
        Cleared(self)
    }
}

/// Takes a cleared handoff to begin a session: once, by a browser that shows one of these cookies.
pub async fn open_cleared(
    ports: &Ports<'_>,
    text: &str,
    browsers: &[Digest],
) -> Result<Result<Cleared, HandoffError>, Failure> {
    let handoff = match unseal(ports, CLEARED, text, browsers)? {
        Ok(handoff) => handoff,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(match pass(ports, handoff.slots.1, &handoff).await {
        Ok(()) => Ok(Cleared(handoff)),
        Err(spent) => Err(HandoffError::Spent(spent)),
    })
}

async fn pass(ports: &Ports<'_>, door: Slot, handoff: &Handoff) -> Result<(), OneTimeError> {
    // Longer than any step-up waits, so that the mark outlives what it guards.
    ports.one_time.issue(door.once().as_str(), handoff.expires.plus(mins(30))).await
}

/// Whether a text has the form of a handoff that was not judged: so that `session` can say `step_up_required`.
pub fn looks_raw(text: &str) -> bool {
    text.starts_with(RAW)
}

fn seal(ports: &Ports<'_>, prefix: &str, handoff: &Handoff) -> Result<Plain<String>, Failure> {
    let body =
        serde_json::to_vec(handoff).map_err(|_| ports::StoreError("a handoff cannot be written".into()))?;
    let mac = ports.settings.handoff_key()?.mac(prefix, &[&body]);
    Ok(Plain::new(format!("{prefix}{}.{}", B64.encode(&body), B64.encode(mac.bytes()))))
}

fn unseal(
    ports: &Ports<'_>,
    prefix: &str,
    text: &str,
    browsers: &[Digest],
) -> Result<Result<Handoff, HandoffError>, Failure> {
    let key = ports.settings.handoff_key()?;
    let parts = text
        .strip_prefix(prefix)
        .filter(|rest| rest.len() <= MOST_BYTES)
        .and_then(|rest| rest.split_once('.'));
    let decoded = parts.and_then(|(body, mac)| {
        Some((B64.decode(body).ok()?, <[u8; 32]>::try_from(B64.decode(mac).ok()?).ok()?))
    });
    let Some((body, mac)) = decoded else { return Ok(Err(HandoffError::NotOurs)) };
    if key.mac(prefix, &[&body]) != Digest::from_bytes(mac) {
        return Ok(Err(HandoffError::NotOurs));
    }
    let Ok(handoff) = serde_json::from_slice::<Handoff>(&body) else { return Ok(Err(HandoffError::NotOurs)) };
    Ok(if ports.now >= handoff.expires {
        Err(HandoffError::Expired)
    } else if !browsers.contains(&handoff.browser) {
        Err(HandoffError::OtherBrowser)
    } else {
        Ok(handoff)
    })
}

/// DESIGN section 2.
pub const LIVES: Secs = mins(2);
const RAW: &str = "lkh_";
const CLEARED: &str = "lkd_";
const MOST_BYTES: usize = 4_096;
