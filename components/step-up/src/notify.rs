//! Tells people by mail what happened to their second factors, in case it was not they who did it. A mail that does not go out is for the log: what
//! happened has happened.

use domain::{TenantId, hours};
use kv_schema::{
    Account,
    budget::{self, Budget, Spent},
    tenant,
};
use mail::{Event, Language, Mailer, Notice};
use web::Call;

/// Mails it to the account's address.
pub(crate) async fn notify(call: &Call<'_>, account: &Account, tenant: TenantId, event: Event) {
    if let Err(why) = send(call, account, tenant, event).await {
        call.warn("a notice about second factors was not mailed", &why);
    }
}

async fn send(call: &Call<'_>, account: &Account, tenant: TenantId, event: Event) -> Result<(), String> {
    let ports = &call.ports;
    let mailer = Mailer::from_settings(ports.settings).map_err(|why| why.to_string())?;
    let whose = account.id.to_string();
    let spent = budget::spend(ports, TenantId::ROOT, PER_ACCOUNT, &whose).await;
    if let Spent::Beyond(_) = spent.map_err(|why| why.to_string())? {
        return Err("the account had its share of notices for this hour".into());
    }
    let tenant = tenant::read(ports, tenant).await.map_err(|why| why.to_string())?;
    let brand = tenant.map(|tenant| {
        Some(tenant.policy.brand_name()).filter(|name| !name.is_empty()).unwrap_or(tenant.name)
    });
    let notice = Notice {
        to: &account.email,
        brand: &brand.unwrap_or_default(),
        event,
        site: ports.settings.host(),
        idempotency_key: format!("notice-{:016x}", u64::from_be_bytes(ports.entropy.bytes())),
    };
    let letter = notice.write(Language::preferred(call.request.header("accept-language")));
    mailer.send(ports, &letter).await.map_err(|why| why.to_string())
}

/// Enough for anyone who changes things; not enough to fill a mailbox.
const PER_ACCOUNT: Budget = Budget { name: "notice", most: 20, window: hours(1) };
