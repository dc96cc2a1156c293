//! Bodies: what a client may send, and how long a far server may be silent.

use std::{
    future::Future as _,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, WasiBody};

/// A body that is there already.
pub fn full(bytes: impl Into<Bytes>) -> WasiBody {
    Full::new(bytes.into()).map_err(Error::from).boxed_unsync()
}

pub fn empty() -> WasiBody {
    full(Bytes::new())
}

/// Says afterwards whether a client sent too much.
#[derive(Debug, Clone, Default)]
pub struct TooMuch(Arc<AtomicBool>);

impl TooMuch {
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// At most so many bytes; the guest gets an error where the limit is.
pub fn capped<B>(body: B, max: u64, too_much: TooMuch) -> WasiBody
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Error>,
{
    Capped { body, max, left: max, too_much }.boxed_unsync()
}

struct Capped<B> {
    body: B,
    max: u64,
    left: u64,
    too_much: TooMuch,
}

impl<B> Body for Capped<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.too_much.happened() {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => {
                self.too_much.0.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.max)))));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// At most so long between two frames.
pub fn lively<B>(body: B, patience: Duration) -> WasiBody
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Error>,
{
    Lively { body: Some(body), patience, sleep: None }.boxed_unsync()
}

struct Lively<B> {
    /// Dropped when the time is over, and the connection with it.
    body: Option<B>,
    patience: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<B> Body for Lively<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let Some(body) = this.body.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            this.sleep = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = this.patience;
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(sleep.as_mut().poll(cx));
        this.body = None;
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_within_the_limit_passes_whole() {
        let too_much = TooMuch::default();
        let body = capped(full("12345"), 5, too_much.clone());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "12345");
        assert!(!too_much.happened());
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused() {
        let too_much = TooMuch::default();
        let body = capped(full("123456"), 5, too_much.clone());
        assert!(matches!(body.collect().await, Err(Error::HttpRequestBodySize(Some(5)))));
        assert!(too_much.happened());
    }

    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_silent_body_is_given_up() {
        let body = lively(Silent, Duration::from_millis(5));
        assert!(matches!(body.collect().await, Err(Error::ConnectionReadTimeout)));
    }
}
