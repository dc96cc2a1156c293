//! Changing a book: one swap of its head, all or nothing. Whatever is to be changed at the same time in one instance goes into one swap (group
//! commit), each step with a revision of its own; across instances, who was late looks again at what is there now.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use domain::Moment;
use ports::{Attempt, Failure, Ports, StoreError};

use super::{
    book::{Book, View},
    datum::Datum,
    head::{Head, MARKS},
    page::PageId,
    shelf::Shelf,
    tree::{self, Growth},
};

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The revision at which it is in.
    pub revision: u64,
    /// When.
    pub at: Moment,
    /// The model it brought, if it did.
    pub model: Option<domain::Ulid>,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such store any more.
    Gone,
    /// It is to be written, and is there: object, relation, user.
    Exists(String, String, String),
    /// It is there with another condition.
    OtherCondition(String, String, String),
    /// It is to be deleted, and is not there.
    Missing(String, String, String),
}

/// What a change does to the book.
#[derive(Default)]
pub(crate) struct Edit {
    /// By key; `None`: goes. Nothing at all: the book stays as it is, at its revision.
    pub(crate) changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Pages of long values that go with it.
    pub(crate) dropped: Vec<PageId>,
    /// The model that is the latest from now on.
    pub(crate) model: Option<domain::Ulid>,
    /// Closes the book.
    pub(crate) close: bool,
}

/// The revision and the moment that a change will have.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) revision: u64,
    pub(crate) at: Moment,
}

pub(crate) type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + 'f>>;

/// A change, as a function of the state it meets. It may be asked several times, and must have no other effect.
pub(crate) trait Step: Send + Sync {
    fn stage<'f>(
        &'f self,
        view: &'f View<'_>,
        turn: Turn,
    ) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>>;
}

type Told = Result<Result<Done, Refusal>, Failure>;

/// A change that waits for its turn.
struct Ticket {
    mark: u64,
    step: Box<dyn Step>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What it will have come to if the swap under way is in.
    staged: Option<Done>,
    told: Option<Told>,
}

impl Ticket {
    fn told(&self) -> Option<Told> {
        self.state.lock().ok()?.told.clone()
    }

    fn staged(&self) -> Option<Done> {
        self.state.lock().ok()?.staged.clone()
    }

    fn stage(&self, done: Done) {
        if let Ok(mut state) = self.state.lock() {
            state.staged = Some(done);
        }
    }

    fn tell(&self, told: Told) {
        if let Ok(mut state) = self.state.lock() {
            state.told.get_or_insert(told);
        }
    }
}

/// The changes that wait in this instance, by book.
#[derive(Default)]
struct Lanes(Mutex<BTreeMap<Book, Lane>>);

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Arc<Ticket>>,
    led: bool,
}

impl Lanes {
    fn with<T: Default>(&self, book: &Book, act: impl FnOnce(&mut Lane) -> T) -> T {
        let Ok(mut lanes) = self.0.lock() else { return T::default() };
        let lane = lanes.entry(book.clone()).or_default();
        let told = act(lane);
        if lane.waiting.is_empty() && !lane.led {
            lanes.remove(book);
        }
        told
    }
}

/// One who waits; going away while still waiting takes the ticket along.
struct Waiting<'w> {
    lanes: &'w Lanes,
    book: &'w Book,
    ticket: Arc<Ticket>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.lanes.with(self.book, |lane| lane.waiting.retain(|ticket| !Arc::ptr_eq(ticket, &self.ticket)));
    }
}

/// One who carries the changes of all; whatever it leaves undone goes back.
struct Leader<'l> {
    lanes: &'l Lanes,
    book: &'l Book,
    group: Vec<Arc<Ticket>>,
}

impl<'l> Leader<'l> {
    fn of(lanes: &'l Lanes, book: &'l Book) -> Option<Self> {
        let group: Vec<Arc<Ticket>> = lanes.with(book, |lane| {
            if lane.led || lane.waiting.is_empty() {
                return Vec::new();
            }
            lane.led = true;
            let count = lane.waiting.len().min(MOST_GROUP);
            lane.waiting.drain(..count).collect()
        });
        // Not made in vain: dropping one lets the next lead.
        if group.is_empty() { None } else { Some(Self { lanes, book, group }) }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.lanes.with(self.book, |lane| {
            lane.led = false;
            let undone = self.group.drain(..).filter(|ticket| ticket.told().is_none());
            for ticket in undone.rev() {
                lane.waiting.push_front(ticket);
            }
        });
    }
}

