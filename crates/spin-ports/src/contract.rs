//! What the store contract asks of callers, checked once for all stores: some of them build queries from keys.

use ports::StoreError;

const MOST_KEY: usize = 200;
const MOST_VALUE: usize = 100_000;

/// Refuses what is no key.
pub(crate) fn key(key: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if (1..=MOST_KEY).contains(&key.len()) && key.bytes().all(plain) {
        return Ok(());
    }
    Err(StoreError(format!("a key of {} bytes that is none of the contract", key.len())))
}

/// Refuses what is too large.
pub(crate) fn value(key: &str, value: &[u8]) -> Result<(), StoreError> {
    if value.len() <= MOST_VALUE {
        return Ok(());
    }
    Err(StoreError(format!("`{key}` would have {} bytes, more than {MOST_VALUE}", value.len())))
}

/// From here on a number has 19 digits, so that its decimal form is never taken for eight bytes.
pub(crate) const LEAST_PROPOSAL: i64 = 1_000_000_000_000_000_000;

/// Refuses numbers that cells cannot tell from what a store keeps beside them.
pub(crate) fn proposal(key: &str, number: i64) -> Result<(), StoreError> {
    if number >= LEAST_PROPOSAL {
        return Ok(());
    }
    Err(StoreError(format!("a proposal for `{key}` is less than {LEAST_PROPOSAL}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_another_alphabet_or_length_are_refused() {
        assert!(key("v1:_:thing:7.1_a-b").is_ok());
        assert!(key(&"k".repeat(200)).is_ok());
        for bad in ["", "a b", "a'b", "ä", "a/b", "a\n", &"k".repeat(201)] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn small_proposals_are_refused() {
        assert!(proposal("k", LEAST_PROPOSAL).is_ok());
        assert!(proposal("k", LEAST_PROPOSAL - 1).is_err());
    }

    #[test]
    fn large_values_are_refused() {
        assert!(value("k", &[0; 100_000]).is_ok());
        assert!(value("k", &[0; 100_001]).is_err());
    }
}
