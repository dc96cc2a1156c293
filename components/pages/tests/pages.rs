//! Pages and files, through the routes.

use std::io::Read as _;

use futures::executor::block_on;
use pages::routes::answer;
use serde_json::Value;
use testkit::{Answer, Browser, World};

fn get(browser: Browser, path: &str) -> Answer {
    send(browser, "GET", path)
}

fn send(mut browser: Browser, method: &str, path: &str) -> Answer {
    block_on(browser.send(&World::default(), answer, method, path, Value::Null))
}

fn page_reader() -> Browser {
    Browser::default().with("accept", "text/html,application/xhtml+xml")
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[test]
fn the_root_leads_to_sign_in() {
    let answer = get(page_reader(), "/");
    assert_eq!((answer.status, header(&answer, "location")), (303, "/sign-in"));
}

#[test]
fn pages_carry_strict_headers() {
    for path in ["/sign-in", "/account", "/nowhere"] {
        let answer = get(page_reader(), path);
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8", "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(&answer, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "same-origin", "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
}

#[test]
fn pages_have_no_inline_script_or_style_and_name_only_files_that_exist() {
    for path in ["/sign-in", "/account", "/nowhere"] {
        let page = get(page_reader(), path).text;
        assert!(
            !page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="),
            "{path}"
        );
        assert!(page.split("<script").skip(1).all(|script| script.contains("src=\"/static/")), "{path}");
        for file in page.split("\"/static/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let file = format!("/static/{file}");
            assert_eq!(get(Browser::default(), &file).status, 200, "{path} names {file}");
        }
    }
}

#[test]
fn scripts_import_only_files_that_exist() {
    let mut open = vec!["/static/js/sign-in.js".to_owned(), "/static/js/account.js".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = open.pop() {
        let answer = get(Browser::default(), &path);
        assert_eq!(
            (answer.status, header(&answer, "content-type")),
            (200, "text/javascript; charset=utf-8"),
            "{path}"
        );
        let folder = path.rsplit_once('/').unwrap().0.to_owned();
        for name in answer
            .text
            .lines()
            .filter(|line| !line.starts_with("//"))
            .filter_map(|line| line.split(" from \"").nth(1)?.split('"').next())
        {
            let mut at: Vec<&str> = folder.split('/').collect();
            for segment in name.split('/') {
                match segment {
                    "." => {}
                    ".." => drop(at.pop()),
                    other => at.push(other),
                }
            }
            let found = at.join("/");
            if !seen.contains(&found) {
                seen.push(found.clone());
                open.push(found);
            }
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn the_form_without_script_carries_tenant_and_return_to() {
    let page = get(page_reader(), "/sign-in?tenant=acme&return_to=%2Fauthorize%3Fa%3D1%26b%3D2").text;
    assert!(page.contains(r#"<input type="hidden" name="tenant" value="acme">"#));
    assert!(page.contains(r#"<input type="hidden" name="return_to" value="/authorize?a=1&amp;b=2">"#));
}

#[test]
fn what_is_no_tenant_and_no_path_of_ours_is_left_out() {
    for query in [
        "tenant=a%22%3E%3Cscript%3E",
        "tenant=",
        "return_to=https%3A%2F%2Fevil.example",
        "return_to=%2F%2Fevil.example",
        "",
    ] {
        let page = get(page_reader(), &format!("/sign-in?{query}")).text;
        assert!(page.contains("<form") && !page.contains("type=\"hidden\""), "{query}");
    }
}

#[test]
fn a_known_tag_costs_a_304() {
    for path in ["/sign-in", "/account", "/static/css/latchkey.css", "/openapi.json"] {
        let first = get(Browser::default(), path);
        let tag = header(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{path}: {tag}");
        assert_eq!(header(&first, "cache-control"), "no-cache", "{path}");
        let again = get(Browser::default().with("if-none-match", &tag), path);
        assert_eq!(
            (again.status, again.text.as_str(), header(&again, "etag")),
            (304, "", tag.as_str()),
            "{path}"
        );
        assert_eq!(get(Browser::default().with("if-none-match", "\"other\""), path).status, 200, "{path}");
    }
    let one = get(Browser::default(), "/sign-in");
    let other = get(Browser::default(), "/sign-in?tenant=acme");
    assert_ne!(header(&one, "etag"), header(&other, "etag"), "what differs has another tag");
}

#[test]
fn head_has_the_headers_alone() {
    let whole = get(Browser::default(), "/static/css/latchkey.css");
    let head = send(Browser::default(), "HEAD", "/static/css/latchkey.css");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    for name in ["etag", "content-type", "content-length"] {
        assert_eq!(header(&head, name), header(&whole, name), "{name}");
    }
}

#[test]
fn compressed_for_those_who_take_it() {
    let path = "/static/css/latchkey.css";
    let plain = get(Browser::default(), path);
    assert_eq!((header(&plain, "content-encoding"), header(&plain, "vary")), ("", "accept-encoding"));
    let mut raw = web::Raw::new(bytes::Bytes::new());
    *raw.uri_mut() = path.parse().unwrap();
    raw.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
    let world = World::default();
    let raw = block_on(answer(world.ports(), raw));
    assert_eq!(raw.headers().get("content-encoding").unwrap(), "gzip");
    assert_ne!(raw.headers().get("etag").unwrap(), header(&plain, "etag"), "other bytes, other tag");
    let mut text = String::new();
    flate2::read::GzDecoder::new(raw.body().as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text);
}

#[test]
fn not_found_is_a_page_or_a_problem() {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let problem = send(Browser::default(), method, "/nowhere/at/all");
        assert_eq!((problem.status, problem.code()), (404, "not_found"), "{method}");
        assert_eq!(header(&problem, "content-type"), "application/problem+json", "{method}");
    }
    let page = get(page_reader(), "/nowhere");
    assert!(page.status == 404 && page.text.contains("Nothing is here"));
    assert_eq!(header(&page, "cache-control"), "no-store");
}

#[test]
fn no_path_leads_out_of_the_folder() {
    for path in [
        "/static/",
        "/static",
        "/static/../Cargo.toml",
        "/static/css/../../spin.toml",
        "/static/%2e%2e/Cargo.toml",
        "/static/..%2fCargo.toml",
        "/static//css/latchkey.css",
        "/static/css/latchkey.css/",
        "/static/css/Latchkey.css",
        "/static/css/latchkey%2Ecss",
        "/static/pages/sign-in.html",
        "/static/types/api.d.ts",
        "/static/jsconfig.json",
    ] {
        assert_eq!(get(Browser::default(), path).status, 404, "{path}");
    }
}

#[test]
fn method_not_allowed() {
    for path in ["/sign-in", "/account", "/static/css/latchkey.css", "/openapi.json"] {
        let refused = send(Browser::default(), "POST", path);
        assert_eq!(
            (refused.status, refused.code(), header(&refused, "allow")),
            (405, "method_not_allowed", "GET"),
            "{path}"
        );
    }
}

#[test]
fn the_icon_is_there_for_pages_that_name_none() {
    let icon = get(Browser::default(), "/favicon.ico");
    assert_eq!((icon.status, header(&icon, "content-type")), (200, "image/svg+xml"));
}
