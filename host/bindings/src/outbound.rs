//! What a guest may reach beyond the host; the decision and the sockets belong to whoever implements this.

use std::{future::Future, pin::Pin};

use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

pub type Sending = Pin<Box<dyn Future<Output = Result<http::Response<WasiBody>, Error>> + Send>>;

pub trait Outbound: Send + Sync {
    /// Sends an HTTP request of this guest, or refuses to.
    fn send(&self, request: http::Request<WasiBody>, options: Option<RequestOptions>) -> Sending;
    /// May this guest connect to `address`? `scheme` is meant where the address names none.
    fn admits(&self, address: &str, scheme: &str) -> bool;
}
