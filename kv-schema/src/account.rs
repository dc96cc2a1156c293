//! Accounts: one person (or machine) each, found by e-mail address within an account space, member of tenants.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{AccountId, Email, Moment, TenantId, Ulid};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{
    Change, Key, Page, Record, Tenant, passkeys::Passkeys, record, sessions::Sessions, tenant, unique,
};

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It may.
    Active,
    /// It may not, and what it had open is closed.
    Disabled,
}

/// Belonging to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub tenant: TenantId,
    /// As what.
    pub roles: Vec<String>,
    /// Where it stands in the tenant's list.
    pub place: i64,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Who.
    pub id: AccountId,
    /// The tenant in whose account space the address is unique.
    pub space: TenantId,
    /// The address.
    pub email: Email,
    /// What to call the person.
    pub name: Option<String>,
    /// Whether it may sign in.
    pub state: State,
    /// WebAuthn's user handle, base64url: the account's ULID and 16 random bytes.
    pub handle: String,
    /// Where it belongs; never empty.
    pub memberships: Vec<Membership>,
    /// When it was made.
    pub created: Moment,
    /// The number decided for the address.
    pub number: i64,
    /// Gone: kept only until what points here is removed too.
    #[serde(default)]
    pub deleted: bool,
}

impl Account {
    /// The membership in a tenant.
    pub fn membership(&self, tenant: TenantId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.tenant == tenant)
    }

    /// Whether it may sign in.
    pub fn is_active(&self) -> bool {
        self.state == State::Active
    }
}

impl Record for Account {
    const PAGE: Page = Page {
        name: "account",
        key: "lk1:_:account:{account}",
        holds: "an account: address, name, state, user handle, memberships with roles",
        lives: "until it is deleted",
        use_: "swapped",
        written_by: &["magic-link", "passkey", "admin"],
        read_by: &["step-up", "session"],
    };
}

pub(crate) const PAGES: [Page; 3] = [
    Page {
        name: "cell-email",
        key: "lk1:{space}:cell-email:{hash}",
        holds: "a cell: the number of the account with that address in the account space {space}",
        lives: "until the account is deleted",
        use_: "decided, withdrawn",
        written_by: &["magic-link", "admin"],
        read_by: &["passkey"],
    },
    Page {
        name: "member",
        key: "lk1:{tenant}:member:{place}",
        holds: "the id of an account in {tenant}'s list; the account's own record says whether it still is one",
        lives: "until the membership ends",
        use_: "written once",
        written_by: &["magic-link", "passkey", "admin"],
        read_by: &[],
    },
    Page {
        name: "seq-member",
        key: "lk1:{tenant}:seq-member:0",
        holds: "a counter: the last place given in the list of members",
        lives: "as long as {tenant}",
        use_: "increment only",
        written_by: &["magic-link", "passkey", "admin"],
        read_by: &[],
    },
];

#[derive(Serialize, Deserialize)]
struct Member {
    account: AccountId,
}
impl Record for Member {
    const PAGE: Page = PAGES[1];
}

/// The account with this id.
pub async fn read(ports: &Ports<'_>, id: AccountId) -> Result<Option<Account>, Failure> {
    Ok(record::read::<Account>(ports, &key(id)).await?.filter(|account| !account.deleted))
}

/// The account with this address, in the account space that `tenant` uses.
pub async fn by_email(ports: &Ports<'_>, tenant: &Tenant, email: &Email) -> Result<Option<Account>, Failure> {
    let cell = cell(ports, space_of(tenant), email)?;
    Ok(match unique::decided(ports, &cell).await? {
        Some(number) => read(ports, id_of(&cell, number)).await?,
        None => None,
    })
}

/// What came of letting someone in who proved to read an address.
#[derive(Debug)]
pub enum Enrolled {
    /// The account, and the tenant it is signing in to.
    In(Box<Account>, TenantId),
    /// There is no account or no membership, and policy `sign_up` lets nobody make one.
    SignUpClosed,
    /// The account is disabled.
    Disabled,
}

