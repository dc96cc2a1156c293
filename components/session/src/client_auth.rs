//! How a client proves who it is: RFC 6749 section 2.3, RFC 7523 section 3.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{ClientId, Secs, TenantId, mins};
use jose::{Audience, Expected, Unverified};
use kv_schema::{
    Client,
    budget::{self, Budget, Spent},
    client::{self, Method},
};
use web::{Call, Request};

use crate::{
    form::Form,
    oauth::{ClientRefused, OauthError},
};

/// The client that proved, with this request, to be itself.
///
/// Only wrong proofs count against a network, and a right one is taken whatever was counted: nobody can lock a client out.
pub(crate) async fn authenticate(call: &Call<'_>, form: &Form) -> Result<Client, OauthError> {
    let refused = match Proof::of(call.request, form)? {
        Ok(Proof::Secret { id, secret }) => by_secret(call, &id, &secret).await,
        Ok(Proof::Assertion { id, assertion }) => by_assertion(call, id.as_deref(), &assertion).await,
        Err(refused) => Err(refused.into()),
    };
    if let Err(OauthError::ClientRefused(_)) = refused
        && let Spent::Beyond(after) =
            budget::spend(&call.ports, TenantId::ROOT, WRONG, &call.network()).await?
    {
        return Err(OauthError::TooMany(after));
    }
    refused
}

/// What a client shows.
enum Proof {
    Secret { id: String, secret: String },
    Assertion { id: Option<String>, assertion: String },
}

impl Proof {
    /// The one proof in a request. A second one beside it is an error of its own: which of them would count?
    fn of(request: &Request, form: &Form) -> Result<Result<Self, ClientRefused>, OauthError> {
        let id = form.get("client_id");
        let (header, secret) = (request.header("authorization"), form.get("client_secret"));
        let assertion = (form.get("client_assertion_type"), form.get("client_assertion"));
        match (header, secret, assertion) {
            (Some(header), None, (None, None)) => Ok(match basic(header) {
                Some((named, _)) if id.is_some_and(|id| id != named) => return Err(OauthError::TwoProofs),
                Some((id, secret)) => Ok(Self::Secret { id, secret }),
                None => Err(ClientRefused::NoProof),
            }),
            (None, Some(secret), (None, None)) => Ok(match id {
                Some(id) => Ok(Self::Secret { id: id.to_owned(), secret: secret.to_owned() }),
                None => Err(ClientRefused::NoProof),
            }),
            (None, None, (Some(JWT_BEARER), Some(assertion))) => {
                Ok(Ok(Self::Assertion { id: id.map(str::to_owned), assertion: assertion.to_owned() }))
            }
            (None, None, _) => Ok(Err(ClientRefused::NoProof)),
            _ => Err(OauthError::TwoProofs),
        }
    }
}

/// Id and secret of a header; both are form-encoded inside.  RFC 6749 section 2.3.1
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, coded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

fn decoded(text: &str) -> Option<String> {
    let form = format!("={text}");
    let mut parts = form_urlencoded::parse(form.as_bytes());
    let (_, value) = parts.next()?;
    parts.next().is_none().then(|| value.into_owned())
}

async fn by_secret(call: &Call<'_>, id: &str, secret: &str) -> Result<Client, OauthError> {
    let client = known(call, id).await?;
    if !client.method.has_secret() {
        return Err(ClientRefused::OtherMethod.into());
    }
    if !client.knows(secret) {
        return Err(ClientRefused::WrongSecret.into());
    }
    Ok(client)
}

async fn by_assertion(call: &Call<'_>, id: Option<&str>, assertion: &str) -> Result<Client, OauthError> {
    let unverified = Unverified::parse(assertion).map_err(ClientRefused::Assertion)?;
    let subject = unverified.claimed_subject().ok_or(ClientRefused::OtherSubject)?;
    if id.is_some_and(|id| id != subject) {
        return Err(ClientRefused::OtherSubject.into());
    }
    let client = known(call, &subject).await?;
    if client.method != Method::PrivateKeyJwt {
        return Err(ClientRefused::OtherMethod.into());
    }
    let key = match (unverified.kid(), client.keys.as_slice()) {
        (Some(kid), keys) => keys.iter().find(|key| key.kid() == kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let expected = Expected {
        typ: None,
        // Issuer and subject are the client.  RFC 7523 section 3
        issuer: &subject,
        // Our issuer, as a text: neither this endpoint's address nor a list in which it stands beside others (PROTOCOLS, attack case 37).
        audience: Audience::Only(call.ports.settings.public_url()),
        now: call.ports.now,
        tolerance: TOLERANCE,
        most: ASSERTION_LIVES,
    };
    let key = key.ok_or(ClientRefused::UnknownKey)?;
    let (claims, _) =
        unverified.verify::<serde::de::IgnoredAny>(key, &expected).map_err(ClientRefused::Assertion)?;
    match client::use_assertion(&call.ports, client.id, &claims).await? {
        Some(true) => Ok(client),
        Some(false) => Err(ClientRefused::Replayed.into()),
        None => Err(ClientRefused::NoName.into()),
    }
}

async fn known(call: &Call<'_>, id: &str) -> Result<Client, OauthError> {
    let id: ClientId = id.parse().map_err(|_| ClientRefused::Unknown)?;
    let client = client::read(&call.ports, id).await?.filter(Client::is_active);
    Ok(client.ok_or(ClientRefused::Unknown)?)
}

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// API.md section 3.
const ASSERTION_LIVES: Secs = mins(5);
/// By how much a client's clock may differ from ours.
const TOLERANCE: Secs = Secs(30);
/// Wrong proofs from one network.
const WRONG: Budget = Budget { name: "client", most: 60, window: mins(10) };
