//! Spin variables as [`Settings`], read once a minute.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{Moment, Secs, mins};
use futures::future::join_all;
use ports::{Log as _, Settings, SettingsError};
use spin_sdk::variables::{self, Error};

use crate::outside::Stderr;

/// Every variable that some component is granted. A component sees those that its part of `spin.toml` maps; the others are undefined for it.
const NAMES: [&str; 16] = [
    "bootstrap_token",
    "handoff_key",
    "index_key",
    "janitor_token",
    "keyring_key",
    "mail_api_key",
    "mailer",
    "mailer_domain",
    "mailer_from",
    "mailer_key_id",
    "mailer_path",
    "mailer_region",
    "mailer_url",
    "one_time_redis",
    "public_url",
    "trusted_proxy_header",
];

/// A provider such as Vault costs a round trip per variable, so what was read serves all requests of the instance for a while.
const FRESH: Secs = mins(1);

struct Read {
    at: Moment,
    settings: Arc<Settings>,
}

static CACHED: Mutex<Option<Read>> = Mutex::new(None);

/// The settings as of at most a minute ago. If the provider fails, those read before stay in use: an outage there ends no sign-in here.
pub(crate) async fn of_this_minute(now: Moment) -> Result<Arc<Settings>, SettingsError> {
    let before = cached();
    if let Some((at, settings)) = &before
        && *at <= now
        && now < at.plus(FRESH)
    {
        return Ok(settings.clone());
    }
    match read().await {
        Ok(settings) => {
            let settings = Arc::new(settings);
            keep(now, &settings);
            Ok(settings)
        }
        Err(error) => {
            let Some((_, settings)) = before else { return Err(error) };
            Stderr.warn(&format!("settings are those of before, since they cannot be read: {error}"));
            keep(now, &settings);
            Ok(settings)
        }
    }
}

fn cached() -> Option<(Moment, Arc<Settings>)> {
    let cached = CACHED.lock().ok()?;
    cached.as_ref().map(|read| (read.at, read.settings.clone()))
}

fn keep(at: Moment, settings: &Arc<Settings>) {
    if let Ok(mut cached) = CACHED.lock() {
        *cached = Some(Read { at, settings: settings.clone() });
    }
}

async fn read() -> Result<Settings, SettingsError> {
    let answers = join_all(NAMES.iter().map(|name| async move { (*name, variables::get(name).await) })).await;
    let mut values = BTreeMap::new();
    for (name, answer) in answers {
        match answer {
            Ok(value) => {
                values.insert(name.to_owned(), value);
            }
            Err(Error::Undefined(_)) => {}
            // The provider's own words could quote what it was asked with.
            Err(_) => {
                return Err(SettingsError(format!(
                    "the variable {name} cannot be read; see the log of the platform"
                )));
            }
        }
    }
    Settings::new(values)
}