/// Finds or makes the account of someone who proved to read `email`. `asked` is the tenant the request named; if it named none, an account
/// that exists signs in where it belongs.
pub async fn enrol(
    ports: &Ports<'_>,
    tenant: &Tenant,
    asked: bool,
    email: &Email,
) -> Result<Enrolled, Failure> {
    let account = match by_email(ports, tenant, email).await? {
        Some(account) => account,
        None if !tenant.policy.sign_up() => return Ok(Enrolled::SignUpClosed),
        None => match create(ports, tenant, email, None, Vec::new()).await? {
            Created::New(account) | Created::Exists(account) => *account,
            Created::TenantGone => return Ok(Enrolled::SignUpClosed),
        },
    };
    admit(ports, account, tenant, asked).await
}

/// Lets an account that was authenticated into a tenant: as a member it has, or as a new one if policy `sign_up` allows.
pub async fn admit(
    ports: &Ports<'_>,
    account: Account,
    tenant: &Tenant,
    asked: bool,
) -> Result<Enrolled, Failure> {
    if !account.is_active() {
        return Ok(Enrolled::Disabled);
    }
    if account.membership(tenant.id).is_some() {
        return Ok(Enrolled::In(Box::new(account), tenant.id));
    }
    let home = account.memberships.first().map(|membership| membership.tenant);
    if let (false, Some(home)) = (asked, home) {
        return Ok(Enrolled::In(Box::new(account), home));
    }
    if !tenant.policy.sign_up() || account.space != space_of(tenant) {
        return Ok(Enrolled::SignUpClosed);
    }
    match join(ports, account.id, tenant.id, Vec::new()).await? {
        Joined::New(account) | Joined::Already(account) if account.is_active() => {
            Ok(Enrolled::In(account, tenant.id))
        }
        Joined::Full | Joined::TenantGone => Ok(Enrolled::SignUpClosed),
        _ => Ok(Enrolled::Disabled),
    }
}

/// What making an account came to.
#[derive(Debug)]
pub enum Created {
    /// It is there now.
    New(Box<Account>),
    /// The address has an account already.
    Exists(Box<Account>),
    /// The tenant was deleted meanwhile.
    TenantGone,
}

/// Makes an account as a member of `tenant`, in the account space that `tenant` uses.
pub async fn create(
    ports: &Ports<'_>,
    tenant: &Tenant,
    email: &Email,
    name: Option<String>,
    roles: Vec<String>,
) -> Result<Created, Failure> {
    let space = space_of(tenant);
    let cell = cell(ports, space, email)?;
    for _ in 0..TRIES {
        if let Some(winner) = unique::decided(ports, &cell).await? {
            match read(ports, id_of(&cell, winner)).await? {
                Some(account) => return Ok(Created::Exists(Box::new(account))),
                // Deleting it was cut short; the rest is done here.
                None => ports.store.withdraw(cell.as_str(), winner).await?,
            }
        }
        let number = unique::propose(ports);
        let id = id_of(&cell, number);
        let place = list(ports, tenant.id, id).await?;
        let mut handle = id.ulid().bytes().to_vec();
        handle.extend_from_slice(&ports.entropy.bytes::<16>());
        let account = Account {
            id,
            space,
            email: email.clone(),
            name: name.clone(),
            state: State::Active,
            handle: B64.encode(handle),
            memberships: vec![Membership { tenant: tenant.id, roles: roles.clone(), place }],
            created: unique::proposed_at(number),
            number,
            deleted: false,
        };
        // Everything lies ready before the address points to it.
        record::put(ports, &Sessions::key(id), &Sessions::default(), None).await?;
        record::put(ports, &Passkeys::key(id), &Passkeys::default(), None).await?;
        record::put(ports, &key(id), &account, None).await?;
        if unique::settle(ports, &cell, number).await?.is_ok() {
            if tenant::hold(ports, tenant.id).await? {
                return Ok(Created::New(Box::new(account)));
            }
            delete(ports, &account).await?;
            return Ok(Created::TenantGone);
        }
        for key in [key(id), Sessions::key(id), Passkeys::key(id), member_key(tenant.id, place)] {
            ports.store.delete(key.as_str()).await?;
        }
    }
    Err(ports::StoreError(format!("`{cell}` was decided and withdrawn {TRIES} times")).into())
}

