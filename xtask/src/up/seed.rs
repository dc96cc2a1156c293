//! The demo that the README walks through, made through the public administration API. Doing it again changes nothing.

use serde_json::{Value, json};

use crate::http::System;
use crate::say::{Because as _, Result};

/// A tenant of the demo.
pub(crate) struct Tenant {
    pub(crate) slug: &'static str,
    name: &'static str,
    pub(crate) people: &'static [(&'static str, &'static str)],
}

/// The demo.
pub(crate) const DEMO: [Tenant; 2] = [
    Tenant {
        slug: "acme",
        name: "Acme Supplies",
        people: &[("ada@acme.example", "Ada Berg"), ("grace@acme.example", "Grace Moor")],
    },
    Tenant { slug: "nordwind", name: "Nordwind Logistik", people: &[("nils@nordwind.example", "Nils Sand")] },
];

/// Makes what is not there yet.
pub(crate) fn demo(system: &System, bootstrap_token: &str) -> Result<()> {
    for tenant in DEMO {
        let what = || format!("cannot make the demo tenant `{}`", tenant.slug);
        self::tenant(system, bootstrap_token, &tenant).because(what)?;
        for (email, name) in tenant.people {
            let what = || format!("cannot make the demo account `{email}`");
            account(system, bootstrap_token, tenant.slug, email, name).because(what)?;
        }
    }
    Ok(())
}

fn tenant(system: &System, token: &str, tenant: &Tenant) -> Result<()> {
    let found = system.get(&format!("/admin/tenants/{}", tenant.slug), token)?;
    if found.status == 404 {
        let asked = json!({ "name": tenant.name, "slug": tenant.slug });
        // Two that begin on one Redis at once: the other was first.
        system.post("/admin/tenants", token, &asked)?.expect(&[201, 409])?;
        return Ok(());
    }
    found.expect(&[200]).map(drop)
}

fn account(system: &System, token: &str, slug: &str, email: &str, name: &str) -> Result<()> {
    let accounts = format!("/admin/tenants/{slug}/accounts");
    let address = email.replace('@', "%40");
    let found = system.get(&format!("{accounts}?email={address}"), token)?.expect(&[200])?;
    if found.get("items").and_then(Value::as_array).is_some_and(|items| !items.is_empty()) {
        return Ok(());
    }
    let asked = json!({ "email": email, "name": name });
    system.post(&accounts, token, &asked)?.expect(&[201, 409]).map(drop)
}
