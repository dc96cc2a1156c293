//! What this room answers.

use crate::{accounts, clients, policy, tenants};

web::routes! {
    GET "/admin/tenants" => tenants::list,
    POST "/admin/tenants" => tenants::create,
    GET "/admin/tenants/{tenant}" => tenants::show,
    PATCH "/admin/tenants/{tenant}" => tenants::change,
    DELETE "/admin/tenants/{tenant}" => tenants::delete,
    GET "/admin/tenants/{tenant}/policy" => policy::show,
    PUT "/admin/tenants/{tenant}/policy" => policy::change,
    GET "/admin/tenants/{tenant}/accounts" => accounts::list,
    POST "/admin/tenants/{tenant}/accounts" => accounts::create,
    GET "/admin/tenants/{tenant}/accounts/{account}" => accounts::show,
    PATCH "/admin/tenants/{tenant}/accounts/{account}" => accounts::change,
    DELETE "/admin/tenants/{tenant}/accounts/{account}" => accounts::delete,
    POST "/admin/tenants/{tenant}/accounts/{account}/reset-factors" => accounts::reset_factors,
    POST "/admin/tenants/{tenant}/accounts/{account}/sign-out" => accounts::sign_out,
    GET "/admin/tenants/{tenant}/clients" => clients::list,
    POST "/admin/tenants/{tenant}/clients" => clients::create,
    GET "/admin/tenants/{tenant}/clients/{client}" => clients::show,
    PATCH "/admin/tenants/{tenant}/clients/{client}" => clients::change,
    DELETE "/admin/tenants/{tenant}/clients/{client}" => clients::delete,
    POST "/admin/tenants/{tenant}/clients/{client}/secrets" => clients::add_secret,
}