/// What making an account a member came to.
#[derive(Debug)]
pub enum Joined {
    /// It is one now.
    New(Box<Account>),
    /// It was one already.
    Already(Box<Account>),
    /// It belongs to as many tenants as an account can.
    Full,
    /// The account is gone.
    AccountGone,
    /// The tenant was deleted meanwhile.
    TenantGone,
}

/// Makes an account a member of a tenant.
pub async fn join(
    ports: &Ports<'_>,
    id: AccountId,
    tenant: TenantId,
    roles: Vec<String>,
) -> Result<Joined, Failure> {
    let place = list(ports, tenant, id).await?;
    let joined = update(ports, id, |account| {
        if account.membership(tenant).is_some() {
            return Change::Leave(Joined::Already(Box::new(account.clone())));
        }
        if account.memberships.len() >= MOST_MEMBERSHIPS {
            return Change::Leave(Joined::Full);
        }
        account.memberships.push(Membership { tenant, roles: roles.clone(), place });
        Change::Write(Joined::New(Box::new(account.clone())))
    })
    .await?
    .unwrap_or(Joined::AccountGone);
    if !matches!(joined, Joined::New(_)) {
        ports.store.delete(member_key(tenant, place).as_str()).await?;
        return Ok(joined);
    }
    if !tenant::hold(ports, tenant).await? {
        leave(ports, id, tenant).await?;
        return Ok(Joined::TenantGone);
    }
    Ok(joined)
}

/// Ends a membership, and the account with its last one; whether there was such a membership.
pub async fn leave(ports: &Ports<'_>, id: AccountId, tenant: TenantId) -> Result<bool, Failure> {
    // Sees deleted ones too: repeated, it finishes what was cut short.
    let left = record::update::<Account, Option<(Account, i64)>>(ports, &key(id), |account| {
        let Some(place) = account.membership(tenant).map(|membership| membership.place) else {
            return Change::Leave(None);
        };
        match account.memberships.len() {
            // Marked in the same write in which somebody else could make it a member elsewhere.
            1 => account.deleted = true,
            _ => account.memberships.retain(|membership| membership.tenant != tenant),
        }
        Change::Write(Some((account.clone(), place)))
    })
    .await?
    .flatten();
    let Some((account, place)) = left else { return Ok(false) };
    if account.deleted {
        remove(ports, &account).await?;
        return Ok(true);
    }
    // They are worth nothing without the membership; gone, they do not come back with the next one.
    crate::sessions::update(ports, id, |sessions| {
        sessions.open.retain(|session| session.tenant() != tenant);
        Change::Write(())
    })
    .await?;
    ports.store.delete(member_key(tenant, place).as_str()).await?;
    Ok(true)
}

/// Changes an account so that no change is lost; `None` if there is no such account.
pub async fn update<T>(
    ports: &Ports<'_>,
    id: AccountId,
    mut change: impl FnMut(&mut Account) -> Change<T>,
) -> Result<Option<T>, Failure> {
    let told = record::update::<Account, Option<T>>(ports, &key(id), |account| {
        if account.deleted {
            return Change::Leave(None);
        }
        match change(account) {
            Change::Write(told) => Change::Write(Some(told)),
            Change::Leave(told) => Change::Leave(Some(told)),
        }
    })
    .await?;
    Ok(told.flatten())
}

