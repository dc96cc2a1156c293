//! What this room answers.

use crate::{begin, devices, metadata, show, sign_out, token};

web::routes! {
    POST "/session" => begin::begin,
    GET "/session" => show::show,
    DELETE "/session" => sign_out::here,
    GET "/session/all" => devices::list,
    DELETE "/session/all" => sign_out::everywhere,
    DELETE "/session/{id}" => sign_out::one,
    POST "/token" => token::token,
    GET "/jwks.json" => metadata::keys,
    GET "/.well-known/openid-configuration" => metadata::provider,
    GET "/.well-known/oauth-authorization-server" => metadata::provider,
}