/// Makes a change; with those of others, if there are any.
pub(crate) async fn commit(ports: &Ports<'_>, book: &Book, step: impl Step + 'static) -> Told {
    let lanes = ports.blocks.kept::<Lanes>();
    let mark = u64::from_be_bytes(ports.entropy.bytes());
    let ticket = Arc::new(Ticket { mark, step: Box::new(step), state: Mutex::default() });
    lanes.with(book, |lane| lane.waiting.push_back(Arc::clone(&ticket)));
    let waiting = Waiting { lanes: &lanes, book, ticket };
    let mut pauses = 0_u32;
    loop {
        if let Some(told) = waiting.ticket.told() {
            return told;
        }
        if pauses >= PATIENCE {
            // Whoever led was cut off in the middle. If that change is in, its mark says so; else it is made now.
            pauses = 0;
            lanes.with(book, |lane| lane.led = false);
            carry(ports, book, std::slice::from_ref(&waiting.ticket)).await?;
        } else if let Some(leader) = Leader::of(&lanes, book) {
            let told = carry(ports, book, &leader.group).await;
            if let Err(failure) = told {
                for ticket in &leader.group {
                    ticket.tell(Err(failure.clone()));
                }
            }
        } else {
            pauses += 1;
            pause(ports, book).await;
        }
    }
}

/// Lets the others of this instance go on. Requests cannot wake one another there, so this asks the store for what is never there.
async fn pause(ports: &Ports<'_>, book: &Book) {
    let nothing = super::page::key(&book.name, PageId { mark: 0, number: 0 });
    // What it says does not matter: the next look does.
    let _ = ports.store.get(nothing.as_str()).await;
}

async fn carry(ports: &Ports<'_>, book: &Book, group: &[Arc<Ticket>]) -> Result<(), Failure> {
    for _ in 0..TRIES {
        let found = book.load(ports).await?;
        let Some((bytes, head)) = found.filter(|(_, head)| !head.closed) else {
            for ticket in group {
                // Closing is a change, too.
                ticket.tell(Ok(ticket.staged().ok_or(Refusal::Gone)));
            }
            return Ok(());
        };
        if attempt(ports, book, group, &bytes, &head).await? {
            return Ok(());
        }
    }
    Err(StoreError(format!("`{}` changed {TRIES} times while it was being changed", book.head_key())).into())
}

/// Whether all are told; if not, something came in between.
async fn attempt(
    ports: &Ports<'_>,
    book: &Book,
    group: &[Arc<Ticket>],
    bytes: &[u8],
    head: &Arc<Head>,
) -> Result<bool, Failure> {
    let mut growth = Growth::new(u64::from_be_bytes(ports.entropy.bytes()));
    let mut working = Arc::clone(head);
    let mut dropped: Vec<PageId> = Vec::new();
    let mut ends: Vec<(&Ticket, Result<Done, Refusal>)> = Vec::new();
    for ticket in group.iter().filter(|ticket| ticket.told().is_none()) {
        if let Some((revision, staged)) = head.revision_of(ticket.mark).zip(ticket.staged()) {
            ticket.tell(Ok(Ok(Done { revision, ..staged })));
            continue;
        }
        let turn = Turn { revision: working.revision + 1, at: ports.now.max(working.at) };
        let view = View::of(*ports, &book.name, Arc::clone(&working));
        let edit = match ticket.step.stage(&view, turn).await {
            Ok(Ok(edit)) => edit,
            Ok(Err(refusal)) => {
                ends.push((ticket, Err(refusal)));
                continue;
            }
            Err(_) if view.outdated.get() => return Ok(false),
            Err(failure) => return Err(failure),
        };
        drop(view);
        if edit.changes.is_empty() && !edit.close {
            let done = Done { revision: working.revision, at: working.at, model: None };
            ends.push((ticket, Ok(done)));
            continue;
        }
        let done = Done { revision: turn.revision, at: turn.at, model: edit.model };
        let state = Arc::make_mut(&mut working);
        state.revision = turn.revision;
        state.at = turn.at;
        state.closed = edit.close;
        state.marks.push(ticket.mark);
        if let Some(model) = edit.model {
            state.model = Some(model.bytes());
        }
        for (key, value) in edit.changes {
            let datum: Option<Datum> = value.map(|value| growth.datum(&value));
            state.recent.insert(key, datum);
        }
        dropped.extend(edit.dropped);
        ticket.stage(done.clone());
        ends.push((ticket, Ok(done)));
    }
    if working.revision == head.revision || write(ports, book, growth, bytes, head, working, dropped).await? {
        for (ticket, end) in ends {
            ticket.tell(Ok(end));
        }
        return Ok(true);
    }
    Ok(false)
}

