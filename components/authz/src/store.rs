//! The store that a request is about, at one revision.

use std::sync::Arc;

use domain::Ulid;
use fga::{Code, Error, Plan};
use kv_schema::fga::{self as schema, Snapshot};
use web::{Call, Problem, Response, header};

use crate::{access::Caller, error::Refused, plans, revision};

/// A store as this request sees it.
pub(crate) struct Seen<'a> {
    pub(crate) id: Ulid,
    pub(crate) snapshot: Snapshot<'a>,
}

/// The id of the store in the path.
fn id(call: &Call<'_>) -> Result<Ulid, Refused> {
    parse_id(call.param("store"), "StoreId")?.ok_or_else(Refused::no_store)
}

/// The id of the store in the path, which is there and which the caller reaches.
pub(crate) async fn reached(call: &Call<'_>, caller: &Caller) -> Result<Ulid, Refused> {
    at(call, caller, async |seen| Ok(seen.id)).await
}

/// An id of a request: OpenFGA's pattern first, then ours; `None` for one that nobody can have been given.
pub(crate) fn parse_id(text: &str, field: &str) -> Result<Option<Ulid>, Refused> {
    let letter = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
    if text.len() != 26 || !text.bytes().all(letter) {
        return Err(Refused::validation(format!(
            "invalid {field}: value does not match regex pattern \"^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{{26}}$\""
        )));
    }
    Ok(text.parse().ok())
}

/// Answers from one revision of the store in the path. What was replaced while it was being read is asked for again, of a newer one.
pub(crate) async fn at<T>(
    call: &Call<'_>,
    caller: &Caller,
    answer: impl AsyncFn(&Seen<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    at_id(call, caller, id(call)?, answer).await
}

/// Likewise, of a store that was found otherwise.
pub(crate) async fn at_id<T>(
    call: &Call<'_>,
    caller: &Caller,
    id: Ulid,
    answer: impl AsyncFn(&Seen<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    for _ in 0..TRIES {
        let snapshot = schema::open(&call.ports, id).await?.ok_or_else(Refused::no_store)?;
        if !caller.reaches(call, snapshot.owner()).await? {
            return Err(Refused::no_store());
        }
        revision::check(call, id, &snapshot)?;
        let seen = Seen { id, snapshot };
        match answer(&seen).await {
            Err(_) if seen.snapshot.is_outdated() => {}
            told => return told,
        }
    }
    Err(Refused::Other(Problem::try_again().caused_by("the store changes faster than it can be read")))
}

impl Seen<'_> {
    /// The model that a request names, or the latest, made ready.
    pub(crate) async fn model(&self, call: &Call<'_>, named: &str) -> Result<(Ulid, Arc<Plan>), Refused> {
        let id = if named.is_empty() {
            self.snapshot.latest_model().ok_or_else(|| {
                let message = format!("No authorization models found for store '{}'", self.id);
                Error::new(Code::LatestAuthorizationModelNotFound, message)
            })?
        } else {
            parse_id(named, "AuthorizationModelId")?.ok_or_else(|| no_model(named))?
        };
        let plan = plans::ready(call, self, id).await?.ok_or_else(|| no_model(&id.to_string()))?;
        Ok((id, plan))
    }

    /// With the headers of every answer about a store.
    pub(crate) fn told(
        &self,
        call: &Call<'_>,
        mut response: Response,
        model: Option<Ulid>,
    ) -> Result<Response, Refused> {
        revision::tell(call, &mut response, self.id, self.snapshot.revision())?;
        name(&mut response, "openfga-store-id", self.id);
        if let Some(model) = model {
            name(&mut response, "openfga-authorization-model-id", model);
        }
        Ok(response)
    }
}

/// Puts an id into a header.
pub(crate) fn name(response: &mut Response, header: &'static str, id: Ulid) {
    if let Ok(value) = header::HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(header, value);
    }
}

/// 2001.
pub(crate) fn no_model(id: &str) -> Error {
    Error::new(Code::AuthorizationModelNotFound, format!("Authorization Model '{id}' not found"))
}

const TRIES: usize = 8;
