//! Tenants: the tree, each with its effective policy made up when it changes, not when it is read.

use std::collections::BTreeMap;

use domain::{Moment, TenantId, Ulid};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Policy, Record, account, client, fga, inherit, policy::Own, record, unique};

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tenant {
    /// Who.
    pub id: TenantId,
    /// Its short name, unique among its siblings.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Above it; none for the root.
    pub parent: Option<TenantId>,
    /// Its authorization store.
    pub store: String,
    /// When it was made.
    pub created: Moment,
    /// What it says itself.
    pub own: BTreeMap<String, Own>,
    /// What holds.
    pub policy: Policy,
    /// The number decided for its slug.
    pub number: i64,
    /// Where it stands in its parent's list.
    pub place: i64,
    /// How often `policy` has changed.
    #[serde(default)]
    pub revision: u64,
    /// The revision that everything below follows; behind `revision` while a change is on its way down ([`crate::inherit`]), or with nobody below.
    #[serde(default)]
    pub spread: u64,
    /// The place in the list of children up to which `revision` has come down already.
    #[serde(default)]
    pub reached: i64,
    /// The mark of whoever is about to delete it and looks whether it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<u64>,
    /// Gone: the rest is being removed.
    #[serde(default)]
    pub deleted: bool,
}

impl Tenant {
    /// Whether a change of its policy may not have come down to all below yet.
    pub const fn is_spreading(&self) -> bool {
        self.spread != self.revision
    }
}

impl Record for Tenant {
    const PAGE: Page = Page {
        name: "tenant",
        key: "lk1:{tenant}:tenant:{0, or for the root the number of its cell}",
        holds: "a tenant: slug, name, parent, what it says itself, and the policy that holds",
        lives: "until it is deleted",
        use_: "swapped",
        written_by: &["admin", "janitor"],
        read_by: &["passkey", "magic-link", "step-up", "session"],
    };
}

pub(crate) const PAGES: [Page; 4] = [
    Page {
        name: "cell-slug",
        key: "lk1:{parent}:cell-slug:{slug}",
        holds: "a cell: the number of the tenant with that slug below {parent}",
        lives: "until the tenant is deleted",
        use_: "decided, withdrawn",
        written_by: &["admin"],
        read_by: &["passkey", "magic-link", "session"],
    },
    Page {
        name: "cell-root",
        key: "lk1:_:cell-root:0",
        holds: "a cell: the number of the root's record, once the root was changed",
        lives: "for ever",
        use_: "decided",
        written_by: &["admin"],
        read_by: &["passkey", "magic-link", "step-up", "session"],
    },
    Page {
        name: "child",
        key: "lk1:{parent}:child:{place}",
        holds: "the id of a tenant below {parent}; the tenant's own record says whether it still is",
        lives: "until the tenant is deleted",
        use_: "written once",
        written_by: &["admin"],
        read_by: &[],
    },
    Page {
        name: "seq-child",
        key: "lk1:{parent}:seq-child:0",
        holds: "a counter: the last place given in the list of children",
        lives: "as long as {parent}",
        use_: "increment only",
        written_by: &["admin"],
        read_by: &[],
    },
];

/// A line in a parent's list.
#[derive(Serialize, Deserialize)]
struct Child {
    tenant: TenantId,
}
impl Record for Child {
    const PAGE: Page = PAGES[2];
}

/// Whether a text can be a slug: 1 to 63 of `a-z`, `0-9` and inner `-`.
pub fn is_slug(text: &str) -> bool {
    let inner = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=63).contains(&text.len()) && inner && !text.starts_with('-') && !text.ends_with('-')
}

/// The tenant that a request names by id, by slug (below the root) or by a path of slugs (`acme/emea`); the root if it names none.
pub async fn find(ports: &Ports<'_>, named: Option<&str>) -> Result<Option<Tenant>, Failure> {
    let Some(named) = named else { return Ok(Some(root(ports).await?)) };
    if let Ok(id) = named.parse() {
        return read(ports, id).await;
    }
    if named == ROOT_SLUG {
        return Ok(Some(root(ports).await?));
    }
    let mut id = TenantId::ROOT;
    for slug in named.split('/') {
        if !is_slug(slug) || named.len() > 512 {
            return Ok(None);
        }
        let cell = slug_cell(id, slug);
        let Some(number) = unique::decided(ports, &cell).await? else { return Ok(None) };
        id = id_of(&cell, number);
    }
    read(ports, id).await
}

