//! The head of a book: the one record that changes. Whoever has read it has read a whole, consistent state.

use std::collections::BTreeMap;

use domain::{Moment, TenantId, Ulid};
use ports::StoreError;

use super::{
    codec::{In, Out},
    datum::Datum,
    page::{Child, PageId},
};
use crate::{Key, Page};

/// A state of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many changes there were.
    pub(crate) revision: u64,
    /// When the last one was; never goes back.
    pub(crate) at: Moment,
    /// What the book is called, and when it was made.
    pub(crate) name: String,
    pub(crate) created: Moment,
    /// The tenant whose machine made it, or whose store it is.
    pub(crate) owner: Option<TenantId>,
    /// The model that a request without one means.
    pub(crate) model: Option<[u8; 16]>,
    /// Marks of the latest changes, the last of them `revision`'s: by its mark a writer finds out whether its change is in.
    pub(crate) marks: Vec<u64>,
    /// The top of the tree.
    pub(crate) root: Vec<Child>,
    /// What has changed since the tree was last written; `None`: is gone.
    pub(crate) recent: BTreeMap<Vec<u8>, Option<Datum>>,
    /// Pages that nothing here leads to any more; removed before the tree is written next.
    pub(crate) waste: Vec<PageId>,
    /// Being removed, with everything in it.
    pub(crate) closed: bool,
}

impl Head {
    /// The revision that a mark's change made, if it is among the latest.
    pub(crate) fn revision_of(&self, mark: u64) -> Option<u64> {
        let back = self.marks.iter().rev().position(|known| *known == mark)?;
        self.revision.checked_sub(u64::try_from(back).ok()?)
    }

    /// What `recent` takes.
    pub(crate) fn weight(&self) -> usize {
        self.recent.iter().map(|(key, datum)| key.len() + 4 + datum.as_ref().map_or(1, Datum::size)).sum()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.number(VERSION);
        out.number(self.revision);
        out.number(self.at.millis());
        out.bytes(self.name.as_bytes());
        out.number(self.created.millis());
        out.bytes(self.owner.map(|owner| owner.ulid().bytes()).as_ref().map_or(&[], <[u8; 16]>::as_slice));
        out.bytes(self.model.as_ref().map_or(&[], <[u8; 16]>::as_slice));
        out.number(u64::from(self.closed));
        out.size(self.marks.len());
        for mark in &self.marks {
            out.bytes(&mark.to_be_bytes());
        }
        let mut before: &[u8] = &[];
        out.size(self.root.len());
        for (key, id) in &self.root {
            out.key(before, key);
            out.page(*id);
            before = key;
        }
        let mut before: &[u8] = &[];
        out.size(self.recent.len());
        for (key, datum) in &self.recent {
            out.key(before, key);
            out.number(u64::from(datum.is_some()));
            if let Some(datum) = datum {
                out.datum(datum);
            }
            before = key;
        }
        out.pages(&self.waste);
        out.done()
    }

    pub(crate) fn read(key: &Key, bytes: &[u8]) -> Result<Self, StoreError> {
        parse(bytes).ok_or_else(|| StoreError(format!("`{key}` cannot be read")))
    }
}

fn parse(bytes: &[u8]) -> Option<Head> {
    let mut read = In::new(bytes);
    if read.number()? != VERSION {
        return None;
    }
    let mut head = Head {
        revision: read.number()?,
        at: Moment::from_millis(read.number()?),
        name: read.text()?,
        created: Moment::from_millis(read.number()?),
        ..Head::default()
    };
    let sixteen = |bytes: &[u8]| match bytes {
        [] => Some(None),
        bytes => bytes.try_into().ok().map(Some),
    };
    head.owner = sixteen(read.bytes()?)?.map(|owner| TenantId::of(Ulid::from_bytes(owner)));
    head.model = sixteen(read.bytes()?)?;
    head.closed = read.number()? != 0;
    let count = read.size()?;
    let mark = |read: &mut In<'_>| Some(u64::from_be_bytes(read.bytes()?.try_into().ok()?));
    head.marks = (0..count).map(|_| mark(&mut read)).collect::<Option<_>>()?;
    let mut before = Vec::new();
    for _ in 0..read.size()? {
        before = read.key(&before)?;
        head.root.push((before.clone(), read.page()?));
    }
    let mut before = Vec::new();
    for _ in 0..read.size()? {
        before = read.key(&before)?;
        let datum = if read.number()? == 0 { None } else { Some(read.datum()?) };
        head.recent.insert(before.clone(), datum);
    }
    head.waste = read.pages()?;
    read.is_done().then_some(head)
}

/// The key of a book's head.
pub(crate) fn key(book: &str, number: i64) -> Key {
    Key::platform("fga-head", format_args!("{book}.{number}"))
}

/// The cell of a book that many may make.
pub(crate) fn cell(book: &str) -> Key {
    Key::platform("cell-fga", book)
}

const VERSION: u64 = 1;
/// How many marks are kept.
pub(crate) const MARKS: usize = 128;

pub(crate) const PAGES: [Page; 2] = [
    Page {
        name: "fga-head",
        key: "lk1:_:fga-head:{store, or stores}.{0, or the number of its cell}",
        holds: "the head of an authorization store, or of the list of stores: revision, latest model, the top of its tree, and what changed since the tree was last written; bytes of our own",
        lives: "as long as the store",
        use_: "swapped",
        written_by: &["authz", "admin"],
        read_by: &["janitor"],
    },
    Page {
        name: "cell-fga",
        key: "lk1:_:cell-fga:{store, or stores}",
        holds: "a cell: the number of the head of a tenant's store, or of the list of stores",
        lives: "as long as the tenant",
        use_: "decided",
        written_by: &["authz"],
        read_by: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_and_foreign_bytes_are_refused() {
        let id = PageId { mark: 9, number: 1 };
        let head = Head {
            revision: 7,
            at: Moment::from_secs(5),
            name: "Acme".into(),
            created: Moment::from_secs(4),
            owner: Some(TenantId::of(Ulid::from_bytes([8; 16]))),
            model: Some([3; 16]),
            marks: vec![1, u64::MAX],
            root: vec![(Vec::new(), id), (b"k".to_vec(), id)],
            recent: [(b"a".to_vec(), None), (b"b".to_vec(), Some(Datum::Here([1].into())))].into(),
            waste: vec![id],
            closed: false,
        };
        let bytes = head.write();
        assert_eq!(Head::read(&key("s", 0), &bytes).unwrap(), head);
        for cut in 0..bytes.len() {
            assert!(Head::read(&key("s", 0), &bytes[..cut]).is_err(), "cut to {cut}");
        }
        assert_eq!(
            (head.revision_of(u64::MAX), head.revision_of(1), head.revision_of(2)),
            (Some(7), Some(6), None)
        );
    }
}
