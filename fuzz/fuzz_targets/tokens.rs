//! Tokens, ids and locators: no text makes them panic, none is taken for another kind.
#![no_main]

use domain::{
    AccountId, TenantId, Token,
    secret::{AttemptToken, CeremonyToken, DeviceToken, LinkToken, SessionToken, TransactionToken},
};
use kv_schema::{link::Place, slot::Slot};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let kinds = [
        Token::<LinkToken>::parse(text).is_some(),
        Token::<AttemptToken>::parse(text).is_some(),
        Token::<SessionToken>::parse(text).is_some(),
        Token::<CeremonyToken>::parse(text).is_some(),
        Token::<TransactionToken>::parse(text).is_some(),
        Token::<DeviceToken>::parse(text).is_some(),
    ];
    assert!(kinds.iter().filter(|taken| **taken).count() <= 1);
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<TenantId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Some(place) = Place::from_bytes(text.as_bytes()) {
        assert_eq!(Place::from_bytes(&place.bytes()), Some(place));
    }
    if let Some(slot) = Slot::from_bytes(text.as_bytes()) {
        assert_eq!(Slot::from_bytes(&slot.bytes()), Some(slot));
    }
});
