//! From the platform's request to a room and back.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use ports::{Blocks, Log, Ports};
use spin_sdk::wasip3::{
    http::types::{ErrorCode, Request, Response},
    http_compat::{http_from_wasi_request, http_into_wasi_response},
};
use web::Problem;

use crate::{
    body::{self, Whole},
    fetch::Outbound,
    outside::{self, Chance, Stderr},
    settings,
};

#[cfg(feature = "one-time-redis")]
use crate::redis::{Marks, Redis, Server};
#[cfg(not(feature = "one-time-redis"))]
use crate::{counters::Counters, key_value::KeyValue};

/// What a body may hold at most, where a room does not say otherwise. Nothing that a room reads comes near it.
#[doc(hidden)]
pub const MOST_BODY: usize = 64 * 1024;

/// Shared by all requests that one instance serves.
static BLOCKS: Blocks = Blocks::new();

/// Answers one request, whose body may have so many bytes, by `answer`.
///
/// # Errors
/// The platform's own, if it handed in what is no request at all.
#[doc(hidden)]
pub async fn handle(
    request: Request,
    most_body: usize,
    answer: impl AsyncFn(Ports<'_>, web::Raw) -> web::Response,
) -> Result<Response, ErrorCode> {
    let (parts, body) = http_from_wasi_request(request)?.into_parts();
    let response = respond(parts, body, most_body, answer).await;
    http_into_wasi_response(response.map(Whole::new))
}

async fn respond<B>(
    parts: http::request::Parts,
    body: B,
    most_body: usize,
    answer: impl AsyncFn(Ports<'_>, web::Raw) -> web::Response,
) -> web::Response
where
    B: http_body::Body<Data = Bytes, Error = ErrorCode> + Unpin,
{
    let now = outside::now();
    let settings = match settings::of_this_minute(now).await {
        Ok(settings) => settings,
        Err(error) => {
            Stderr.warn(&format!("misconfigured: {error}"));
            return bare(Problem::misconfigured());
        }
    };
    #[cfg(not(feature = "one-time-redis"))]
    let store = KeyValue::new();
    #[cfg(not(feature = "one-time-redis"))]
    let one_time = Counters::over(&store);
    #[cfg(feature = "one-time-redis")]
    let (store, one_time) = match Server::of(&settings) {
        Ok(server) => (Redis::at(server.clone()), Marks::at(server, now)),
        Err(error) => {
            Stderr.warn(&format!("misconfigured: {error}"));
            return bare(Problem::misconfigured());
        }
    };
    let ports = Ports {
        now,
        store: &store,
        one_time: &one_time,
        blocks: &BLOCKS,
        entropy: &Chance,
        fetch: &Outbound,
        settings: &settings,
        log: &Stderr,
    };
    let body = body::read(&parts.headers, body, most_body).await;
    match body {
        Ok(body) => answer(ports, http::Request::from_parts(parts, body)).await,
        Err(problem) => {
            let head = parts.method == http::Method::HEAD;
            let id = web::request_id(&http::Request::from_parts(parts, Bytes::new()), &ports);
            web::finish(Err(problem), &ports, &id, head)
        }
    }
}

/// An answer before there are ports; with the headers that matter.
fn bare(problem: Problem) -> web::Response {
    let mut response = problem.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 413: the body is larger than we read.
pub(crate) fn too_large(most: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("send a body of at most {} KiB", most / 1024),
    )
}
