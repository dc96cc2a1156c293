//! Stores: made, found, listed and removed. A tenant's store is there from the tenant's birth on, under the tenant's own ULID; nothing is written for
//! it before something is put into it.

use std::sync::Arc;

use domain::{Moment, TenantId, Ulid};
use futures::future::LocalBoxFuture;
use ports::{Failure, Ports};

use super::{
    RAZE,
    book::{Book, View, behind},
    codec::{In, Out},
    commit::{Boxed, Done, Edit, Refusal, Step, Turn, commit},
    head::{self, Head},
    page::{self, Node, PageId},
    reads::Snapshot,
    shelf::Shelf,
    tree,
};
use crate::{slot, tenant, unique};

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Who.
    pub id: Ulid,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Moment,
    /// The tenant it belongs to; none: the platform's.
    pub owner: Option<TenantId>,
}

/// What removing a store came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// There is none.
    None,
    /// It is a tenant's, and goes with the tenant.
    OfTenant,
}

/// Makes a store, for the platform or for a tenant.
pub async fn create(ports: &Ports<'_>, name: &str, owner: Option<TenantId>) -> Result<Store, Failure> {
    let store = Store {
        id: Ulid::new(ports.now, ports.entropy.bytes()),
        name: name.to_owned(),
        created: ports.now,
        owner,
    };
    // The head first: cut short, it is one that nobody knows.
    let (name, created) = (store.name.clone(), store.created);
    let head = Head { name, created, owner, at: created, ..Head::default() };
    let book = book(store.id, MADE);
    ports.store.set(book.head_key().as_str(), &head.write()).await?;
    let listed =
        commit(ports, &directory(ports).await?, Listing { store: store.clone(), listed: true }).await?;
    listed.map_err(|_| ports::StoreError("the list of stores is gone".into()))?;
    Ok(store)
}

/// The store as it is now.
pub async fn open<'a>(ports: &Ports<'a>, id: Ulid) -> Result<Option<Snapshot<'a>>, Failure> {
    let shelf = ports.blocks.kept::<Shelf>();
    let name = id.to_string();
    if let Some(number) = shelf.number(&name) {
        return at(ports, id, number).await;
    }
    if let Some(found) = at(ports, id, MADE).await? {
        shelf.keep_number(&name, MADE);
        return Ok(Some(found));
    }
    if let Some(number) = unique::decided(ports, &head::cell(&name)).await? {
        shelf.keep_number(&name, number);
        return at(ports, id, number).await;
    }
    let Some(tenant) = tenant::read(ports, TenantId::of(id)).await? else { return Ok(None) };
    let (name, created, owner) = (tenant.name, tenant.created, Some(tenant.id));
    let head = Head { name, created, owner, at: created, ..Head::default() };
    Ok(Some(Snapshot::of(id, View::of(*ports, &book(id, MADE).name, Arc::new(head)))))
}

async fn at<'a>(ports: &Ports<'a>, id: Ulid, number: i64) -> Result<Option<Snapshot<'a>>, Failure> {
    let book = book(id, number);
    let found = book.load(ports).await?.filter(|(_, head)| !head.closed);
    Ok(found.map(|(_, head)| Snapshot::of(id, View::of(*ports, &book.name, head))))
}

/// The book of a store, to be changed.
pub(crate) async fn to_change(ports: &Ports<'_>, id: Ulid) -> Result<Option<Book>, Failure> {
    let name = id.to_string();
    if let Some(number) = ports.blocks.kept::<Shelf>().number(&name) {
        return Ok(Some(book(id, number)));
    }
    let Some(found) = open(ports, id).await? else { return Ok(None) };
    if let Some(number) = ports.blocks.kept::<Shelf>().number(&name) {
        return Ok(Some(book(id, number)));
    }
    let number = make(ports, &name, &found.view.head).await?;
    Ok(Some(book(id, number)))
}

/// Makes the head of a book that many may make at once; the number under which it lies.
async fn make(ports: &Ports<'_>, name: &str, head: &Head) -> Result<i64, Failure> {
    let number = unique::propose(ports);
    let key = head::key(name, number);
    ports.store.set(key.as_str(), &head.write()).await?;
    match unique::settle(ports, &head::cell(name), number).await? {
        Ok(()) => Ok(number),
        Err(winner) => {
            ports.store.delete(key.as_str()).await?;
            Ok(winner)
        }
    }
}

