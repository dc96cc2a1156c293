//! An account's passkeys, in one record beside it with its other second factors: adding, renaming and removing are one swap each.

use domain::{AccountId, Moment};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Record, factors::Factors, record, unique};

/// A passkey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passkey {
    /// The credential id, base64url.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was registered.
    pub created: Moment,
    /// When it last signed in.
    pub used: Option<Moment>,
    /// The number decided for its credential id.
    pub number: i64,
    /// What the verifier keeps (public key, counter, flags, transports, AAGUID); only it reads this.
    pub credential: serde_json::Value,
}

/// The passkeys of one account, and its other second factors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Passkeys {
    /// In the order they came.
    pub credentials: Vec<Passkey>,
    /// When one of them, or of the other factors, was answered wrongly lately; a signal for the risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Moment>,
    /// What else can answer a step-up.
    #[serde(default)]
    pub factors: Factors,
}

impl Passkeys {
    /// How many an account may have.
    pub const MOST: usize = 20;

    pub(crate) fn key(account: AccountId) -> Key {
        Key::platform("passkeys", account.ulid())
    }

    /// The passkey with this credential id.
    pub fn find(&self, id: &str) -> Option<&Passkey> {
        self.credentials.iter().find(|passkey| passkey.id == id)
    }
}

impl Record for Passkeys {
    const PAGE: Page = Page {
        name: "passkeys",
        key: "lk1:_:passkeys:{account}",
        holds: "the account's passkeys with their names, public keys and counters; its authenticator app (secret wrapped under `keyring_key`, last time step, wrong codes in a row) and what its recovery codes hash to",
        lives: "as long as the account",
        use_: "swapped",
        written_by: &["passkey", "magic-link", "step-up", "admin"],
        read_by: &["session"],
    };
}

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "cell-credential",
    key: "lk1:_:cell-credential:{hash}",
    holds: "a cell: decided once a credential id is somebody's",
    lives: "until the passkey is removed",
    use_: "decided, withdrawn",
    written_by: &["passkey", "admin"],
    read_by: &[],
}];

/// The account's passkeys; `None` if there is no such account.
pub async fn read(ports: &Ports<'_>, account: AccountId) -> Result<Option<Passkeys>, Failure> {
    record::read(ports, &Passkeys::key(account)).await
}

/// Changes them so that no change is lost; `None` if there is no such account.
pub async fn update<T>(
    ports: &Ports<'_>,
    account: AccountId,
    change: impl FnMut(&mut Passkeys) -> Change<T>,
) -> Result<Option<T>, Failure> {
    record::update(ports, &Passkeys::key(account), change).await
}

/// Claims a credential id (base64url) for a passkey about to be added to `account`; `None` if it is somebody else's (WebAuthn L3 section 7.1,
/// step "credentialId is not yet registered").
///
/// A claim may have been cut short before the passkey was added, or a release after it was removed: so the same account may claim
/// again, and whoever adds must see, in the same swap, that the account does not have it yet.
pub async fn claim(ports: &Ports<'_>, account: AccountId, id: &str) -> Result<Option<i64>, Failure> {
    let mark = mark(ports, account, id)?;
    let number = unique::propose_marked(ports, mark);
    Ok(match unique::settle(ports, &cell(ports, id)?, number).await? {
        Ok(()) => Some(number),
        Err(winner) => unique::is_marked(winner, mark).then_some(winner),
    })
}

/// By which an account knows its own claim again.
fn mark(ports: &Ports<'_>, account: AccountId, id: &str) -> Result<u32, Failure> {
    let mac = ports.settings.index_key()?.mac("claim", &[&account.ulid().bytes(), id.as_bytes()]);
    Ok(mac.bytes().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes)))
}

/// Frees the credential id of a passkey that was removed.
pub async fn release(ports: &Ports<'_>, passkey: &Passkey) -> Result<(), Failure> {
    Ok(ports.store.withdraw(cell(ports, &passkey.id)?.as_str(), passkey.number).await?)
}

fn cell(ports: &Ports<'_>, id: &str) -> Result<Key, Failure> {
    Ok(Key::platform("cell-credential", ports.settings.index_key()?.segment("credential", &[id.as_bytes()])))
}
