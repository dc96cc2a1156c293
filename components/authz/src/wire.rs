//! JSON as OpenFGA's gateway reads and writes it: `null` is a default, unknown fields are ignored, empty values are written.

use domain::Moment;
use fga::{TupleCondition, TupleKey};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use web::Call;

use crate::error::Refused;

/// The body, whatever its content type says: so does the gateway.
pub(crate) fn body<T: DeserializeOwned + Default>(call: &Call<'_>) -> Result<T, Refused> {
    let bytes = call.request.body();
    if bytes.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    // serde would read a list as a struct's fields in order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Refused::validation("the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| Refused::validation(format!("invalid body: {error}")))
}

/// `null` counts as left out.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// Tuples that count for one request.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TupleKeys {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) tuple_keys: Vec<TupleKey>,
}

/// A check.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct CheckRequest {
    pub(crate) tuple_key: Option<TupleKey>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) contextual_tuples: TupleKeys,
    #[serde(default)]
    pub(crate) context: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) authorization_model_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) correlation_id: String,
}

/// Several checks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct BatchRequest {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) checks: Vec<CheckRequest>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) authorization_model_id: String,
}

/// Which objects.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListObjectsRequest {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(crate) type_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) relation: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) user: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) contextual_tuples: TupleKeys,
    #[serde(default)]
    pub(crate) context: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) authorization_model_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) page_size: usize,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) continuation_token: String,
}

/// Which users.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListUsersRequest {
    pub(crate) object: Option<ObjectRef>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) relation: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) user_filters: Vec<UserFilter>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) contextual_tuples: Vec<TupleKey>,
    #[serde(default)]
    pub(crate) context: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) authorization_model_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) page_size: usize,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) continuation_token: String,
}

/// An object in two parts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ObjectRef {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(crate) type_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) id: String,
}

/// What kind of users.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserFilter {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(crate) type_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) relation: String,
}

/// Tuples to write or to delete.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WriteTuples {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) tuple_keys: Vec<TupleKey>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) on_duplicate: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) on_missing: String,
}

/// A write.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WriteRequest {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) writes: WriteTuples,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) deletes: WriteTuples,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) authorization_model_id: String,
}

/// Reading tuples.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ReadRequest {
    pub(crate) tuple_key: Option<TupleKey>,
    pub(crate) page_size: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) continuation_token: String,
}

/// A tuple as it is told.
pub(crate) fn tuple(name: &kv_schema::fga::TupleName, condition: Option<&TupleCondition>) -> Value {
    json!({ "user": name.user, "relation": name.relation, "object": name.object, "condition": condition })
}

/// RFC 3339 with milliseconds.
pub(crate) fn timestamp(at: Moment) -> String {
    let whole = at.rfc3339();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), at.millis() % 1_000)
}

/// A moment of RFC 3339.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let at = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    let millis = at.unix_timestamp_nanos() / 1_000_000;
    Some(Moment::from_millis(u64::try_from(millis.max(0)).ok()?))
}

/// The page size of a query or body: 50 if it is left out.
pub(crate) fn page_size(given: Option<i64>) -> Result<usize, Refused> {
    match given {
        None | Some(0) => Ok(USUAL),
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| *size <= MOST)
            .ok_or_else(|| Refused::validation("invalid PageSize: value must be inside range [1, 100]")),
    }
}

/// The same from a query.
pub(crate) fn query_page_size(call: &Call<'_>) -> Result<usize, Refused> {
    let given = call.request.query("page_size").filter(|text| !text.is_empty());
    let wrong = |_| Refused::validation("invalid PageSize: not a number");
    page_size(given.map(str::parse).transpose().map_err(wrong)?)
}

const USUAL: usize = 50;
const MOST: usize = 100;
