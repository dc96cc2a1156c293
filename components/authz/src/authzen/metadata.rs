//! `/.well-known/authzen-configuration`: where the endpoints are. It tells nothing of what is stored, so everybody may ask.

use serde_json::json;
use web::{Call, Response, StatusCode};

use crate::error::Refused;

/// For the whole, or for one store.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Refused> {
    let ours = call.ports.settings.public_url();
    let here = match call.param("store") {
        "" => ours.to_owned(),
        store => format!("{ours}/stores/{store}"),
    };
    let body = json!({
        "policy_decision_point": here,
        "access_evaluation_endpoint": format!("{here}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{here}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{here}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{here}/access/v1/search/resource"),
        "search_action_endpoint": format!("{here}/access/v1/search/action"),
    });
    Ok(web::json(StatusCode::OK, &body))
}
