//! Pages of the tree: written once under a key that is never used again, so that whatever was read of one is right for ever.

use ports::StoreError;

use super::{
    codec::{In, Out},
    datum::Datum,
};
use crate::{Key, Page};

/// Which page of a book: the mark of the change that wrote it, and which of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PageId {
    pub(crate) mark: u64,
    pub(crate) number: u32,
}

/// A child: the least key it may hold, and its page.
pub(crate) type Child = (Vec<u8>, PageId);
/// An entry of a leaf.
pub(crate) type Entry = (Vec<u8>, Datum);

/// A page of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Entries in the order of their keys.
    Leaf(Vec<Entry>),
    /// Children in the order of their least keys.
    Inner(Vec<Child>),
}

impl Node {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.number(VERSION);
        let mut before: &[u8] = &[];
        match self {
            Self::Leaf(entries) => {
                out.number(LEAF);
                out.size(entries.len());
                for (key, datum) in entries {
                    out.key(before, key);
                    out.datum(datum);
                    before = key;
                }
            }
            Self::Inner(children) => {
                out.number(INNER);
                out.size(children.len());
                for (key, id) in children {
                    out.key(before, key);
                    out.page(*id);
                    before = key;
                }
            }
        }
        out.done()
    }

    pub(crate) fn read(key: &Key, bytes: &[u8]) -> Result<Self, StoreError> {
        parse(bytes).ok_or_else(|| StoreError(format!("`{key}` cannot be read")))
    }
}

fn parse(bytes: &[u8]) -> Option<Node> {
    let mut read = In::new(bytes);
    if read.number()? != VERSION {
        return None;
    }
    let kind = read.number()?;
    let count = read.size()?;
    let mut before = Vec::new();
    let mut key = |read: &mut In<'_>| {
        before = read.key(&before)?;
        Some(before.clone())
    };
    let node = match kind {
        LEAF => {
            Node::Leaf((0..count).map(|_| Some((key(&mut read)?, read.datum()?))).collect::<Option<_>>()?)
        }
        INNER => {
            Node::Inner((0..count).map(|_| Some((key(&mut read)?, read.page()?))).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    read.is_done().then_some(node)
}

/// The key of a page.
pub(crate) fn key(book: &str, id: PageId) -> Key {
    Key::platform("fga-page", format_args!("{book}.{:016x}.{}", id.mark, id.number))
}

const VERSION: u64 = 1;
const LEAF: u64 = 0;
const INNER: u64 = 1;

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "fga-page",
    key: "lk1:_:fga-page:{store}.{change}.{number}",
    holds: "a page of a store's tree (entries, or children), or a part of a long value; bytes of our own (kv-schema/src/fga/codec.rs)",
    lives: "until a later change has replaced it and another has come after that",
    use_: "written once",
    written_by: &["authz"],
    read_by: &["janitor"],
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_back_and_foreign_bytes_are_refused() {
        let id = PageId { mark: 7, number: 300 };
        let here = Datum::Here(b"x".as_slice().into());
        let leaf = Node::Leaf(vec![(b"aa".to_vec(), here), (b"ab".to_vec(), Datum::Far([id].into()))]);
        let inner = Node::Inner(vec![(Vec::new(), id), (b"m".to_vec(), id)]);
        let name = key("s", id);
        for node in [leaf, inner] {
            let bytes = node.write();
            assert_eq!(Node::read(&name, &bytes).unwrap(), node);
            for cut in 0..bytes.len() {
                assert!(Node::read(&name, &bytes[..cut]).is_err(), "cut to {cut}");
            }
        }
    }
}