/// The tenant with this id.
pub async fn read(ports: &Ports<'_>, id: TenantId) -> Result<Option<Tenant>, Failure> {
    if id == TenantId::ROOT {
        return Ok(Some(root(ports).await?));
    }
    Ok(record::read::<Tenant>(ports, &key(id)).await?.filter(|tenant| !tenant.deleted))
}

/// Whether a tenant is `top` or somewhere below it. One read for each tenant in between.
pub async fn is_within(ports: &Ports<'_>, tenant: &Tenant, top: TenantId) -> Result<bool, Failure> {
    if tenant.id == top || top == TenantId::ROOT {
        return Ok(true);
    }
    let mut parent = tenant.parent;
    // The bound ends a circle, which no way of writing makes.
    for _ in 0..MOST_DEPTH {
        match parent.filter(|above| *above != TenantId::ROOT) {
            None => return Ok(false),
            Some(above) if above == top => return Ok(true),
            Some(above) => parent = read(ports, above).await?.and_then(|above| above.parent),
        }
    }
    Ok(false)
}

/// The short name of a tenant that exists. The root's never changes, so it needs no read.
pub async fn slug_of(ports: &Ports<'_>, id: TenantId) -> Result<Option<String>, Failure> {
    if id == TenantId::ROOT {
        return Ok(Some(ROOT_SLUG.to_owned()));
    }
    Ok(read(ports, id).await?.map(|tenant| tenant.slug))
}

async fn root(ports: &Ports<'_>) -> Result<Tenant, Failure> {
    match unique::decided_for_good(ports, &root_cell()).await? {
        Some(number) => match record::read::<Tenant>(ports, &root_key(number)).await? {
            Some(root) => Ok(root),
            None => Err(ports::StoreError(format!("`{}` is missing", root_key(number))).into()),
        },
        None => Ok(untouched_root(0)),
    }
}

fn untouched_root(number: i64) -> Tenant {
    Tenant {
        id: TenantId::ROOT,
        slug: ROOT_SLUG.into(),
        name: "Latchkey".into(),
        parent: None,
        store: store_of(TenantId::ROOT),
        created: Moment::default(),
        own: BTreeMap::new(),
        policy: Policy::default(),
        number,
        place: 0,
        revision: 0,
        spread: 0,
        reached: 0,
        closing: None,
        deleted: false,
    }
}

/// What making a tenant came to.
#[derive(Debug)]
pub enum Made {
    /// It is there.
    New(Box<Tenant>),
    /// A sibling has that slug.
    SlugTaken,
    /// The tenant it was to be below is gone.
    NoParent,
}

/// Makes a tenant below `parent`, whose policy it inherits. `slug` must be one ([`is_slug`]).
pub async fn create(ports: &Ports<'_>, parent: &Tenant, slug: &str, name: &str) -> Result<Made, Failure> {
    // Whoever asks for the root by its slug must find the root.
    if parent.id == TenantId::ROOT && slug == ROOT_SLUG {
        return Ok(Made::SlugTaken);
    }
    let cell = slug_cell(parent.id, slug);
    if let Some(winner) = unique::decided(ports, &cell).await? {
        if read(ports, id_of(&cell, winner)).await?.is_some() {
            return Ok(Made::SlugTaken);
        }
        // Deleting it was cut short; its slug is free.
        ports.store.withdraw(cell.as_str(), winner).await?;
    }
    let number = unique::propose(ports);
    let id = id_of(&cell, number);
    // The list first: a line whose tenant never came to be is skipped by readers; a tenant without a line would be invisible.
    let place = ports.store.increment(seq_child(parent.id).as_str(), 1).await?;
    record::put(ports, &child_key(parent.id, place), &Child { tenant: id }, None).await?;
    let tenant = Tenant {
        id,
        slug: slug.to_owned(),
        name: name.to_owned(),
        parent: Some(parent.id),
        store: store_of(id),
        created: unique::proposed_at(number),
        own: BTreeMap::new(),
        policy: parent.policy.clone(),
        number,
        place,
        revision: 0,
        spread: 0,
        reached: 0,
        closing: None,
        deleted: false,
    };
    record::put(ports, &key(id), &tenant, None).await?;
    // The parent's policy may have changed since it was read. From here on a change finds this tenant in the list, so this
    // look is enough; and it comes before the slug is decided, so that nobody ever meets a tenant with a policy of yesterday.
    let followed = inherit::follow(ports, id).await?;
    let made = match followed {
        None => Made::NoParent,
        Some(_) if unique::settle(ports, &cell, number).await?.is_err() => Made::SlugTaken,
        Some(_) if !hold(ports, parent.id).await? => {
            ports.store.withdraw(cell.as_str(), number).await?;
            Made::NoParent
        }
        Some(tenant) => return Ok(Made::New(Box::new(tenant))),
    };
    ports.store.delete(key(id).as_str()).await?;
    ports.store.delete(child_key(parent.id, place).as_str()).await?;
    Ok(made)
}

