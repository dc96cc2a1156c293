//! Which trigger answers a path: the longest match, as Spin finds it. The path is taken raw, nothing is decoded or tidied.

use anyhow::{Result, anyhow};
use routefinder::{Captures, RouteSpec};

/// Paths that the host answers itself.
pub const RESERVED: &str = "/.well-known/spin/";

/// Routes and what is behind each.
#[derive(Debug)]
pub struct Routes<T>(routefinder::Router<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    /// As the manifest writes it.
    raw: String,
    /// The same, without a final slash.
    based: String,
    to: T,
}

/// A route that fits a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a, T> {
    pub to: &'a T,
    pub matched: Match,
}

/// What a guest learns of how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub raw_route: String,
    pub based_route: String,
    /// What the trailing wildcard stands for, with its leading slash.
    pub path_info: String,
    /// `:name` and what it stands for.
    pub named: Vec<(String, String)>,
}

impl Match {
    /// A call by service chaining: as if the component had the route `/...`.
    pub fn chained(path: &str) -> Self {
        let all = || "/...".to_owned();
        Self { raw_route: all(), based_route: all(), path_info: path.to_owned(), named: Vec::new() }
    }

    /// The route without its wildcard.
    pub fn route_or_prefix(&self) -> &str {
        self.raw_route.strip_suffix("/...").unwrap_or(&self.raw_route)
    }
}

impl<T> Routes<T> {
    /// Of two same routes the later one counts, and a line says so.
    pub fn build(routes: impl IntoIterator<Item = (String, T)>) -> Result<Self> {
        let mut entries: Vec<Entry<T>> = Vec::new();
        for (raw, to) in routes {
            if let Some(at) = entries.iter().position(|entry| entry.raw == raw) {
                eprintln!("the route `{raw}` is there twice; the first one is never used");
                entries.remove(at);
            }
            entries.push(Entry { based: based(&raw), raw, to });
        }
        let mut router = routefinder::Router::new();
        for entry in entries {
            if entry.based.starts_with(RESERVED) {
                eprintln!("the route `{}` is never reached: {RESERVED} is the host's own", entry.raw);
            }
            let spec = spec(&entry.based).map_err(|why| anyhow!("the route `{}`: {why}", entry.raw))?;
            router.add(spec, entry).map_err(|why| anyhow!("{why}"))?;
        }
        Ok(Self(router))
    }

    pub fn find(&self, path: &str) -> Option<Found<'_, T>> {
        let best = self.0.best_match(path)?;
        let entry = best.handler();
        let captures = best.captures();
        let matched = Match {
            raw_route: entry.raw.clone(),
            based_route: entry.based.clone(),
            path_info: path_info(&captures, path),
            named: captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Some(Found { to: &entry.to, matched })
    }
}

fn based(raw: &str) -> String {
    let absolute = if raw.starts_with('/') { raw.to_owned() } else { format!("/{raw}") };
    absolute.strip_suffix('/').map_or(absolute.clone(), str::to_owned)
}

fn spec(based: &str) -> Result<RouteSpec, String> {
    match based.strip_suffix("/...") {
        Some(prefix) => format!("{prefix}/*").try_into(),
        None => based.try_into(),
    }
}

/// The router swallows the slashes around a wildcard; Spin gives them back.
fn path_info(captures: &Captures<'_, '_>, path: &str) -> String {
    let Some(rest) = captures.wildcard() else { return String::new() };
    match (rest.is_empty(), path.ends_with('/')) {
        (true, false) => String::new(),
        (true, true) => "/".to_owned(),
        (false, false) => format!("/{rest}"),
        (false, true) => format!("/{rest}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[&'static str]) -> Routes<&'static str> {
        Routes::build(list.iter().map(|route| ((*route).to_owned(), *route))).unwrap()
    }

    #[test]
    fn exact_before_named_before_longest_wildcard() {
        let routes = routes(&[
            "/...",
            "/a",
            "/a/...",
            "/a/b",
            "/t/:tenant/oauth/...",
            "/t/:tenant",
            "/users/:id/keys/:key",
        ]);
        for (path, route) in [
            ("/", "/..."),
            ("/x/y", "/..."),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a/b", "/a/b"),
            ("/a/c", "/a/..."),
            ("/a/b/c", "/a/..."),
            ("/ab", "/..."),
            ("/t/acme", "/t/:tenant"),
            ("/t/acme/oauth", "/t/:tenant/oauth/..."),
            ("/t/acme/oauth/token", "/t/:tenant/oauth/..."),
            ("/A", "/..."),
            ("/%61", "/..."),
        ] {
            assert_eq!(routes.find(path).map(|found| *found.to), Some(route), "{path}");
        }
    }

    #[test]
    fn an_unknown_path_is_not_found() {
        let routes = routes(&["/a", "/b/..."]);
        for path in ["/", "/c", "/a/b", "", "*"] {
            assert_eq!(routes.find(path), None, "{path}");
        }
    }

    #[test]
    fn names_and_the_rest_are_told() {
        let routes = routes(&["/t/:tenant/oauth/...", "/"]);
        let found = routes.find("/t/acme/oauth/a/b").unwrap().matched;
        assert_eq!(found.named, [("tenant".to_owned(), "acme".to_owned())]);
        assert_eq!((found.path_info.as_str(), found.route_or_prefix()), ("/a/b", "/t/:tenant/oauth"));
        for (path, rest) in [("/t/x/oauth", ""), ("/t/x/oauth/", "/"), ("/t/x/oauth/a/", "/a/")] {
            assert_eq!(routes.find(path).unwrap().matched.path_info, rest, "{path}");
        }
        assert_eq!(routes.find("/").unwrap().matched.path_info, "");
    }

    #[test]
    fn of_two_same_routes_the_later_counts() {
        let routes = Routes::build([("/a".to_owned(), 1), ("/a".to_owned(), 2)]).unwrap();
        assert_eq!(routes.find("/a").map(|found| *found.to), Some(2));
    }
}
