//! Bodies, whole and counted.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use web::Problem;

use crate::entry::too_large;

/// Reads a request's body, which may have at most so many bytes. What is too large is read on for a while and thrown away: a client that is
/// still sending when the connection closes never sees the answer.
pub(crate) async fn read<B>(headers: &HeaderMap, body: B, most: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > THROWN_AWAY) {
        return Err(too_large(most));
    }
    match collect(body, most).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(too_large(most)),
        Err(_) => Err(Problem::bad("incomplete_body", "send the whole body that was announced")),
    }
}

/// All bytes of a body; `None` if there are more than `most`.
pub(crate) async fn collect<B>(mut body: B, most: usize) -> Result<Option<Bytes>, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut whole = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // What is no data is trailers, which nobody reads.
        let Ok(data) = frame?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= most {
            whole.extend_from_slice(&data);
        } else if seen > THROWN_AWAY {
            return Ok(None);
        }
    }
    Ok((seen <= most).then(|| whole.freeze()))
}

/// Bytes that are read, at most, of a body that is too large.
const THROWN_AWAY: usize = 4 << 20;

/// A body that is there at once.
pub(crate) struct Whole(Option<Bytes>);

impl Whole {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self((!bytes.is_empty()).then_some(bytes))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.0.as_ref().map_or(0, Bytes::len)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::block_on;

    fn read_of(size: usize, announced: Option<usize>) -> Result<usize, u16> {
        let mut headers = HeaderMap::new();
        if let Some(length) = announced {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let body = Whole::new(Bytes::from(vec![b'x'; size]));
        block_on(read(&headers, body, 64)).map(|body| body.len()).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn too_large_by_what_comes_and_by_what_is_announced() {
        assert_eq!(read_of(0, None), Ok(0));
        assert_eq!(read_of(64, Some(64)), Ok(64));
        assert_eq!(read_of(65, None), Err(413));
        assert_eq!(read_of(65, Some(3)), Err(413), "what is announced may be a lie");
        assert_eq!(
            read_of(0, Some(5 << 20)),
            Err(413),
            "not a byte is read of what is announced far too large"
        );
    }
}
