//! Chance, other servers and the log.

use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;

/// Unpredictable bytes, fit for keys.
pub trait Entropy {
    /// Fills the buffer.
    fn fill(&self, into: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// So many unpredictable bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// An even number from 0 to `below` − 1.
    pub fn below(&self, below: u64) -> u64 {
        // Out of 2⁶⁴, so that the bias for the few digits we draw is under 10⁻¹⁰.
        u64::from_be_bytes(self.bytes()) % below.max(1)
    }
}

/// A server could not be asked.
#[derive(Debug, Clone)]
pub enum FetchError {
    /// This component has no grant for that host.
    Forbidden,
    /// No answer in time, no connection, or a broken answer.
    Failed(String),
    /// The answer is larger than we read.
    TooLarge,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str("this component may not reach that host"),
            Self::Failed(why) => write!(f, "no answer: {why}"),
            Self::TooLarge => f.write_str("the answer is too large"),
        }
    }
}
impl std::error::Error for FetchError {}

/// HTTP to other servers: no redirects are followed, an answer of more than 1 MiB is refused, 10 seconds are the limit.
#[async_trait(?Send)]
pub trait Fetch {
    /// Sends a request and reads the whole answer.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, FetchError>;
}

/// The operator's log. A line says what happened in which tenant; it never holds a token, an address or an assertion.
pub trait Log {
    /// Something went wrong that an operator should see.
    fn warn(&self, line: &str);
}
