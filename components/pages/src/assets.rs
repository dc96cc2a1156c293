//! Embedded files, answered with a strong entity tag so that a second visit costs a 304.

use bytes::Bytes;
use web::header::{self, HeaderValue};
use web::{Call, Problem, Response, StatusCode};

/// A file of `static/`.
pub(crate) struct File {
    path: &'static str,
    media: &'static str,
    tag: &'static str,
    packed_tag: &'static str,
    bytes: &'static [u8],
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file at the request's path, exactly as spelled.
pub(crate) async fn file(call: &Call<'_>) -> Result<Response, Problem> {
    let Some(file) = find(call.request.path()) else {
        return crate::pages::nothing(call).await;
    };
    Ok(answer(call, file))
}

/// Browsers ask for this on pages that name no icon.
pub(crate) async fn favicon(call: &Call<'_>) -> Result<Response, Problem> {
    find("/static/img/favicon.svg").map(|file| answer(call, file)).ok_or_else(Problem::not_found)
}

fn find(path: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().and_then(|at| FILES.get(at))
}

fn answer(call: &Call<'_>, file: &'static File) -> Response {
    let packed = takes_gzip(call.request.header("accept-encoding").unwrap_or_default());
    let (tag, bytes) = if packed { (file.packed_tag, file.packed) } else { (file.tag, file.bytes) };
    let mut response = Response::new(Bytes::from_static(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    // An SVG is a document when opened by itself: it may run nothing.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if_changed(call, response, HeaderValue::from_static(tag))
}

/// Lets the browser keep the answer as long as it asks again each time, and answers 304 if it has this one already.
pub(crate) fn if_changed(call: &Call<'_>, mut response: Response, tag: HeaderValue) -> Response {
    let known = call.request.header("if-none-match").is_some_and(|known| names(known, &tag));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, tag);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}

/// Whether an `If-None-Match` names the tag (RFC 9110 section 13.1.2, weak comparison).
fn names(known: &str, tag: &HeaderValue) -> bool {
    known
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110 section 12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused =
            weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_what_pages_need() {
        assert!(FILES.is_sorted_by(|one, other| one.path < other.path));
        for path in [
            "/static/css/latchkey.css",
            "/static/js/sign-in.js",
            "/static/sdk/latchkey.js",
            "/static/img/favicon.svg",
        ] {
            assert!(find(path).is_some(), "{path}");
        }
    }

    #[test]
    fn only_what_browsers_load_is_served() {
        assert!(
            FILES.iter().all(|file| !file.path.starts_with("/static/pages/") && !file.path.ends_with(".ts"))
        );
    }

    #[test]
    fn entity_tags_are_compared_weakly() {
        let tag = HeaderValue::from_static("\"a\"");
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(known, &tag), "{known}");
        }
        for known in ["", "a", "\"b\"", "\"a"] {
            assert!(!names(known, &tag), "{known}");
        }
    }

    #[test]
    fn gzip_only_for_those_who_take_it() {
        for accepted in ["gzip", "br, gzip;q=0.5", "GZIP"] {
            assert!(takes_gzip(accepted), "{accepted}");
        }
        for accepted in ["", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip"] {
            assert!(!takes_gzip(accepted), "{accepted}");
        }
    }
}
