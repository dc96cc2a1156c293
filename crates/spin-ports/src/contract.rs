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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_another_alphabet_or_length_are_refused() {
        assert!(key("lk1:_:slot:7.1_a-b").is_ok());
        assert!(key(&"k".repeat(200)).is_ok());
        for bad in ["", "a b", "a'b", "ä", "a/b", "a\n", &"k".repeat(201)] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn large_values_are_refused() {
        assert!(value("k", &[0; 100_000]).is_ok());
        assert!(value("k", &[0; 100_001]).is_err());
    }
}
