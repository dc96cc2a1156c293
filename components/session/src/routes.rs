//! What this room answers.

use crate::{begin, devices, show, sign_out};

web::routes! {
    POST "/session" => begin::begin,
    GET "/session" => show::show,
    DELETE "/session" => sign_out::here,
    GET "/session/all" => devices::list,
    DELETE "/session/all" => sign_out::everywhere,
    DELETE "/session/{id}" => sign_out::one,
}
