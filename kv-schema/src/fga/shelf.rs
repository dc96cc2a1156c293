//! What an instance keeps of the books it reads: pages, which never change, and heads, which are compared with the store before they are believed.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use super::{
    head::Head,
    page::{Node, PageId},
};

/// Pages and heads of one instance.
#[derive(Default)]
pub(crate) struct Shelf {
    pages: Mutex<Pages>,
    heads: Mutex<BTreeMap<String, Read>>,
    numbers: Mutex<BTreeMap<String, i64>>,
}

/// A head, and the bytes it was read from.
type Read = (Vec<u8>, Arc<Head>);
/// A page, what it takes, and whether somebody has asked for it lately.
type Kept = (Arc<Node>, usize, bool);

#[derive(Default)]
struct Pages {
    by_id: HashMap<(Arc<str>, PageId), Kept>,
    order: VecDeque<(Arc<str>, PageId)>,
    bytes: usize,
}

impl Shelf {
    pub(crate) fn page(&self, book: &Arc<str>, id: PageId) -> Option<Arc<Node>> {
        let mut pages = self.pages.lock().ok()?;
        let (node, _, used) = pages.by_id.get_mut(&(Arc::clone(book), id))?;
        *used = true;
        Some(Arc::clone(node))
    }

    /// Keeps a page; the oldest that nobody has asked for since it was last looked at makes room.
    pub(crate) fn keep_page(&self, book: &Arc<str>, id: PageId, node: &Arc<Node>, bytes: usize) {
        let Ok(mut pages) = self.pages.lock() else { return };
        let pages = &mut *pages;
        let name = (Arc::clone(book), id);
        // What is parsed takes more than what was read.
        let bytes = bytes.saturating_mul(3);
        if pages.by_id.insert(name.clone(), (Arc::clone(node), bytes, false)).is_none() {
            pages.order.push_back(name);
            pages.bytes += bytes;
        }
        while pages.bytes > MOST_BYTES {
            let Some(oldest) = pages.order.pop_front() else { break };
            match pages.by_id.get_mut(&oldest) {
                Some((_, _, used)) if *used => {
                    *used = false;
                    pages.order.push_back(oldest);
                }
                Some((_, bytes, _)) => {
                    pages.bytes = pages.bytes.saturating_sub(*bytes);
                    pages.by_id.remove(&oldest);
                }
                None => {}
            }
        }
    }

    /// The head that was read from these bytes before.
    pub(crate) fn head(&self, key: &str, bytes: &[u8]) -> Option<Arc<Head>> {
        let heads = self.heads.lock().ok()?;
        heads.get(key).filter(|(known, _)| known == bytes).map(|(_, head)| Arc::clone(head))
    }

    pub(crate) fn keep_head(&self, key: &str, bytes: Vec<u8>, head: &Arc<Head>) {
        if let Ok(mut heads) = self.heads.lock() {
            while heads.len() >= MOST_HEADS {
                heads.pop_first();
            }
            heads.insert(key.to_owned(), (bytes, Arc::clone(head)));
        }
    }

    /// Under which number a book's head lies, once that is known; it never changes.
    pub(crate) fn number(&self, book: &str) -> Option<i64> {
        self.numbers.lock().ok()?.get(book).copied()
    }

    pub(crate) fn keep_number(&self, book: &str, number: i64) {
        if let Ok(mut numbers) = self.numbers.lock() {
            while numbers.len() >= MOST_NUMBERS {
                numbers.pop_first();
            }
            numbers.insert(book.to_owned(), number);
        }
    }
}

const MOST_BYTES: usize = 12 << 20;
const MOST_HEADS: usize = 64;
const MOST_NUMBERS: usize = 1_024;
