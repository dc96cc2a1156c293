//! One request with all that may be used to answer it.

use ports::Ports;

use domain::{
    Digest, Token,
    secret::{AttemptToken, CeremonyToken, DeviceToken, TokenKind, TransactionToken},
};

use crate::{Problem, Request, client, cookie};

/// One request, its path's parameters, and the ports.
pub struct Call<'a> {
    /// What is outside.
    pub ports: Ports<'a>,
    /// What came in.
    pub request: &'a Request,
    params: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    pub(crate) const fn new(
        ports: Ports<'a>,
        request: &'a Request,
        params: Vec<(&'static str, String)>,
    ) -> Self {
        Self { ports, request, params }
    }

    /// A parameter of the path, still percent-encoded.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// One of our cookies (names in [`cookie`]).
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie::read(self.ports.settings, self.request, name)
    }

    /// What the cookies of a sign-in under way hash to: a handoff is taken only from a browser that shows the one it was made for.
    pub fn browsers(&self) -> Vec<Digest> {
        let all = [
            self.digest::<TransactionToken>(cookie::TRANSACTION),
            self.digest::<CeremonyToken>(cookie::CEREMONY),
            self.digest::<AttemptToken>(cookie::ATTEMPT),
        ];
        all.into_iter().flatten().collect()
    }

    /// What the cookie of a known device hashes to; whose device it is, only an account's record says.
    pub fn device(&self) -> Option<Digest> {
        self.digest::<DeviceToken>(cookie::DEVICE)
    }

    fn digest<K: TokenKind>(&self, name: &str) -> Option<Digest> {
        Some(Token::<K>::parse(self.cookie(name)?)?.digest())
    }

    /// The network the caller comes from, as budgets count it; callers without one share a bucket.
    pub fn network(&self) -> String {
        client::address(self.ports.settings, self.request).map_or_else(|| "unknown".into(), client::network)
    }

    /// For every state-changing request that relies on a cookie: it must come from a page of ours.
    ///
    /// # Errors
    /// 403 `cross_site` unless `Origin` is our own or, where there is none or `null`, `Sec-Fetch-Site: same-origin`.
    pub fn same_site(&self) -> Result<(), Problem> {
        let ours = match (self.request.header("origin"), self.request.header("sec-fetch-site")) {
            // A form on a page with `referrer-policy: no-referrer` says `null`, whatever its origin (Fetch, "append a request Origin header").
            (None | Some("null"), site) => site == Some("same-origin"),
            (Some(origin), _) => origin == self.ports.settings.public_url(),
        };
        if ours {
            return Ok(());
        }
        Err(Problem::forbidden(
            "cross_site",
            "this request must come from a page of this site: send its `Origin`",
        ))
    }

    /// Logs the cause of a failure that the caller only sees as "try again".
    pub fn warn(&self, what: &str, cause: &dyn std::fmt::Display) {
        self.ports.log.warn(&format!("{what}: {cause}"));
    }
}
