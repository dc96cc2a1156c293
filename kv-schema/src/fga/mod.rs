//! Authorization stores. Each is a **book**: a tree of keys and values whose pages are written once and never changed, under one head record that is
//! swapped. Reading the head is reading a whole state, so a query sees one revision and nothing is ever stale; swapping it is the one moment at which a
//! change becomes true, so a death anywhere leaves all of it or nothing. What an instance has read of a page is right for ever, so a warm one reads
//! nothing but the head. What changed lately stands in the head itself and goes into the tree a few dozen changes at a time.
//!
//! In the tree lie the tuples by object and by user, the log (which is the change feed), the models with their plans, and the assertions. Nothing is ever
//! listed by the store; values are bounded (a page has 16 KiB, longer values lie in parts of their own).

mod book;
mod codec;
mod commit;
mod datum;
mod head;
mod models;
mod page;
mod reads;
mod shelf;
mod stores;
mod tree;
mod tuple;
mod writes;

pub use commit::{Done, Refusal};
pub use models::{Assertions, Model, NewModel};
pub use reads::{Page as TuplePage, Snapshot};
pub use stores::{Deleted, Store, create, delete, list, open};
pub(crate) use stores::{forget, raze};
pub use tuple::{Logged, Tuple, TupleName};
pub use writes::{NewTuple, Write, write};

pub(crate) const RAZE: &str = "fga-raze";

/// Pages of the schema.
pub fn pages() -> Vec<crate::Page> {
    page::PAGES.into_iter().chain(head::PAGES).collect()
}
