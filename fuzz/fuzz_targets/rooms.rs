//! Whole rooms, with anything: no input makes a component trap or answer 5xx, and nothing a stranger sends signs them in.
#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use testkit::{World, block_on};

#[derive(Debug, Arbitrary)]
struct Wire<'a> {
    room: u8,
    route: u8,
    tail: &'a str,
    cookies: Vec<(u8, &'a str)>,
    form: bool,
    html: bool,
    admin: bool,
    body: &'a [u8],
}

const COOKIES: [&str; 5] = ["session", "attempt", "ceremony", "transaction", "device"];

libfuzzer_sys::fuzz_target!(|wire: Wire<'_>| {
    let world = World::default();
    let tables = [
        admin::routes::TABLE,
        authz::routes::TABLE,
        janitor::routes::TABLE,
        magic_link::routes::TABLE,
        pages::routes::TABLE,
        passkey::routes::TABLE,
        session::routes::TABLE,
        step_up::routes::TABLE,
    ];
    let room = usize::from(wire.room) % tables.len();
    let (method, path) = tables[room][usize::from(wire.route) % tables[room].len()];
    // Parameters of the path become what the fuzzer likes.
    let path: String = path
        .split('/')
        .map(|segment| if segment.starts_with('{') { wire.tail } else { segment })
        .collect::<Vec<_>>()
        .join("/");
    let uri = if path.contains(wire.tail) || wire.tail.is_empty() { path } else { format!("{path}?{}", wire.tail) };
    let media = if wire.form { "application/x-www-form-urlencoded" } else { "application/json" };
    let cookies: Vec<String> =
        wire.cookies.iter().map(|(name, value)| format!("{}={value}", COOKIES[usize::from(*name) % 5])).collect();
    let mut request = http::Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", media)
        .header("origin", "http://localhost:3000")
        .header("accept", if wire.html { "text/html" } else { "application/json" })
        .header("cookie", cookies.join("; "));
    if wire.admin {
        request = request.header("authorization", "Bearer a bootstrap token for tests");
    }
    let Ok(request) = request.body(Bytes::copy_from_slice(wire.body)) else { return };
    let response = block_on(async {
        match room {
            0 => admin::routes::answer(world.ports(), request).await,
            1 => authz::routes::answer(world.ports(), request).await,
            2 => janitor::routes::answer(world.ports(), request).await,
            3 => magic_link::routes::answer(world.ports(), request).await,
            4 => pages::routes::answer(world.ports(), request).await,
            5 => passkey::routes::answer(world.ports(), request).await,
            6 => session::routes::answer(world.ports(), request).await,
            _ => step_up::routes::answer(world.ports(), request).await,
        }
    });
    assert!(!response.status().is_server_error(), "{method} answered {}", response.status());
    let signed_in = response.headers().get_all("set-cookie").iter().any(|line| line.as_bytes().starts_with(b"session=lks_"));
    assert!(!signed_in, "a stranger has a session");
});