/// To be called by whoever has just put something into a tenant: whether the tenant is still there, and if someone is about to delete
/// it because it looked empty, that is off.
pub async fn hold(ports: &Ports<'_>, id: TenantId) -> Result<bool, Failure> {
    let Some(tenant) = read(ports, id).await? else { return Ok(false) };
    if tenant.closing.is_none() {
        return Ok(true);
    }
    let held = update(ports, id, |tenant| {
        tenant.closing = None;
        Change::Write(())
    });
    Ok(held.await?.is_some())
}

/// Changes a tenant's record so that no change is lost; `None` if there is no such tenant.
pub async fn update<T>(
    ports: &Ports<'_>,
    id: TenantId,
    mut change: impl FnMut(&mut Tenant) -> Change<T>,
) -> Result<Option<T>, Failure> {
    let key = if id == TenantId::ROOT { root_to_change(ports).await? } else { key(id) };
    let told = record::update::<Tenant, Option<T>>(ports, &key, |tenant| {
        if tenant.deleted {
            return Change::Leave(None);
        }
        match change(tenant) {
            Change::Write(told) => Change::Write(Some(told)),
            Change::Leave(told) => Change::Leave(Some(told)),
        }
    })
    .await?;
    Ok(told.flatten())
}

async fn root_to_change(ports: &Ports<'_>) -> Result<Key, Failure> {
    if let Some(number) = unique::decided(ports, &root_cell()).await? {
        return Ok(root_key(number));
    }
    let number = unique::propose(ports);
    record::put(ports, &root_key(number), &untouched_root(number), None).await?;
    match unique::settle(ports, &root_cell(), number).await? {
        Ok(()) => Ok(root_key(number)),
        Err(winner) => {
            ports.store.delete(root_key(number).as_str()).await?;
            Ok(root_key(winner))
        }
    }
}

/// A page of the tenants below `parent`, in the order they were made: those after place `after`, at most `limit`, and the place to go on
/// after. A page may hold fewer although more follow: gaps cost reading too.
pub async fn children(
    ports: &Ports<'_>,
    parent: TenantId,
    after: i64,
    limit: usize,
) -> Result<(Vec<Tenant>, Option<i64>), Failure> {
    let last = last_place(ports, parent).await?;
    let mut found = Vec::new();
    let mut place = after.max(0);
    let end = last.min(place.saturating_add(MOST_PLACES));
    while place < end && found.len() < limit {
        place += 1;
        if let Some(tenant) = child_at(ports, parent, place).await?
            && unique::decided(ports, &slug_cell(parent, &tenant.slug)).await? == Some(tenant.number)
        {
            found.push(tenant);
        }
    }
    Ok((found, (place < last).then_some(place)))
}

/// The last place given in the list of children.
pub(crate) async fn last_place(ports: &Ports<'_>, parent: TenantId) -> Result<i64, Failure> {
    Ok(ports.store.increment(seq_child(parent).as_str(), 0).await?)
}

