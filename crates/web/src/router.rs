//! The routing table of a room, and what every answer gets.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use ports::Ports;

use crate::{Call, Problem, Request, Response};

/// A path with parameters: `/session/{id}`.
#[derive(Debug, Clone, Copy)]
pub struct Pattern(pub &'static str);

impl Pattern {
    /// The parameters, if the path fits. A parameter is one segment; `{rest*}` at the end takes all that follows.
    pub fn matches(self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let mut params = Vec::new();
        let mut have = path.split('/');
        let mut want = self.0.split('/');
        loop {
            match (want.next(), have.next()) {
                (None, None) => return Some(params),
                (Some(wanted), Some(found)) => {
                    let name = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                    match name {
                        Some(name) if name.ends_with('*') => {
                            let rest: Vec<&str> = std::iter::once(found).chain(have).collect();
                            params.push((name.trim_end_matches('*'), rest.join("/")));
                            return Some(params);
                        }
                        Some(name) if !found.is_empty() => params.push((name, found.to_owned())),
                        _ if wanted == found => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }
}

/// Declares a room's routes, a line each: method, path, handler. Makes `answer`, the room's entry, and `TABLE`, which the
/// house's own test compares with `spin.toml`.
///
/// The first path that fits is taken, so exact ones stand before those with parameters.
#[macro_export]
macro_rules! routes {
    ($($method:ident $path:literal => $($handler:ident)::+,)*) => {
        /// Method and path of every route of this room.
        pub const TABLE: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        /// Answers one request.
        pub async fn answer(ports: ::ports::Ports<'_>, raw: $crate::Raw) -> $crate::Response {
            let id = $crate::request_id(&raw, &ports);
            let head = raw.method() == $crate::Method::HEAD;
            let answer = async {
                let request = $crate::Request::new(raw)?;
                let method = if head { &$crate::Method::GET } else { request.method() };
                let mut seen: Option<&'static str> = None;
                let mut allow: Vec<&'static str> = Vec::new();
                $(
                    if seen.is_none_or(|path| path == $path)
                        && let Some(params) = $crate::Pattern($path).matches(request.path())
                    {
                        if method.as_str() == stringify!($method) {
                            let call = $crate::call(ports, &request, params);
                            let answer = $($handler)::+(&call).await?;
                            return Ok(answer);
                        }
                        seen = Some($path);
                        allow.push(stringify!($method));
                    }
                )*
                Err::<$crate::Response, $crate::Problem>(match seen {
                    Some(_) => $crate::Problem::method_not_allowed(allow.join(", ")),
                    None => $crate::Problem::not_found(),
                })
            };
            $crate::finish(answer.await, &ports, &id, head)
        }
    };
}

/// A request with its whole body, as the platform's entry hands it in.
pub type Raw = http::Request<Bytes>;

#[doc(hidden)]
pub const fn call<'a>(
    ports: Ports<'a>,
    request: &'a Request,
    params: Vec<(&'static str, String)>,
) -> Call<'a> {
    Call::new(ports, request, params)
}

/// The caller's request id if it is a plain one, else a new one.
#[doc(hidden)]
pub fn request_id(raw: &Raw, ports: &Ports<'_>) -> String {
    let plain = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    let given = raw.headers().get("x-request-id").and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(
        || ports.entropy.bytes::<12>().iter().map(|byte| format!("{byte:02x}")).collect(),
        str::to_owned,
    )
}

/// What every answer gets: its request id, no sniffing, no keeping unless it says otherwise, no body for HEAD.
#[doc(hidden)]
pub fn finish(answer: Result<Response, Problem>, ports: &Ports<'_>, id: &str, head: bool) -> Response {
    if let Some((code, cause)) =
        answer.as_ref().err().and_then(|problem| Some((problem.code(), problem.cause()?)))
    {
        ports.log.warn(&format!("{code}: {cause} (request {id})"));
    }
    let mut response = answer.unwrap_or_else(Problem::into_response);
    let length = response.body().len();
    let empty = response.status() == StatusCode::NO_CONTENT || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !empty {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if head || empty {
        *response.body_mut() = Bytes::new();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert_eq!(Pattern("/session").matches("/session"), Some(vec![]));
        assert_eq!(Pattern("/session/{id}").matches("/session/7"), Some(vec![("id", "7".to_owned())]));
        assert_eq!(Pattern("/session/{id}").matches("/session/"), None);
        assert_eq!(Pattern("/session/{id}").matches("/session/7/8"), None);
        assert_eq!(
            Pattern("/static/{rest*}").matches("/static/a/b.css"),
            Some(vec![("rest", "a/b.css".to_owned())])
        );
    }
}
