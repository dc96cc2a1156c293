//! The schema's page: one row for every record and counter.

use crate::{
    account, budget, client, fga, keyring, link, mailbox, passkeys, record::Record as _, sessions, slot,
    sweep, tenant,
};

/// What is known about one kind of record or counter.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Its name, a singular noun.
    pub name: &'static str,
    /// Its key.
    pub key: &'static str,
    /// What is in it.
    pub holds: &'static str,
    /// How long it lives.
    pub lives: &'static str,
    /// How it may change.
    pub use_: &'static str,
    /// The rooms that write it.
    pub written_by: &'static [&'static str],
    /// The other rooms that read it.
    pub read_by: &'static [&'static str],
}

/// Every record and counter.
pub fn all() -> Vec<Page> {
    let mut pages = vec![
        account::Account::PAGE,
        client::Client::PAGE,
        keyring::Keyring::PAGE,
        sessions::Sessions::PAGE,
        passkeys::Passkeys::PAGE,
        tenant::Tenant::PAGE,
        link::Link::PAGE,
        slot::Held::PAGE,
        mailbox::Message::PAGE,
        sweep::Cursor::PAGE,
    ];
    pages.extend(slot::PAGES);
    pages.extend(account::PAGES);
    pages.extend(client::PAGES);
    pages.extend(keyring::PAGES);
    pages.extend(passkeys::PAGES);
    pages.extend(tenant::PAGES);
    pages.extend(link::PAGES);
    pages.extend(budget::PAGES);
    pages.extend(mailbox::PAGES);
    pages.extend(fga::pages());
    pages.sort_by_key(|page| page.name);
    pages
}

/// The page as Markdown; `cargo xtask schema` writes it to `SCHEMA.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# What lies in the store\n\nPrinted from the code by `cargo xtask schema`; do not edit.\n\nKeys are made of our own alphabet (`[A-Za-z0-9_.:-]`), at most 200 bytes; what people type enters a key only as a keyed hash (`{hash}`, under `index_key`). Values are JSON in an envelope `{v: version, x?: expiry, w?: recent writers, d: record}` of at most 100 KB; those of authorization stores (`fga-*`) are bytes of our own. Counters are only ever incremented; cells hold the number that was decided for a unique name (crates/ports, `Store::decide`). A key that has died is never used again.\n\n| name | key | holds | lives | changes | written by | read by |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for page in all() {
        let row = format!(
            "| {} | `{}` | {} | {} | {} | {} | {} |\n",
            page.name,
            page.key,
            page.holds,
            page.lives,
            page.use_,
            page.written_by.join(", "),
            if page.read_by.is_empty() { "–".to_owned() } else { page.read_by.join(", ") }
        );
        text.push_str(&row);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_unique_and_keys_ours() {
        let all = super::all();
        for (at, page) in all.iter().enumerate() {
            assert!(page.key.starts_with("lk1:") && !page.written_by.is_empty(), "{}", page.name);
            assert!(
                all[at + 1..].iter().all(|other| other.name != page.name && other.key != page.key),
                "{}",
                page.name
            );
        }
    }
}
