//! What this room answers.

use crate::{assets, pages};

web::routes! {
    GET "/" => pages::root,
    GET "/sign-in" => pages::sign_in,
    GET "/account" => pages::account,
    GET "/favicon.ico" => assets::favicon,
    GET "/openapi.json" => assets::file,
    GET "/static/{path*}" => assets::file,
    GET "/{rest*}" => pages::nothing,
    POST "/{rest*}" => pages::nothing,
    PUT "/{rest*}" => pages::nothing,
    PATCH "/{rest*}" => pages::nothing,
    DELETE "/{rest*}" => pages::nothing,
    OPTIONS "/{rest*}" => pages::nothing,
}
