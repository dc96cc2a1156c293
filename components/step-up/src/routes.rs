//! What this room answers.

use crate::{assess, factor};

web::routes! {
    POST "/step-up/assess" => assess::assess,
    POST "/step-up/passkey/options" => factor::options,
    POST "/step-up/verify" => factor::verify,
}