/// Writes what a state needs and swaps it in. Whether it is in.
async fn write(
    ports: &Ports<'_>,
    book: &Book,
    mut growth: Growth,
    bytes: &[u8],
    head: &Head,
    mut working: Arc<Head>,
    dropped: Vec<PageId>,
) -> Result<bool, Failure> {
    let state = Arc::make_mut(&mut working);
    let excess = state.marks.len().saturating_sub(MARKS);
    state.marks.drain(..excess);
    if state.weight() > MOST_RECENT || head.waste.len() + dropped.len() > MOST_WASTE {
        // Nothing has led to these since the tree was last written. Cut short, the next who writes it does it again.
        tree::remove(ports, &book.name, &head.waste).await?;
        let recent = std::mem::take(&mut state.recent);
        let changes: Vec<(&[u8], Option<&Datum>)> =
            recent.iter().map(|(key, datum)| (key.as_slice(), datum.as_ref())).collect();
        let view =
            View::of(*ports, &book.name, Arc::new(Head { root: state.root.clone(), ..Head::default() }));
        match growth.grow(&view, &changes).await {
            Ok(root) => state.root = root,
            Err(_) if view.outdated.get() => return Ok(false),
            Err(failure) => return Err(failure),
        }
        state.waste = dropped;
        state.waste.append(&mut growth.replaced);
    } else {
        state.waste.extend(dropped);
    }
    let new = state.write();
    if new.len() > MOST_HEAD {
        let size = new.len();
        return Err(StoreError(format!("`{}` would have {size} bytes", book.head_key())).into());
    }
    if let Err(failure) = growth.store(ports, &book.name).await {
        // The failure counts, not whether the rest could be tidied up.
        let _ = growth.undo(ports, &book.name).await;
        return Err(failure);
    }
    match swap(ports, book, bytes, &new, working.marks.last().copied()).await? {
        Swapped::In => {
            ports.blocks.kept::<Shelf>().keep_head(book.head_key().as_str(), new, &working);
            Ok(true)
        }
        Swapped::Out(now) => {
            // Had so many been faster that our mark would not be found any more, ours may be among them.
            if now.is_some_and(|now| now.saturating_sub(head.revision) >= FEWER_THAN_MARKS) {
                return Err(StoreError(format!("`{}` changes too fast", book.head_key())).into());
            }
            growth.undo(ports, &book.name).await?;
            Ok(false)
        }
    }
}

enum Swapped {
    In,
    /// With the revision that is there now, if something is.
    Out(Option<u64>),
}

async fn swap(
    ports: &Ports<'_>,
    book: &Book,
    old: &[u8],
    new: &[u8],
    mark: Option<u64>,
) -> Result<Swapped, Failure> {
    let key = book.head_key();
    let tried = ports.store.attempt(key.as_str(), &mut |bytes| (bytes == old).then(|| new.to_vec())).await;
    let stored = match tried {
        Ok(Attempt::Swapped) => return Ok(Swapped::In),
        // Nothing was written, so our mark cannot be there.
        Ok(Attempt::Absent | Attempt::Left) => return Ok(Swapped::Out(None)),
        Ok(Attempt::Lost(stored)) => stored,
        // Whether it was written is unknown: look.
        Err(error) => match ports.store.get(key.as_str()).await {
            Ok(Some(stored)) if stored != old => Some(stored),
            _ => return Err(error.into()),
        },
    };
    let Some(stored) = stored else { return Ok(Swapped::Out(None)) };
    let now = Head::read(&key, &stored)?;
    let ours = mark.is_some_and(|mark| now.revision_of(mark).is_some());
    Ok(if ours { Swapped::In } else { Swapped::Out(Some(now.revision)) })
}

const TRIES: usize = 200;
/// Looks after which one who waits no longer relies on another.
const PATIENCE: u32 = 2_000;
/// Changes that go into one swap.
const MOST_GROUP: usize = 64;
/// What the head may hold of changes that are not in the tree yet.
const MOST_RECENT: usize = 8 << 10;
const MOST_WASTE: usize = 400;
const MOST_HEAD: usize = 96 << 10;
const FEWER_THAN_MARKS: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{World, block_on};

    struct Puts(&'static [u8]);

    impl Step for Puts {
        fn stage<'f>(
            &'f self,
            _: &'f View<'_>,
            _: Turn,
        ) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
            let changes = vec![(self.0.to_vec(), Some(b"value".to_vec()))];
            Box::pin(std::future::ready(Ok(Ok(Edit { changes, ..Edit::default() }))))
        }
    }

    #[test]
    fn a_leader_that_never_comes_back_holds_nobody_up() {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let book = Book { name: "book".into(), number: 0 };
            ports.store.set(book.head_key().as_str(), &Head::default().write()).await.unwrap();
            let lanes = ports.blocks.kept::<Lanes>();
            lanes.with(&book, |lane| lane.led = true);
            let done = commit(&ports, &book, Puts(b"k")).await.unwrap().unwrap();
            assert_eq!(done.revision, 1);
            let (_, head) = book.load(&ports).await.unwrap().unwrap();
            assert!(head.recent.contains_key(b"k".as_slice()));
        });
    }
}
