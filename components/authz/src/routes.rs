//! What this room answers.

use web::{Call, Problem, Response};

use crate::{assertions, authzen, models, queries, read, stores, write};

web::routes! {
    GET "/healthz" => doors::healthz,
    GET "/stores" => doors::list_stores,
    POST "/stores" => doors::create_store,
    GET "/stores/{store}" => doors::show_store,
    DELETE "/stores/{store}" => doors::delete_store,
    GET "/stores/{store}/authorization-models" => doors::list_models,
    POST "/stores/{store}/authorization-models" => doors::create_model,
    GET "/stores/{store}/authorization-models/{model}" => doors::show_model,
    POST "/stores/{store}/write" => doors::write,
    POST "/stores/{store}/read" => doors::read,
    GET "/stores/{store}/changes" => doors::changes,
    POST "/stores/{store}/check" => doors::check,
    POST "/stores/{store}/batch-check" => doors::batch,
    POST "/stores/{store}/explain" => doors::explain,
    POST "/stores/{store}/expand" => doors::expand,
    POST "/stores/{store}/list-objects" => doors::list_objects,
    POST "/stores/{store}/streamed-list-objects" => doors::streamed_list_objects,
    POST "/stores/{store}/list-users" => doors::list_users,
    PUT "/stores/{store}/assertions/{model}" => doors::put_assertions,
    GET "/stores/{store}/assertions/{model}" => doors::get_assertions,
    POST "/stores/{store}/access/v1/evaluation" => doors::evaluation,
    POST "/stores/{store}/access/v1/evaluations" => doors::evaluations,
    POST "/stores/{store}/access/v1/search/subject" => doors::search_subject,
    POST "/stores/{store}/access/v1/search/resource" => doors::search_resource,
    POST "/stores/{store}/access/v1/search/action" => doors::search_action,
    POST "/access/v1/evaluation" => doors::evaluation,
    POST "/access/v1/evaluations" => doors::evaluations,
    POST "/access/v1/search/subject" => doors::search_subject,
    POST "/access/v1/search/resource" => doors::search_resource,
    POST "/access/v1/search/action" => doors::search_action,
    GET "/.well-known/authzen-configuration" => doors::metadata,
    GET "/.well-known/authzen-configuration/stores/{store}" => doors::metadata,
}

/// The routes that OpenFGA and AuthZEN specify: all but our own.
pub fn is_specified_elsewhere(path: &str) -> bool {
    path != "/stores/{store}/explain"
}

/// The use cases, with their refusals as answers.
mod doors {
    use super::{
        Call, Problem, Response, assertions, authzen, models, queries, read, stores, write as writes,
    };

    macro_rules! doors {
        ($($name:ident => $($inner:ident)::+,)*) => {
            $(pub(super) async fn $name(call: &Call<'_>) -> Result<Response, Problem> {
                match $($inner)::+(call).await {
                    Ok(response) => Ok(response),
                    Err(refused) => refused.answer(),
                }
            })*
        };
    }

    doors! {
        healthz => stores::healthz,
        list_stores => stores::list,
        create_store => stores::create,
        show_store => stores::show,
        delete_store => stores::delete,
        list_models => models::list,
        create_model => models::create,
        show_model => models::show,
        write => writes::write,
        read => read::read,
        changes => read::changes,
        check => queries::check,
        batch => queries::batch,
        explain => queries::explain,
        expand => queries::expand,
        list_objects => queries::list_objects,
        streamed_list_objects => queries::streamed_list_objects,
        list_users => queries::list_users,
        put_assertions => assertions::put,
        get_assertions => assertions::get,
        evaluation => authzen::evaluate::one,
        evaluations => authzen::evaluate::several,
        search_subject => authzen::search::subject,
        search_resource => authzen::search::resource,
        search_action => authzen::search::action,
        metadata => authzen::metadata::show,
    }
}
