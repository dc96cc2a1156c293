//! What this room answers.

use crate::{keep, register, sign_in, well_known};

web::routes! {
    POST "/passkey/sign-in/options" => sign_in::options,
    POST "/passkey/sign-in/verify" => sign_in::verify,
    POST "/passkey/register/options" => register::options,
    POST "/passkey/register/verify" => register::verify,
    GET "/passkey/credentials" => keep::list,
    PATCH "/passkey/credentials/{id}" => keep::rename,
    DELETE "/passkey/credentials/{id}" => keep::remove,
    GET "/.well-known/webauthn" => well_known::webauthn,
    GET "/.well-known/passkey-endpoints" => well_known::passkey_endpoints,
}
