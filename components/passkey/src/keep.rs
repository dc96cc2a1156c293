//! An account's passkeys: list, rename, remove. Another account's do not exist here.

use kv_schema::{Change, passkeys, passkeys::Passkeys};
use serde_json::json;
use web::{Call, Problem, Response, StatusCode};

use crate::{caller, error, wire};

/// `GET /passkey/credentials`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let account = caller::signed_in(call).await?;
    let passkeys = passkeys::read(&call.ports, account.id).await?.unwrap_or_default();
    let items = passkeys.credentials.iter().map(wire::passkey).collect::<Result<Vec<_>, _>>()?;
    let signal = wire::signal(call.ports.settings, &account, &passkeys);
    Ok(web::json(StatusCode::OK, &json!({ "items": items, "signal": signal })))
}

/// `PATCH /passkey/credentials/{id}`
pub(crate) async fn rename(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let account = caller::signed_in(call).await?;
    let asked: wire::Rename = call.request.json()?;
    let name = asked.name()?;
    let id = call.param("id");
    let renamed = passkeys::update(&call.ports, account.id, |passkeys| {
        let Some(passkey) = passkeys.credentials.iter_mut().find(|passkey| passkey.id == id) else {
            return Change::Leave(None);
        };
        name.clone_into(&mut passkey.name);
        let passkey = passkey.clone();
        Change::Write(Some((passkey, passkeys.clone())))
    });
    let (passkey, passkeys) = renamed.await?.flatten().ok_or_else(Problem::not_found)?;
    let mut body = wire::passkey(&passkey)?;
    if let Some(members) = body.as_object_mut() {
        members.insert("signal".into(), wire::signal(call.ports.settings, &account, &passkeys));
    }
    Ok(web::json(StatusCode::OK, &body))
}

/// `DELETE /passkey/credentials/{id}`
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let caller = caller::owner(call).await?;
    let account = caller.account();
    let id = call.param("id");
    let removed = passkeys::update(&call.ports, account.id, |passkeys: &mut Passkeys| {
        if !caller.may_change(&call.ports, passkeys) {
            return Change::Leave(Err(error::step_up_required()));
        }
        match passkeys.credentials.iter().position(|passkey| passkey.id == id) {
            Some(at) => {
                let passkey = passkeys.credentials.remove(at);
                passkeys.factors.drop_orphans(passkeys.credentials.len());
                Change::Write(Ok((passkey, passkeys.clone())))
            }
            None => Change::Leave(Err(Problem::not_found())),
        }
    });
    let (passkey, passkeys) = removed.await?.ok_or_else(Problem::not_found)??;
    // Only now: were this cut short, nobody else could register the id, and its owner still could.
    passkeys::release(&call.ports, &passkey).await?;
    let signal = wire::signal(call.ports.settings, account, &passkeys);
    Ok(web::json(StatusCode::OK, &json!({ "signal": signal })))
}