/// Deletes an account: from the first write on it can do nothing; then the address is free and the rest is removed.
pub async fn delete(ports: &Ports<'_>, account: &Account) -> Result<(), Failure> {
    update(ports, account.id, |account| {
        account.deleted = true;
        Change::Write(())
    })
    .await?;
    remove(ports, account).await
}

/// Removes what is left of an account that is marked as deleted.
async fn remove(ports: &Ports<'_>, account: &Account) -> Result<(), Failure> {
    for credential in crate::passkeys::read(ports, account.id).await?.unwrap_or_default().credentials {
        crate::passkeys::release(ports, &credential).await?;
    }
    ports.store.withdraw(cell(ports, account.space, &account.email)?.as_str(), account.number).await?;
    for membership in &account.memberships {
        ports.store.delete(member_key(membership.tenant, membership.place).as_str()).await?;
    }
    for key in [Sessions::key(account.id), Passkeys::key(account.id), key(account.id)] {
        ports.store.delete(key.as_str()).await?;
    }
    Ok(())
}

/// A page of a tenant's members in the order they came: those after place `after`, at most `limit`, and the place to go on after.
/// A page may hold fewer although more follow: gaps cost reading too.
pub async fn members(
    ports: &Ports<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<(Vec<Account>, Option<i64>), Failure> {
    let last = ports.store.increment(seq_member(tenant).as_str(), 0).await?;
    let mut found = Vec::new();
    let mut place = after.max(0);
    let end = last.min(place.saturating_add(tenant::MOST_PLACES));
    while place < end && found.len() < limit {
        place += 1;
        if let Some(line) = record::read::<Member>(ports, &member_key(tenant, place)).await?
            && let Some(account) = read(ports, line.account).await?
            && account.membership(tenant).is_some_and(|membership| membership.place == place)
            && unique::decided(ports, &cell(ports, account.space, &account.email)?).await?
                == Some(account.number)
        {
            found.push(account);
        }
    }
    Ok((found, (place < last).then_some(place)))
}

/// The account that a WebAuthn user handle names, whether or not it exists.
pub fn of_handle(handle: &[u8]) -> Option<AccountId> {
    let (ulid, _) = handle.split_at_checked(16)?;
    Some(AccountId::of(Ulid::from_bytes(ulid.try_into().ok()?)))
}

/// The tenant whose account space `tenant` uses: the nearest at or above it with `accounts: own`, else the root.
pub fn space_of(tenant: &Tenant) -> TenantId {
    // `from` names the tenant that said `own`; who inherits the value shares that tenant's space.
    let own = tenant.policy.leaf("accounts").filter(|leaf| leaf.value == "own");
    own.and_then(|leaf| leaf.from).unwrap_or(TenantId::ROOT)
}

async fn list(ports: &Ports<'_>, tenant: TenantId, account: AccountId) -> Result<i64, Failure> {
    let place = ports.store.increment(seq_member(tenant).as_str(), 1).await?;
    record::put(ports, &member_key(tenant, place), &Member { account }, None).await?;
    Ok(place)
}

fn cell(ports: &Ports<'_>, space: TenantId, email: &Email) -> Result<Key, Failure> {
    let hash = ports
        .settings
        .index_key()?
        .segment("email", &[space.to_string().as_bytes(), email.as_str().as_bytes()]);
    Ok(Key::of(space, "cell-email", hash))
}

fn id_of(cell: &Key, number: i64) -> AccountId {
    AccountId::of(Ulid::derived(
        unique::proposed_at(number),
        &[cell.as_str().as_bytes(), &number.to_be_bytes()],
    ))
}

fn key(id: AccountId) -> Key {
    Key::platform("account", id.ulid())
}

fn member_key(tenant: TenantId, place: i64) -> Key {
    Key::of(tenant, "member", place)
}

pub(crate) fn seq_member(tenant: TenantId) -> Key {
    Key::of(tenant, "seq-member", 0)
}

const MOST_MEMBERSHIPS: usize = 50;
const TRIES: usize = 4;
