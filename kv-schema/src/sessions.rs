//! An account's sessions and known devices, in one record beside it. A check reads this and the account; signing out everywhere is one write.

use domain::{
    AccountId, Acr, Authenticated, Digest, Method, Moment, Plain, Secs, SessionId, TenantId, Token, Ulid,
    secret::SessionToken,
};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Account, Change, Key, Page, Record, account, record};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its name in the list of devices.
    pub id: SessionId,
    /// What its cookie hashes to.
    pub token: Digest,
    /// Who, where, how, when.
    pub who: Authenticated,
    /// When it began.
    pub began: Moment,
    /// When it was last used, to within [`SEEN_STEP`].
    pub seen: Moment,
    /// When it ends at the latest.
    pub ends: Moment,
    /// How long it may lie unused.
    pub idle: Secs,
    /// The browser, as the list of devices shows it.
    pub device: String,
}

impl Session {
    /// Whether it is over by time.
    fn is_over(&self, now: Moment) -> bool {
        now >= self.ends || now >= self.seen.plus(self.idle)
    }

    /// The tenant it is for.
    pub const fn tenant(&self) -> TenantId {
        self.who.tenant()
    }

    /// Its level.
    pub fn acr(&self) -> Acr {
        self.who.acr()
    }

    /// Whether its person proved `method`.
    pub fn by(&self, method: Method) -> bool {
        self.who.methods().contains(&method)
    }
}

/// A browser the account signed in with before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// What its cookie hashes to.
    pub token: Digest,
    /// When it last signed in.
    pub seen: Moment,
    /// Until when it is remembered.
    pub ends: Moment,
}

/// The sessions and devices of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Open sessions, oldest first.
    pub open: Vec<Session>,
    /// Known devices, longest unseen first.
    pub devices: Vec<Device>,
    /// When the account first signed in; none: never yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
}

impl Sessions {
    pub(crate) fn key(account: AccountId) -> Key {
        Key::platform("sessions", account.ulid())
    }

    /// The sessions that are alive.
    pub fn alive(&self, now: Moment) -> impl Iterator<Item = &Session> {
        self.open.iter().filter(move |session| !session.is_over(now))
    }

    /// Whether a device is known.
    pub fn knows(&self, device: &Digest, now: Moment) -> bool {
        self.devices.iter().any(|known| known.token == *device && now < known.ends)
    }
}

impl Record for Sessions {
    const PAGE: Page = Page {
        name: "sessions",
        key: "lk1:_:sessions:{account}",
        holds: "the account's open sessions (digest of the cookie, tenant, methods, times, browser), known devices and when it first signed in; at most 50 and 20",
        lives: "as long as the account; sessions past their end are dropped with the next change",
        use_: "swapped",
        written_by: &["session", "magic-link", "admin", "passkey", "step-up"],
        read_by: &[],
    };
}

/// The account's sessions; `None` if there is no such account.
pub async fn read(ports: &Ports<'_>, account: AccountId) -> Result<Option<Sessions>, Failure> {
    record::read(ports, &Sessions::key(account)).await
}

/// Changes them so that no change is lost; `None` if there is no such account.
pub async fn update<T>(
    ports: &Ports<'_>,
    account: AccountId,
    change: impl FnMut(&mut Sessions) -> Change<T>,
) -> Result<Option<T>, Failure> {
    record::update(ports, &Sessions::key(account), change).await
}

