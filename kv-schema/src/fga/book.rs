//! Reading a book: one head, and the pages it leads to, as they were when the head was read.

use std::{cell::Cell, collections::BTreeMap, ops::Bound, sync::Arc};

use ports::{Failure, Ports, StoreError};

use super::{
    datum::Datum,
    head::{self, Head},
    page::{self, Child, Node, PageId},
    shelf::Shelf,
};

/// A book: a tree of keys and values under one head.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Book {
    pub(crate) name: Arc<str>,
    pub(crate) number: i64,
}

impl Book {
    pub(crate) fn head_key(&self) -> crate::Key {
        head::key(&self.name, self.number)
    }

    /// What lies in the head's key now.
    pub(crate) async fn load(&self, ports: &Ports<'_>) -> Result<Option<(Vec<u8>, Arc<Head>)>, Failure> {
        let key = self.head_key();
        let Some(bytes) = ports.store.get(key.as_str()).await? else { return Ok(None) };
        let shelf = ports.blocks.kept::<Shelf>();
        if let Some(head) = shelf.head(key.as_str(), &bytes) {
            return Ok(Some((bytes, head)));
        }
        let head = Arc::new(Head::read(&key, &bytes)?);
        shelf.keep_head(key.as_str(), bytes.clone(), &head);
        Ok(Some((bytes, head)))
    }
}

/// A book at one revision. Everything read of it belongs together.
pub(crate) struct View<'a> {
    pub(crate) ports: Ports<'a>,
    pub(crate) book: Arc<str>,
    pub(crate) head: Arc<Head>,
    /// A page was gone: later changes have replaced it, and what was asked has to be asked of a newer revision.
    pub(crate) outdated: Cell<bool>,
}

/// Entries in order, and where to go on if there may be more.
pub(crate) struct Stretch {
    pub(crate) entries: Vec<(Vec<u8>, Datum)>,
    pub(crate) next: Option<Vec<u8>>,
}

impl<'a> View<'a> {
    pub(crate) fn of(ports: Ports<'a>, book: &Arc<str>, head: Arc<Head>) -> Self {
        Self { ports, book: Arc::clone(book), head, outdated: Cell::new(false) }
    }

    pub(crate) async fn node(&self, id: PageId) -> Result<Arc<Node>, Failure> {
        let shelf = self.ports.blocks.kept::<Shelf>();
        if let Some(node) = shelf.page(&self.book, id) {
            return Ok(node);
        }
        let (key, bytes) = self.bytes(id).await?;
        let node = Arc::new(Node::read(&key, &bytes)?);
        shelf.keep_page(&self.book, id, &node, bytes.len());
        Ok(node)
    }

    async fn bytes(&self, id: PageId) -> Result<(crate::Key, Vec<u8>), Failure> {
        let key = page::key(&self.book, id);
        match self.ports.store.get(key.as_str()).await? {
            Some(bytes) => Ok((key, bytes)),
            None => {
                self.outdated.set(true);
                Err(StoreError(format!("`{key}` is gone; a newer revision has replaced it")).into())
            }
        }
    }

    /// What lies under a key.
    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Datum>, Failure> {
        if let Some(recent) = self.head.recent.get(key) {
            return Ok(recent.clone());
        }
        let (leaf, _) = self.leaf(key).await?;
        Ok(leaf.as_deref().and_then(|node| match node {
            Node::Leaf(entries) => {
                let at = entries.binary_search_by(|(known, _)| known.as_slice().cmp(key)).ok()?;
                entries.get(at).map(|(_, datum)| datum.clone())
            }
            Node::Inner(_) => None,
        }))
    }

    /// The whole value.
    pub(crate) async fn value(&self, datum: &Datum) -> Result<Vec<u8>, Failure> {
        match datum {
            Datum::Here(bytes) => Ok(bytes.to_vec()),
            Datum::Far(ids) => {
                let mut whole = Vec::new();
                for id in ids {
                    whole.extend(self.bytes(*id).await?.1);
                }
                Ok(whole)
            }
        }
    }

    /// The leaf in which a key would stand, and the least key that surely stands behind it.
    async fn leaf(&self, key: &[u8]) -> Result<(Option<Arc<Node>>, Option<Vec<u8>>), Failure> {
        let Some((mut id, mut behind)) = child_for(&self.head.root, key) else { return Ok((None, None)) };
        for _ in 0..MOST_DEPTH {
            let node = self.node(id).await?;
            match &*node {
                Node::Leaf(_) => return Ok((Some(node), behind)),
                Node::Inner(children) => {
                    let Some((child, next)) = child_for(children, key) else { return Ok((None, behind)) };
                    id = child;
                    behind = next.or(behind);
                }
            }
        }
        Err(StoreError(format!("the tree of `{}` is too deep", self.book)).into())
    }

    /// Entries from `from` on and before `to`; at least one if there is any, and not many more than `most`.
    pub(crate) async fn stretch(&self, from: &[u8], to: &[u8], most: usize) -> Result<Stretch, Failure> {
        let mut entries = Vec::new();
        let mut from = from.to_vec();
        while from.as_slice() < to {
            let (leaf, behind) = self.leaf(&from).await?;
            let end = behind.as_deref().filter(|behind| *behind < to).unwrap_or(to).to_vec();
            let mut found: BTreeMap<&[u8], &Datum> = BTreeMap::new();
            if let Some(Node::Leaf(all)) = leaf.as_deref() {
                let start = all.partition_point(|(key, _)| *key < from);
                let standing = all.iter().skip(start).take_while(|(key, _)| *key < end);
                found.extend(standing.map(|(key, datum)| (key.as_slice(), datum)));
            }
            let recent =
                self.head.recent.range::<[u8], _>((Bound::Included(&from[..]), Bound::Excluded(&end[..])));
            for (key, datum) in recent {
                match datum {
                    Some(datum) => drop(found.insert(key, datum)),
                    None => drop(found.remove(key.as_slice())),
                }
            }
            entries.extend(found.into_iter().map(|(key, datum)| (key.to_vec(), datum.clone())));
            from = end;
            if entries.len() >= most {
                break;
            }
        }
        let next = (from.as_slice() < to).then_some(from);
        Ok(Stretch { entries, next })
    }
}

/// The child in which a key stands, and the least key of the next one.
fn child_for(children: &[Child], key: &[u8]) -> Option<(PageId, Option<Vec<u8>>)> {
    // The first child takes all that is less.
    let at = children.partition_point(|(least, _)| least.as_slice() <= key).max(1);
    let (_, id) = children.get(at - 1)?;
    Some((*id, children.get(at).map(|(least, _)| least.clone())))
}

/// The least key behind all that begin with a prefix.
pub(crate) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

const MOST_DEPTH: usize = 16;
