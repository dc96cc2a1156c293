//! Reading tuples and the log, as they are at one revision.

use domain::{Moment, TenantId, Ulid};
use ports::{Failure, StoreError};

use super::{
    book::{View, behind},
    stores::Store,
    tuple::{self, BACKWARD, FORWARD, LOG, Logged, Tuple, TupleName, USERSETS, prefix},
};

/// A store at one revision.
pub struct Snapshot<'a> {
    id: Ulid,
    pub(crate) view: View<'a>,
}

/// Some of a list, and where to go on if there is more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// The place after which to go on.
    pub next: Option<Vec<u8>>,
}

impl<'a> Snapshot<'a> {
    pub(crate) const fn of(id: Ulid, view: View<'a>) -> Self {
        Self { id, view }
    }

    /// Which store.
    pub fn store(&self) -> Store {
        let head = &self.view.head;
        Store { id: self.id, name: head.name.clone(), created: head.created, owner: head.owner }
    }

    /// The tenant it belongs to, if it does to one.
    pub fn owner(&self) -> Option<TenantId> {
        self.view.head.owner
    }

    /// How many changes it has seen.
    pub fn revision(&self) -> u64 {
        self.view.head.revision
    }

    /// Whether a read failed because later changes have replaced what it needed: ask a newer snapshot.
    pub fn is_outdated(&self) -> bool {
        self.view.outdated.get()
    }

    /// A tuple.
    pub async fn tuple(&self, name: TupleName) -> Result<Option<Tuple>, Failure> {
        match self.view.get(&name.forward()).await? {
            Some(datum) => {
                let value = self.view.value(&datum).await?;
                Ok(Some(tuple::read(name, &value).ok_or_else(unreadable)?))
            }
            None => Ok(None),
        }
    }

    /// All tuples of a relation of an object, or those with usersets alone.
    pub async fn users(&self, object: &str, relation: &str, usersets: bool) -> Result<Vec<Tuple>, Failure> {
        let then = if usersets {
            prefix(FORWARD, &[object, relation, USERSETS], "")
        } else {
            prefix(FORWARD, &[object, relation], "")
        };
        self.all(&then, TupleName::of_forward).await
    }

    /// All tuples of a relation of objects of a type that name a user.
    pub async fn objects(&self, user: &str, kind: &str, relation: &str) -> Result<Vec<Tuple>, Failure> {
        self.all(&prefix(BACKWARD, &[user, kind, relation], ""), TupleName::of_backward).await
    }

    /// A page of tuples by the parts that are given: of an object (`document:1`) or of all objects of a type (`document:`, which needs a user), of a
    /// relation, of a user; all without an object. `None`: these parts do not go together.
    pub async fn tuples(
        &self,
        wanted: &TupleName,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Option<Page<Tuple>>, Failure> {
        let TupleName { object, relation, user } = wanted;
        let (start, name): (Vec<u8>, NameOf) = match object.split_once(':') {
            None if object.is_empty() && relation.is_empty() && user.is_empty() => {
                (vec![FORWARD], TupleName::of_forward)
            }
            None => return Ok(None),
            Some((_, "")) if user.is_empty() => return Ok(None),
            Some((kind, "")) => {
                let parts = [user.as_str(), kind, relation.as_str()];
                let count = if relation.is_empty() { 2 } else { 3 };
                (prefix(BACKWARD, parts.get(..count).unwrap_or_default(), ""), TupleName::of_backward)
            }
            Some((kind, id)) if !user.is_empty() && relation.is_empty() => {
                let start = prefix(BACKWARD, &[user, kind], "");
                let found = self.page(&start, after, limit, TupleName::of_backward, |name| {
                    name.object.split_once(':').is_some_and(|(_, of)| of == id)
                });
                return Ok(Some(found.await?));
            }
            Some(_) if relation.is_empty() => (prefix(FORWARD, &[object], ""), TupleName::of_forward),
            Some(_) if user.is_empty() => (prefix(FORWARD, &[object, relation], ""), TupleName::of_forward),
            Some(_) => {
                let found = self.tuple(wanted.clone()).await?;
                return Ok(Some(Page { items: found.into_iter().collect(), next: None }));
            }
        };
        Ok(Some(self.page(&start, after, limit, name, |_| true).await?))
    }

    /// A page of the log, in order: from `after` on, or else from a moment on. The place is always told: what is new comes after it.
    pub async fn changes(
        &self,
        after: Option<&[u8]>,
        since: Option<Moment>,
        limit: usize,
        wanted: impl Fn(&TupleName) -> bool,
    ) -> Result<Page<Logged>, Failure> {
        let to = behind(&[LOG]);
        let mut place = after.map(<[u8]>::to_vec);
        let mut from = match (&place, since) {
            (Some(place), _) => following(place),
            (None, Some(since)) => tuple::log_from(since),
            (None, None) => vec![LOG],
        };
        let mut items = Vec::new();
        let mut seen = 0;
        'all: while from < to {
            let stretch = self.view.stretch(&from, &to, limit).await?;
            for (key, datum) in &stretch.entries {
                let value = self.view.value(datum).await?;
                let line = tuple::read_log(key, &value).ok_or_else(unreadable)?;
                if wanted(&line.tuple.name) {
                    items.push(line);
                }
                seen += 1;
                place = Some(key.clone());
                if items.len() >= limit || seen >= MOST_SEEN {
                    break 'all;
                }
            }
            match stretch.next {
                Some(next) => from = next,
                None => break,
            }
        }
        Ok(Page { items, next: place })
    }

    /// A page of the entries that begin with `start`, from after a place on.
    async fn page(
        &self,
        start: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        name: impl Fn(&[u8]) -> Option<TupleName>,
        wanted: impl Fn(&TupleName) -> bool,
    ) -> Result<Page<Tuple>, Failure> {
        let to = behind(start);
        let mut from = after.filter(|after| *after > start).map_or_else(|| start.to_vec(), following);
        let mut items = Vec::new();
        let mut last = None;
        let mut seen = 0;
        loop {
            let stretch = self.view.stretch(&from, &to, limit + 1).await?;
            for (key, datum) in stretch.entries {
                if items.len() >= limit || seen >= MOST_SEEN {
                    return Ok(Page { items, next: last });
                }
                seen += 1;
                let name = name(&key).ok_or_else(unreadable)?;
                if wanted(&name) {
                    let value = self.view.value(&datum).await?;
                    items.push(tuple::read(name, &value).ok_or_else(unreadable)?);
                }
                last = Some(key);
            }
            match stretch.next {
                Some(next) => from = next,
                None => return Ok(Page { items, next: None }),
            }
        }
    }

    async fn all(
        &self,
        start: &[u8],
        name: impl Fn(&[u8]) -> Option<TupleName>,
    ) -> Result<Vec<Tuple>, Failure> {
        let to = behind(start);
        let mut from = start.to_vec();
        let mut found = Vec::new();
        loop {
            let stretch = self.view.stretch(&from, &to, MOST_SEEN).await?;
            for (key, datum) in stretch.entries {
                let name = name(&key).ok_or_else(unreadable)?;
                let value = self.view.value(&datum).await?;
                found.push(tuple::read(name, &value).ok_or_else(unreadable)?);
            }
            match stretch.next {
                Some(next) => from = next,
                None => return Ok(found),
            }
        }
    }
}

/// The least key after one.
fn following(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

fn unreadable() -> Failure {
    StoreError("an entry of an authorization store cannot be read".into()).into()
}

/// How a key is read.
type NameOf = fn(&[u8]) -> Option<TupleName>;

/// How many entries one page looks at.
const MOST_SEEN: usize = 1_000;
