//! Writing a tree: pages are never changed, so a change writes new ones along its way up, and names those that they replace.

use std::{future::Future, pin::Pin};

use futures::future::try_join_all;
use ports::{Failure, Ports};

use super::{
    book::View,
    codec,
    datum::{Datum, MOST_HERE},
    page::{self, Child, Entry, Node, PageId},
};

/// A change of a tree under way.
pub(crate) struct Growth {
    mark: u64,
    count: u32,
    /// New pages, not stored yet.
    made: Vec<(PageId, Vec<u8>)>,
    /// New pages, stored.
    stored: Vec<PageId>,
    /// Pages that are replaced.
    pub(crate) replaced: Vec<PageId>,
}

type Boxed<'f, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'f>>;
type Change<'c> = (&'c [u8], Option<&'c Datum>);

impl Growth {
    pub(crate) const fn new(mark: u64) -> Self {
        Self { mark, count: 0, made: Vec::new(), stored: Vec::new(), replaced: Vec::new() }
    }

    fn page(&mut self, bytes: Vec<u8>) -> PageId {
        let id = PageId { mark: self.mark, number: self.count };
        self.count = self.count.saturating_add(1);
        self.made.push((id, bytes));
        id
    }

    /// A value, put into pages of its own if it is long.
    pub(crate) fn datum(&mut self, bytes: &[u8]) -> Datum {
        if bytes.len() <= MOST_HERE {
            return Datum::Here(bytes.into());
        }
        Datum::Far(bytes.chunks(PART).map(|part| self.page(part.to_vec())).collect())
    }

    /// The root after these changes, which are in the order of their keys.
    pub(crate) async fn grow(
        &mut self,
        view: &View<'_>,
        changes: &[Change<'_>],
    ) -> Result<Vec<Child>, Failure> {
        let mut children = if view.head.root.is_empty() {
            self.leaves(Vec::new(), merge(Vec::new(), changes))
        } else {
            self.inner(view, &view.head.root, changes).await?
        };
        while weight(&children) > MOST_ROOT {
            children = self.inners(Vec::new(), children);
        }
        Ok(children)
    }

    fn node<'f>(
        &'f mut self,
        view: &'f View<'_>,
        (least, id): &'f Child,
        changes: &'f [Change<'f>],
    ) -> Boxed<'f, Vec<Child>> {
        Box::pin(async move {
            let node = view.node(*id).await?;
            self.replaced.push(*id);
            match &*node {
                Node::Leaf(entries) => Ok(self.leaves(least.clone(), merge(entries.clone(), changes))),
                Node::Inner(children) => {
                    let children = self.inner(view, children, changes).await?;
                    Ok(self.inners(least.clone(), children))
                }
            }
        })
    }

    async fn inner(
        &mut self,
        view: &View<'_>,
        children: &[Child],
        mut changes: &[Change<'_>],
    ) -> Result<Vec<Child>, Failure> {
        let mut grown = Vec::with_capacity(children.len() + 1);
        let nexts = children.iter().skip(1).map(|(next, _)| Some(next)).chain([None]);
        for (child, next) in children.iter().zip(nexts) {
            let count =
                next.map_or(changes.len(), |next| changes.partition_point(|(key, _)| *key < next.as_slice()));
            let (here, rest) = changes.split_at(count);
            changes = rest;
            if here.is_empty() {
                grown.push(child.clone());
            } else {
                grown.extend(self.node(view, child, here).await?);
            }
        }
        // Among its siblings the first child takes all that is less, also where one before it has gone.
        if let Some(first) = grown.first_mut() {
            first.0.clear();
        }
        Ok(grown)
    }

    fn leaves(&mut self, least: Vec<u8>, entries: Vec<Entry>) -> Vec<Child> {
        let pages = parts(entries, |(key, datum)| key.len() + 4 + datum.size(), MOST_LEAF);
        let mut least = Some(least);
        let mut last: Vec<u8> = Vec::new();
        pages
            .into_iter()
            .map(|entries| {
                let first = entries.first().map(|(key, _)| key.as_slice()).unwrap_or_default();
                // Just enough of the first key to stand behind the last one of the page before.
                let enough = (codec::shared(&last, first) + 1).min(first.len());
                let least = least.take().unwrap_or_else(|| first.get(..enough).unwrap_or_default().to_vec());
                last = entries.last().map(|(key, _)| key.clone()).unwrap_or_default();
                (least, self.page(Node::Leaf(entries).write()))
            })
            .collect()
    }

    fn inners(&mut self, least: Vec<u8>, children: Vec<Child>) -> Vec<Child> {
        let pages = parts(children, |(key, _)| key.len() + 16, MOST_INNER);
        let mut least = Some(least);
        pages
            .into_iter()
            .map(|mut children| {
                let first = children.first_mut().map(|(key, _)| std::mem::take(key)).unwrap_or_default();
                (least.take().unwrap_or(first), self.page(Node::Inner(children).write()))
            })
            .collect()
    }

    /// Stores what was made so far.
    pub(crate) async fn store(&mut self, ports: &Ports<'_>, book: &str) -> Result<(), Failure> {
        for some in std::mem::take(&mut self.made).chunks(AT_ONCE) {
            self.stored.extend(some.iter().map(|(id, _)| *id));
            let writes = some.iter().map(|(id, bytes)| {
                let key = page::key(book, *id);
                async move { ports.store.set(key.as_str(), bytes).await }
            });
            try_join_all(writes).await?;
        }
        Ok(())
    }

    /// Removes what was stored: it came to nothing.
    pub(crate) async fn undo(self, ports: &Ports<'_>, book: &str) -> Result<(), Failure> {
        remove(ports, book, &self.stored).await
    }
}

