//! Signing out: here, on another device, everywhere. What is ended is over with the next request that shows it.

use kv_schema::sessions;
use web::{Call, Problem, Response, cookie};

use crate::show::signed_in;

/// `DELETE /session`: ends the session of the cookie. To be signed out already is no error.
pub(crate) async fn here(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    if let Some(cookie) = call.cookie(cookie::SESSION) {
        sessions::end_cookie(&call.ports, cookie).await?;
    }
    Ok(signed_out(call))
}

/// `DELETE /session/{id}`: ends one of the account's own sessions.
pub(crate) async fn one(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let (current, account) = signed_in(call).await?;
    let id = call.param("id").parse().map_err(|_| Problem::not_found())?;
    if !sessions::end(&call.ports, account.id, id).await? {
        return Err(Problem::not_found());
    }
    Ok(if id == current.id { signed_out(call) } else { web::no_content() })
}

/// `DELETE /session/all`: ends all of them, this one too.
pub(crate) async fn everywhere(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let (_, account) = signed_in(call).await?;
    sessions::end_all(&call.ports, account.id).await?;
    Ok(signed_out(call))
}

fn signed_out(call: &Call<'_>) -> Response {
    let mut response = web::no_content();
    cookie::clear(call.ports.settings, &mut response, cookie::SESSION);
    response
}
