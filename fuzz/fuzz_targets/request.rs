//! Paths, queries, headers and cookies as they come off the wire.
#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;

#[derive(Debug, Arbitrary)]
struct Wire<'a> {
    uri: &'a str,
    headers: Vec<(u8, &'a [u8])>,
    name: &'a str,
}

const NAMES: [&str; 6] = ["cookie", "authorization", "content-type", "origin", "spin-client-addr", "x-request-id"];

libfuzzer_sys::fuzz_target!(|wire: Wire<'_>| {
    let mut request = http::Request::builder().uri(wire.uri);
    for (name, value) in &wire.headers {
        request = request.header(NAMES[usize::from(*name) % NAMES.len()], *value);
    }
    let Ok(request) = request.body(Bytes::new()) else { return };
    let Ok(request) = web::Request::new(request) else { return };
    assert!(request.path().starts_with('/') && !request.path().contains("//"));
    let _ = (request.query(wire.name), request.cookie(wire.name), request.bearer(), request.is_form());
    let _ = (web::Pattern("/a/{b}/c").matches(request.path()), web::Pattern("/{rest*}").matches(request.path()));
});
