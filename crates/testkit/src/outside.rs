//! Dice, other servers and the log, for tests.

use std::cell::{Cell, RefCell};

use async_trait::async_trait;
use bytes::Bytes;
use ports::{Entropy, Fetch, FetchError, Log};

/// Bytes that differ from draw to draw and are the same in every run (splitmix64).
#[derive(Debug, Default)]
pub struct Dice(Cell<u64>);

impl Entropy for Dice {
    fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
            self.0.set(state);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let bytes = (mixed ^ (mixed >> 31)).to_be_bytes();
            for (into, from) in chunk.iter_mut().zip(bytes) {
                *into = from;
            }
        }
    }
}

/// Other servers: keeps what was sent, answers from a list, else 200 with `{}`.
#[derive(Debug, Default)]
pub struct Stub {
    /// What was sent.
    pub sent: RefCell<Vec<http::Request<Bytes>>>,
    /// What to answer, first to last.
    pub answers: RefCell<Vec<Result<(u16, &'static str), FetchError>>>,
}

#[async_trait(?Send)]
impl Fetch for Stub {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, FetchError> {
        self.sent.borrow_mut().push(request);
        let mut answers = self.answers.borrow_mut();
        let (status, body) = if answers.is_empty() { (200, "{}") } else { answers.remove(0)? };
        let mut response = http::Response::new(Bytes::from_static(body.as_bytes()));
        if let Ok(status) = http::StatusCode::from_u16(status) {
            *response.status_mut() = status;
        }
        Ok(response)
    }
}

/// The log's lines.
#[derive(Debug, Default)]
pub struct Lines(pub RefCell<Vec<String>>);

impl Log for Lines {
    fn warn(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}