/// Removes a store with everything in it.
pub async fn delete(ports: &Ports<'_>, id: Ulid) -> Result<Deleted, Failure> {
    let Some(found) = open(ports, id).await? else { return Ok(Deleted::None) };
    if ports.blocks.kept::<Shelf>().number(&id.to_string()) != Some(MADE) {
        return Ok(Deleted::OfTenant);
    }
    let store = found.store();
    // From the list first: a store in it is one that can be opened.
    let list = directory(ports).await?;
    drop(commit(ports, &list, Listing { store, listed: false }).await?);
    Ok(if close(ports, id, MADE).await? { Deleted::Gone } else { Deleted::None })
}

/// Removes the store of a tenant that is gone.
pub(crate) async fn forget(ports: &Ports<'_>, tenant: TenantId) -> Result<(), Failure> {
    let cell = head::cell(&tenant.ulid().to_string());
    if let Some(number) = unique::decided(ports, &cell).await? {
        close(ports, tenant.ulid(), number).await?;
        ports.store.delete(cell.as_str()).await?;
    }
    Ok(())
}

/// Ends a store: from the swap on it is gone. Whether it was there.
async fn close(ports: &Ports<'_>, id: Ulid, number: i64) -> Result<bool, Failure> {
    // Noted before it is closed, so that the janitor removes what a death here leaves behind.
    slot::note(ports, RAZE, &(id.to_string(), number), ports.now).await?;
    let closed = commit(ports, &book(id, number), Close).await?.is_ok();
    if closed {
        raze(ports, &id.to_string(), number, AT_ONCE).await?;
    }
    Ok(closed)
}

/// A page of the list in the order in which stores were made: those after `after`, all or a tenant's, all or those of one name; and where to go on.
pub async fn list(
    ports: &Ports<'_>,
    owner: Option<TenantId>,
    name: Option<&str>,
    after: Option<Ulid>,
    limit: usize,
) -> Result<(Vec<Store>, Option<Ulid>), Failure> {
    let book = directory(ports).await?;
    let Some((_, head)) = book.load(ports).await? else { return Ok((Vec::new(), None)) };
    let view = View::of(*ports, &book.name, head);
    let prefix = match (owner, name) {
        (Some(owner), _) => by_owner(owner),
        (None, Some(name)) => by_name(name),
        (None, None) => vec![BY_ID],
    };
    let mut from = prefix.clone();
    if let Some(after) = after {
        from.extend(after.bytes());
        from.push(0);
    }
    let to = behind(&prefix);
    let mut found = Vec::new();
    loop {
        let stretch = view.stretch(&from, &to, limit + 1).await?;
        for (key, datum) in &stretch.entries {
            let id = key.get(prefix.len()..).and_then(|id| id.try_into().ok()).map(Ulid::from_bytes);
            let value = view.value(datum).await?;
            let store = id.and_then(|id| read(id, &value));
            found.extend(store.filter(|store| name.is_none_or(|name| store.name == name)));
        }
        match stretch.next {
            Some(next) if found.len() <= limit => from = next,
            _ => break,
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|store| store.id);
    Ok((found, next))
}

async fn directory(ports: &Ports<'_>) -> Result<Book, Failure> {
    let number = match unique::decided_for_good(ports, &head::cell(STORES)).await? {
        Some(number) => number,
        None => make(ports, STORES, &Head::default()).await?,
    };
    Ok(Book { name: STORES.into(), number })
}

/// A store that comes into the list, or goes.
struct Listing {
    store: Store,
    listed: bool,
}

impl Step for Listing {
    fn stage<'f>(&'f self, _: &'f View<'_>, _: Turn) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
        let value = self.listed.then(|| {
            let mut out = Out::default();
            out.number(self.store.created.millis());
            out.bytes(self.store.name.as_bytes());
            out.bytes(
                self.store.owner.map(|owner| owner.ulid().bytes()).as_ref().map_or(&[], <[u8; 16]>::as_slice),
            );
            out.done()
        });
        let keys = [vec![BY_ID], by_name(&self.store.name)];
        let changes = keys.into_iter().chain(self.store.owner.map(by_owner)).map(|mut key| {
            key.extend(self.store.id.bytes());
            (key, value.clone())
        });
        let edit = Edit { changes: changes.collect(), ..Edit::default() };
        Box::pin(std::future::ready(Ok(Ok(edit))))
    }
}

