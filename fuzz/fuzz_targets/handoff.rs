//! Handoffs: no text that we did not sign is taken.
#![no_main]

use domain::Digest;
use kv_schema::handoff;
use testkit::{World, block_on};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let world = World::default();
    block_on(async {
        for text in [text.to_owned(), format!("lkh_{text}"), format!("lkd_{text}")] {
            let browsers = [Digest::of(&[b"browser"])];
            assert!(handoff::take(&world.ports(), &text, &browsers).await.is_ok_and(|taken| taken.is_err()));
            assert!(handoff::open_cleared(&world.ports(), &text, &browsers).await.is_ok_and(|taken| taken.is_err()));
        }
    });
    assert!(world.store.is_empty(), "a stranger's text writes nothing");
});