/// The tenant at a place in the list, one that is still being made included.
pub(crate) async fn child_at(
    ports: &Ports<'_>,
    parent: TenantId,
    place: i64,
) -> Result<Option<Tenant>, Failure> {
    let Some(line) = record::read::<Child>(ports, &child_key(parent, place)).await? else { return Ok(None) };
    let tenant = read(ports, line.tenant).await?;
    Ok(tenant.filter(|tenant| tenant.parent == Some(parent) && tenant.place == place))
}

/// What deleting a tenant came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, and its slug is free.
    Gone,
    /// Tenants, accounts or clients are in it, or were just being put in.
    NotEmpty,
}

/// Removes a tenant that has nothing in it. It is marked first and looked through then; who puts something in looks for the mark afterwards
/// ([`hold`]): so either this sees what was put in, or the other sees that this is going on. Cut short, the mark does no harm.
pub async fn delete(ports: &Ports<'_>, tenant: &Tenant) -> Result<Deleted, Failure> {
    let Some(parent) = tenant.parent else { return Ok(Deleted::NotEmpty) };
    let mark = u64::from_be_bytes(ports.entropy.bytes());
    update(ports, tenant.id, |tenant| {
        tenant.closing = Some(mark);
        Change::Write(())
    })
    .await?;
    let empty = is_empty(ports, tenant.id).await?;
    let gone = update(ports, tenant.id, |tenant| {
        if tenant.closing != Some(mark) {
            return Change::Leave(false);
        }
        tenant.closing = None;
        tenant.deleted = empty;
        Change::Write(empty)
    });
    // Gone under our hands is gone, too.
    if !gone.await?.unwrap_or(true) {
        return Ok(Deleted::NotEmpty);
    }
    ports.store.withdraw(slug_cell(parent, &tenant.slug).as_str(), tenant.number).await?;
    fga::forget(ports, tenant.id).await?;
    for key in [
        child_key(parent, tenant.place),
        seq_child(tenant.id),
        account::seq_member(tenant.id),
        client::seq_client(tenant.id),
        key(tenant.id),
    ] {
        ports.store.delete(key.as_str()).await?;
    }
    Ok(Deleted::Gone)
}

async fn is_empty(ports: &Ports<'_>, id: TenantId) -> Result<bool, Failure> {
    let mut after = Some(0);
    while let Some(place) = after {
        let (found, next) = children(ports, id, place, 1).await?;
        if !found.is_empty() {
            return Ok(false);
        }
        after = next;
    }
    let mut after = Some(0);
    while let Some(place) = after {
        let (found, next) = account::members(ports, id, place, 1).await?;
        if !found.is_empty() {
            return Ok(false);
        }
        after = next;
    }
    let mut after = Some(0);
    while let Some(place) = after {
        let (found, next) = client::list(ports, id, place, 1).await?;
        if !found.is_empty() {
            return Ok(false);
        }
        after = next;
    }
    Ok(true)
}

fn key(id: TenantId) -> Key {
    Key::of(id, "tenant", 0)
}

fn root_key(number: i64) -> Key {
    Key::of(TenantId::ROOT, "tenant", number)
}

fn root_cell() -> Key {
    Key::platform("cell-root", 0)
}

fn slug_cell(parent: TenantId, slug: &str) -> Key {
    Key::of(parent, "cell-slug", slug)
}

fn child_key(parent: TenantId, place: i64) -> Key {
    Key::of(parent, "child", place)
}

fn seq_child(parent: TenantId) -> Key {
    Key::of(parent, "seq-child", 0)
}

/// The id follows from the slug's cell and its number, so that finding by slug needs no further record.
fn id_of(cell: &Key, number: i64) -> TenantId {
    TenantId::of(Ulid::derived(
        unique::proposed_at(number),
        &[cell.as_str().as_bytes(), &number.to_be_bytes()],
    ))
}

/// OpenFGA's store ids are ULIDs; a tenant's is its own.
fn store_of(id: TenantId) -> String {
    id.ulid().to_string()
}

/// How many levels are walked up.
const MOST_DEPTH: usize = 1_000;
const ROOT_SLUG: &str = "root";
/// How many places of a list one page looks at.
pub(crate) const MOST_PLACES: i64 = 1_000;
