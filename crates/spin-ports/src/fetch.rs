//! Outbound HTTP.

use std::{pin::pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select};
use http::header::CONTENT_LENGTH;
use ports::{Fetch, FetchError};
use spin_sdk::{http::send, time::sleep, wasip3::http::types::ErrorCode};

use crate::body::{Whole, collect};

/// What an answer may hold at most.
const MOST_ANSWER: usize = 1024 * 1024;
/// How long an exchange may take, the body included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Other servers, as far as `allowed_outbound_hosts` grants them. The platform follows no redirects.
pub(crate) struct Outbound;

#[async_trait(?Send)]
impl Fetch for Outbound {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, FetchError> {
        match select(pin!(exchange(request)), pin!(sleep(PATIENCE))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                Err(FetchError::Failed(format!("no whole answer within {} s", PATIENCE.as_secs())))
            }
        }
    }
}

async fn exchange(mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, FetchError> {
    // Else the platform sends chunks, which not every API takes.
    let length = request.body().len().into();
    request.headers_mut().entry(CONTENT_LENGTH).or_insert(length);
    let (parts, body) = send(request.map(Whole::new)).await.map_err(refused)?.into_parts();
    match collect(body, MOST_ANSWER).await.map_err(refused)? {
        Some(body) => Ok(http::Response::from_parts(parts, body)),
        None => Err(FetchError::TooLarge),
    }
}

/// The kind of error alone: the platform's words could quote the address, and addresses carry keys.
fn refused(code: ErrorCode) -> FetchError {
    let why = match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => return FetchError::Forbidden,
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "its name is not known"
        }
        ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached => "it takes no connection",
        ErrorCode::ConnectionTerminated => "it closed the connection",
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "it took too long",
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
            "TLS failed"
        }
        _ => "the exchange broke",
    };
    FetchError::Failed(why.into())
}
