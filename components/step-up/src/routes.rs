//! What this room answers.

use crate::{assess, enrol, factor, passkey, recovery};

web::routes! {
    POST "/step-up/assess" => assess::assess,
    POST "/step-up/passkey/options" => passkey::options,
    POST "/step-up/verify" => factor::verify,
    GET "/step-up/factors" => enrol::list,
    POST "/step-up/totp" => enrol::begin,
    POST "/step-up/totp/verify" => enrol::activate,
    DELETE "/step-up/totp" => enrol::remove,
    POST "/step-up/recovery-codes" => recovery::renew,
}