/// Begins a session for someone who proved who they are and was cleared; and remembers the device, if one is given. Only the room `session` calls this.
///
/// The cookie's value is returned once. `None` if the account is gone.
pub async fn begin(
    ports: &Ports<'_>,
    who: &Authenticated,
    lives: (Secs, Secs),
    browser: &str,
    device: Option<&Device>,
) -> Result<Option<(Session, Plain<String>)>, Failure> {
    let (token, plain) = Token::<SessionToken>::issue(&who.account().ulid().bytes(), ports.entropy.bytes());
    let (lifetime, idle) = lives;
    let session = Session {
        id: SessionId::of(Ulid::new(ports.now, ports.entropy.bytes())),
        token: token.digest(),
        who: who.clone(),
        began: ports.now,
        seen: ports.now,
        ends: ports.now.plus(lifetime),
        idle,
        device: browser.chars().filter(|c| !c.is_control()).take(MOST_BROWSER).collect(),
    };
    let begun = update(ports, who.account(), |sessions| {
        sessions.open.retain(|open| !open.is_over(ports.now));
        let excess = (sessions.open.len() + 1).saturating_sub(MOST_SESSIONS);
        sessions.open.drain(..excess);
        sessions.open.push(session.clone());
        sessions.since.get_or_insert(ports.now);
        if let Some(device) = device {
            sessions.devices.retain(|known| known.token != device.token && ports.now < known.ends);
            let excess = (sessions.devices.len() + 1).saturating_sub(MOST_DEVICES);
            sessions.devices.drain(..excess);
            sessions.devices.push(device.clone());
        }
        Change::Write(())
    })
    .await?;
    Ok(begun.map(|()| (session, plain)))
}

/// The live session of a cookie with its account; two reads. Using it moves `seen` at most every [`SEEN_STEP`].
pub async fn check(ports: &Ports<'_>, cookie: &str) -> Result<Option<(Session, Account)>, Failure> {
    let Some((id, token)) = holder(cookie) else { return Ok(None) };
    let Some(sessions) = read(ports, id).await? else { return Ok(None) };
    let Some(session) = sessions.alive(ports.now).find(|session| session.token == token).cloned() else {
        return Ok(None);
    };
    let Some(account) = account::read(ports, id).await?.filter(Account::is_active) else { return Ok(None) };
    if account.membership(session.tenant()).is_none() {
        return Ok(None);
    }
    let step = SEEN_STEP.0.min(session.idle.0 / 4).max(1);
    if ports.now.since(session.seen).0 >= step {
        update(ports, id, |sessions| match sessions.open.iter_mut().find(|open| open.id == session.id) {
            Some(open) if open.seen < ports.now => {
                open.seen = ports.now;
                Change::Write(())
            }
            _ => Change::Leave(()),
        })
        .await?;
    }
    Ok(Some((session, account)))
}

/// Ends one session; whether there was such a one.
pub async fn end(ports: &Ports<'_>, account: AccountId, id: SessionId) -> Result<bool, Failure> {
    let ended = update(ports, account, |sessions| {
        let before = sessions.open.len();
        sessions.open.retain(|open| open.id != id);
        if sessions.open.len() == before { Change::Leave(false) } else { Change::Write(true) }
    })
    .await?;
    Ok(ended.unwrap_or(false))
}

/// Ends the session of a cookie, whatever became of its account; whether there was one.
pub async fn end_cookie(ports: &Ports<'_>, cookie: &str) -> Result<bool, Failure> {
    let Some((account, token)) = holder(cookie) else { return Ok(false) };
    let ended = update(ports, account, |sessions| {
        let before = sessions.open.len();
        sessions.open.retain(|open| open.token != token);
        if sessions.open.len() == before { Change::Leave(false) } else { Change::Write(true) }
    })
    .await?;
    Ok(ended.unwrap_or(false))
}

/// Ends all sessions of an account.
pub async fn end_all(ports: &Ports<'_>, account: AccountId) -> Result<(), Failure> {
    update(ports, account, |sessions| {
        sessions.open.clear();
        Change::Write(())
    })
    .await?;
    Ok(())
}

fn holder(cookie: &str) -> Option<(AccountId, Digest)> {
    let token = Token::<SessionToken>::parse(cookie)?;
    Some((AccountId::of(Ulid::from_bytes(token.locator().try_into().ok()?)), token.digest()))
}

/// How exactly `seen` is kept: a write per use would make every page view one.
pub const SEEN_STEP: Secs = Secs(300);
const MOST_SESSIONS: usize = 50;
const MOST_DEVICES: usize = 20;
const MOST_BROWSER: usize = 160;