fn read(id: Ulid, value: &[u8]) -> Option<Store> {
    let mut value = In::new(value);
    let (created, name) = (Moment::from_millis(value.number()?), value.text()?);
    let owner = match value.bytes()? {
        [] => None,
        owner => Some(TenantId::of(Ulid::from_bytes(owner.try_into().ok()?))),
    };
    Some(Store { id, name, created, owner })
}

fn by_owner(owner: TenantId) -> Vec<u8> {
    std::iter::once(BY_OWNER).chain(owner.ulid().bytes()).collect()
}

fn by_name(name: &str) -> Vec<u8> {
    let mut key = vec![BY_NAME];
    key.extend(name.as_bytes());
    key.push(0);
    key
}

struct Close;

impl Step for Close {
    fn stage<'f>(&'f self, _: &'f View<'_>, _: Turn) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
        Box::pin(std::future::ready(Ok(Ok(Edit { close: true, ..Edit::default() }))))
    }
}

/// Removes what lies in a closed book, at most about so many pages; its head last. Cut short, the next go finds what is left.
pub(crate) async fn raze(ports: &Ports<'_>, name: &str, number: i64, most: usize) -> Result<bool, Failure> {
    let book = Book { name: name.into(), number };
    let Some((_, head)) = book.load(ports).await? else { return Ok(true) };
    if !head.closed {
        return Ok(true);
    }
    let view = View::of(*ports, &book.name, Arc::clone(&head));
    let mut left = most;
    for (_, id) in &head.root {
        if !fell(&view, *id, &mut left).await? {
            return Ok(false);
        }
    }
    let far: Vec<PageId> = head.recent.values().flatten().flat_map(|datum| datum.pages().to_vec()).collect();
    tree::remove(ports, &book.name, &far).await?;
    tree::remove(ports, &book.name, &head.waste).await?;
    ports.store.delete(book.head_key().as_str()).await?;
    Ok(true)
}

/// Removes a page after everything below it. Whether all is gone.
fn fell<'f>(
    view: &'f View<'_>,
    id: PageId,
    left: &'f mut usize,
) -> LocalBoxFuture<'f, Result<bool, Failure>> {
    Box::pin(async move {
        let key = page::key(&view.book, id);
        // Not from the shelf: what is gone must look gone.
        let Some(bytes) = view.ports.store.get(key.as_str()).await? else { return Ok(true) };
        match Node::read(&key, &bytes)? {
            Node::Leaf(entries) => {
                let far: Vec<PageId> = entries.iter().flat_map(|(_, datum)| datum.pages().to_vec()).collect();
                tree::remove(&view.ports, &view.book, &far).await?;
                *left = left.saturating_sub(far.len());
            }
            Node::Inner(children) => {
                for (_, child) in children {
                    if *left == 0 || !fell(view, child, left).await? {
                        return Ok(false);
                    }
                }
            }
        }
        view.ports.store.delete(key.as_str()).await?;
        *left = left.saturating_sub(1);
        Ok(true)
    })
}

fn book(id: Ulid, number: i64) -> Book {
    Book { name: id.to_string().into(), number }
}

/// Makes a change to a store.
pub(crate) async fn change(
    ports: &Ports<'_>,
    id: Ulid,
    step: impl Step + 'static,
) -> Result<Result<Done, Refusal>, Failure> {
    match to_change(ports, id).await? {
        Some(book) => commit(ports, &book, step).await,
        None => Ok(Err(Refusal::Gone)),
    }
}

const STORES: &str = "stores";
/// The number of heads that one alone has made: the id was new.
const MADE: i64 = 0;
const BY_ID: u8 = b's';
const BY_NAME: u8 = b'n';
const BY_OWNER: u8 = b'w';
/// Pages that are removed while the caller waits.
const AT_ONCE: usize = 256;
