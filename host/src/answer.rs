//! From a request to its answer.

use std::{net::SocketAddr, sync::Arc};

use bindings::{ctx::Ops, handler::Failure};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use serde::Serialize;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::{
    app::App,
    body::{TooMuch, capped, empty, full},
    headers,
    manifest::{StaticResponse, Target},
    routes::{Match, RESERVED},
};

/// Who calls when one component calls another: Spin says so.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

const READS: HeaderName = HeaderName::from_static("x-latchkey-kv-reads");
const WRITES: HeaderName = HeaderName::from_static("x-latchkey-kv-writes");

impl App {
    /// Answers what came in from outside.
    pub async fn answer<B>(&self, mut request: Request<B>, client: SocketAddr) -> Response<WasiBody>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Error>,
    {
        let path = request.uri().path().to_owned();
        if let Some(asked) = path.strip_prefix(RESERVED) {
            return match asked {
                "health" => Response::new(full("OK")),
                "info" => self.info(),
                _ => status(StatusCode::NOT_FOUND),
            };
        }
        let Some(found) = self.routes.find(&path) else { return status(StatusCode::NOT_FOUND) };
        if let Err(error) = headers::locate(&mut request) {
            eprintln!("refused: {error:#}");
            return status(StatusCode::BAD_REQUEST);
        }
        match found.to {
            Target::Static(response) => fixed(response),
            Target::Component(id) => {
                let too_much = TooMuch::default();
                if body_is_over(&request, self.limits.body) {
                    return status(StatusCode::PAYLOAD_TOO_LARGE);
                }
                let request = request.map(|body| capped(body, self.limits.body, too_much.clone()));
                let response = self.ask(id, request, &found.matched, client).await;
                // The guest saw an error where its body ended; the client is told what was wrong.
                if too_much.happened() { status(StatusCode::PAYLOAD_TOO_LARGE) } else { response }
            }
        }
    }

    /// Answers what one component asks another; `None` if there is no such component.
    pub async fn chain(&self, id: &str, request: Request<WasiBody>) -> Option<Response<WasiBody>> {
        if !self.handlers.contains_key(id) {
            return None;
        }
        let matched = Match::chained(request.uri().path());
        Some(self.ask(id, request, &matched, NOBODY).await)
    }

    async fn ask(
        &self,
        id: &str,
        mut request: Request<WasiBody>,
        matched: &Match,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        let Some(handler) = self.handlers.get(id) else { return status(StatusCode::NOT_FOUND) };
        if let Err(error) = headers::announce(&mut request, matched, client) {
            eprintln!("[{id}] refused: {error:#}");
            return status(StatusCode::BAD_REQUEST);
        }
        let ops = Arc::new(Ops::default());
        let mut response = match handler.handle(ops.clone(), request).await {
            Ok(response) => response,
            Err(Failure::TimedOut) => {
                eprintln!("[{id}] a request took too long (--timeout)");
                status(StatusCode::GATEWAY_TIMEOUT)
            }
            Err(Failure::Trapped) => {
                eprintln!("[{id}] a request ended with its instance");
                status(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Err(Failure::Other(why)) => {
                eprintln!("[{id}] a request failed: {why}");
                status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        if self.limits.kv_counters {
            response.headers_mut().insert(READS, ops.reads().into());
            response.headers_mut().insert(WRITES, ops.writes().into());
        }
        response
    }

    fn info(&self) -> Response<WasiBody> {
        let info = Info { name: &self.name, version: self.version.as_deref() };
        let Ok(text) = serde_json::to_vec_pretty(&info) else {
            return status(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = Response::new(full(text));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[derive(Serialize)]
struct Info<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

fn body_is_over<B>(request: &Request<B>, max: u64) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok()).is_some_and(|length| length > max)
}

/// An answer without a body.
fn status(code: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(empty());
    *response.status_mut() = code;
    response
}

/// What the manifest says; it was checked when it was read.
fn fixed(written: &StaticResponse) -> Response<WasiBody> {
    let mut response = Response::new(written.body.clone().map_or_else(empty, full));
    if let Some(code) = written.status_code.and_then(|code| StatusCode::from_u16(code).ok()) {
        *response.status_mut() = code;
    }
    for (name, value) in &written.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
