//! Revisions as they go over the wire: which state of which store, under a MAC, so that one that we never gave out is known.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Ulid;
use kv_schema::fga::Snapshot;
use web::{Call, Response, header};

use crate::error::Refused;

/// The header, in answers and in requests.
const HEADER: &str = "latchkey-revision";

fn token(call: &Call<'_>, store: Ulid, revision: u64) -> Result<Vec<u8>, Refused> {
    let key = call.ports.settings.index_key().map_err(|error| Refused::Other(error.into()))?;
    let mut bytes = revision.to_be_bytes().to_vec();
    let mac = key.mac("fga-revision", &[&store.bytes(), &bytes]);
    bytes.extend(mac.bytes().iter().take(MAC));
    Ok(bytes)
}

/// Tells a revision with an answer.
pub(crate) fn tell(
    call: &Call<'_>,
    response: &mut Response,
    store: Ulid,
    revision: u64,
) -> Result<(), Refused> {
    let text = BASE64_URL_SAFE_NO_PAD.encode(token(call, store, revision)?);
    if let Ok(text) = header::HeaderValue::from_str(&text) {
        response.headers_mut().insert(HEADER, text);
    }
    Ok(())
}

/// Refuses a state that is older than the one the caller has seen.
pub(crate) fn check(call: &Call<'_>, store: Ulid, snapshot: &Snapshot<'_>) -> Result<(), Refused> {
    let Some(shown) = call.request.header(HEADER).filter(|shown| !shown.is_empty()) else { return Ok(()) };
    let unknown = || Refused::validation("`latchkey-revision` is not a revision of this store");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(shown).map_err(|_| unknown())?;
    let (revision, _) = bytes.split_first_chunk::<8>().ok_or_else(unknown)?;
    let revision = u64::from_be_bytes(*revision);
    let right = token(call, store, revision)?;
    // Digests, so that the time it takes tells nothing of the MAC.
    if domain::Digest::of(&[&right]) != domain::Digest::of(&[&bytes]) {
        return Err(unknown());
    }
    if revision > snapshot.revision() { Err(Refused::Behind) } else { Ok(()) }
}

const MAC: usize = 12;
