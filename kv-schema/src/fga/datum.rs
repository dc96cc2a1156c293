//! What lies under a key of the tree: a few bytes, or the pages that hold many.

use super::page::PageId;

/// A value of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Datum {
    /// In place.
    Here(Box<[u8]>),
    /// In pages of its own, in order.
    Far(Box<[PageId]>),
}

impl Datum {
    /// What it takes where it stands.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Here(bytes) => bytes.len() + 3,
            Self::Far(ids) => ids.len() * 12 + 1,
        }
    }

    /// The pages that go when it goes.
    pub(crate) fn pages(&self) -> &[PageId] {
        match self {
            Self::Here(_) => &[],
            Self::Far(ids) => ids,
        }
    }
}

/// Values longer than this lie in pages of their own.
pub(crate) const MOST_HERE: usize = 2_048;