/// Removes pages that nothing leads to.
pub(crate) async fn remove(ports: &Ports<'_>, book: &str, pages: &[PageId]) -> Result<(), Failure> {
    for some in pages.chunks(AT_ONCE) {
        let gone = some.iter().map(|id| {
            let key = page::key(book, *id);
            async move { ports.store.delete(key.as_str()).await }
        });
        try_join_all(gone).await?;
    }
    Ok(())
}

/// Entries with changes merged in; both are in order.
fn merge(entries: Vec<Entry>, changes: &[Change<'_>]) -> Vec<Entry> {
    let mut merged = Vec::with_capacity(entries.len() + changes.len());
    let mut changes = changes.iter().peekable();
    for (key, datum) in entries {
        while let Some((new, value)) = changes.next_if(|(new, _)| *new < key.as_slice()) {
            merged.extend(value.map(|value| (new.to_vec(), value.clone())));
        }
        match changes.next_if(|(new, _)| *new == key.as_slice()) {
            Some((_, value)) => merged.extend(value.map(|value| (key, value.clone()))),
            None => merged.push((key, datum)),
        }
    }
    merged.extend(changes.filter_map(|(key, value)| Some((key.to_vec(), (*value)?.clone()))));
    merged
}

/// Cuts a list into pages: one if it fits, else each two thirds full, so that what comes next has room.
fn parts<T>(all: Vec<T>, size: impl Fn(&T) -> usize, most: usize) -> Vec<Vec<T>> {
    if all.is_empty() {
        return Vec::new();
    }
    if all.iter().map(&size).sum::<usize>() <= most {
        return vec![all];
    }
    let mut pages = Vec::new();
    let (mut page, mut filled) = (Vec::new(), 0_usize);
    for item in all {
        let takes = size(&item);
        if filled + takes > most * 2 / 3 && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            filled = 0;
        }
        filled += takes;
        page.push(item);
    }
    pages.push(page);
    pages
}

fn weight(children: &[Child]) -> usize {
    children.iter().map(|(key, _)| key.len() + 16).sum()
}

const MOST_LEAF: usize = 12 << 10;
const MOST_INNER: usize = 16 << 10;
const MOST_ROOT: usize = 6 << 10;
/// Parts of a long value.
const PART: usize = 64 << 10;
/// Pages that are written at once.
const AT_ONCE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_in_at_their_places() {
        let here = |byte: u8| Datum::Here([byte].into());
        let entries = vec![(b"b".to_vec(), here(1)), (b"d".to_vec(), here(2)), (b"f".to_vec(), here(3))];
        let nine = here(9);
        let changes: [Change<'_>; 5] =
            [(b"a", Some(&nine)), (b"b", None), (b"c", Some(&nine)), (b"f", Some(&nine)), (b"g", None)];
        let merged = merge(entries, &changes);
        let keys: Vec<&[u8]> = merged.iter().map(|(key, _)| key.as_slice()).collect();
        assert_eq!(keys, [b"a", b"c", b"d", b"f"]);
        assert_eq!(merged[3].1, nine);
    }

    #[test]
    fn pages_are_cut_with_room_left() {
        assert_eq!(parts(vec![1; 90], |_| 1, 90).len(), 1);
        let cut = parts(vec![1; 91], |_| 1, 90);
        assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [60, 31]);
        assert_eq!(parts(vec![100, 100], |size| *size, 90).len(), 2, "what is too large stands alone");
    }
}
