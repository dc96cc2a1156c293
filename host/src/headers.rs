//! What a guest is told beside the client's own headers, and which of those never reach it.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{CONNECTION, HOST},
    uri::{Authority, Scheme},
};

use crate::{outbound::hosts::chained_to, routes::Match};

/// Gives the request the absolute address that guests expect. Refuses one without a host, with two different ones,
/// or with one that is only meant between components.
pub fn locate<B>(request: &mut Request<B>) -> Result<()> {
    ensure!(request.headers().get_all(HOST).iter().count() <= 1, "there is more than one Host");
    let named = match request.headers().get(HOST) {
        Some(host) => Some(
            host.to_str()
                .context("the Host is no text")?
                .parse::<Authority>()
                .context("the Host is no address")?,
        ),
        None => None,
    };
    let mut parts = request.uri().clone().into_parts();
    let authority = match (named, parts.authority.take()) {
        (Some(named), Some(written)) => {
            ensure!(named == written, "the Host is not that of the address");
            named
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => anyhow::bail!("there is no Host"),
    };
    ensure!(
        chained_to(authority.as_str()).is_none(),
        "the Host `{authority}` is for components among themselves"
    );
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(parts).context("the address is incomplete")?;
    Ok(())
}

/// Appends Spin's headers. They come after the client's: who reads the first value of such a name reads the client's.
pub fn announce<B>(request: &mut Request<B>, matched: &Match, client: SocketAddr) -> Result<()> {
    let host = request.headers().get(HOST).map_or("localhost", |host| host.to_str().unwrap_or("localhost"));
    let scheme = request.uri().scheme_str().unwrap_or("http");
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{scheme}://{host}{path}");
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    let mut append = |name: HeaderName, value: &str| {
        let value = HeaderValue::try_from(value).with_context(|| format!("no value for `{name}`"))?;
        headers.append(name, value);
        anyhow::Ok(())
    };
    append(HeaderName::from_static("spin-path-info"), &matched.path_info)?;
    append(HeaderName::from_static("spin-full-url"), &url)?;
    append(HeaderName::from_static("spin-matched-route"), &matched.based_route)?;
    append(HeaderName::from_static("spin-base-path"), "/")?;
    append(HeaderName::from_static("spin-raw-component-route"), &matched.raw_route)?;
    append(HeaderName::from_static("spin-component-route"), matched.route_or_prefix())?;
    append(HeaderName::from_static("spin-client-addr"), &client.to_string())?;
    for (name, value) in &matched.named {
        let name = format!("spin-path-match-{}", name.to_ascii_lowercase());
        append(HeaderName::try_from(name).context("a name in the route is no header")?, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, hosts: &[&str]) -> Request<()> {
        let builder =
            hosts.iter().fold(Request::builder().uri(uri), |builder, host| builder.header(HOST, *host));
        builder.body(()).unwrap()
    }

    #[test]
    fn the_address_becomes_absolute() {
        let mut request = request("/a?b=c", &["id.example:3000"]);
        locate(&mut request).unwrap();
        assert_eq!(request.uri(), "http://id.example:3000/a?b=c");
    }

    #[test]
    fn a_host_that_is_none_or_two_or_internal_is_refused() {
        for (uri, hosts) in [
            ("/a", &[][..]),
            ("/a", &["a b"]),
            ("/a", &["a.example", "b.example"]),
            ("/a", &["keys.spin.internal"]),
            ("/a", &["KEYS.SPIN.INTERNAL:80"]),
            ("/a", &["keys.spin.internal."]),
            ("http://keys.spin.internal/a", &[]),
            ("http://a.example/a", &["b.example"]),
        ] {
            assert!(locate(&mut request(uri, hosts)).is_err(), "{uri} {hosts:?}");
        }
    }

    #[test]
    fn ours_come_after_the_clients() {
        let mut request = request("/t/acme/x?q=1", &["id.example"]);
        for name in ["spin-client-addr", "spin-full-url", "spin-path-match-tenant"] {
            request.headers_mut().insert(name, HeaderValue::from_static("forged"));
        }
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        locate(&mut request).unwrap();
        let matched = Match {
            raw_route: "/t/:tenant/...".into(),
            based_route: "/t/:tenant/...".into(),
            path_info: "/x".into(),
            named: vec![("tenant".into(), "acme".into())],
        };
        announce(&mut request, &matched, "1.2.3.4:5".parse().unwrap()).unwrap();
        let last = |name: &str| request.headers().get_all(name).iter().next_back().unwrap().to_str().unwrap();
        assert_eq!(last("spin-client-addr"), "1.2.3.4:5");
        assert_eq!(last("spin-full-url"), "http://id.example/t/acme/x?q=1");
        assert_eq!(last("spin-path-match-tenant"), "acme");
        assert_eq!(last("spin-path-info"), "/x");
        assert_eq!(last("spin-component-route"), "/t/:tenant");
        assert_eq!(request.headers()["spin-client-addr"], "forged");
        assert!(!request.headers().contains_key(CONNECTION));
    }
}
