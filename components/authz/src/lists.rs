//! Continuation tokens: the place after which a list goes on, and what kind of list it is.

use base64::{Engine as _, alphabet, engine::GeneralPurposeConfig, engine::general_purpose::GeneralPurpose};
use domain::Digest;
use fga::{Code, Error};

use crate::error::Refused;

/// A token for a place in a list that `of` tells apart from others.
pub(crate) fn token(of: &[&str], place: Option<&[u8]>) -> String {
    let Some(place) = place else { return String::new() };
    let mut bytes = kind(of);
    bytes.extend_from_slice(place);
    BASE64.encode(bytes)
}

/// The place that a token of the same list names.
pub(crate) fn place(of: &[&str], token: &str, mismatch: Code) -> Result<Option<Vec<u8>>, Refused> {
    if token.is_empty() {
        return Ok(None);
    }
    let invalid = || Error::new(Code::InvalidContinuationToken, "Invalid continuation token");
    if token.len() > MOST {
        return Err(invalid().into());
    }
    let bytes = BASE64.decode(token).map_err(|_| invalid())?;
    let (shown, place) = bytes.split_at_checked(KIND).ok_or_else(invalid)?;
    if shown != kind(of) {
        let message = match mismatch {
            Code::ContinuationTokenMismatch => {
                "The type in the querystring and the continuation token don't match"
            }
            _ => "Invalid continuation token",
        };
        return Err(Error::new(mismatch, message).into());
    }
    Ok(Some(place.to_vec()))
}

fn kind(of: &[&str]) -> Vec<u8> {
    let lengths: Vec<String> = of.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let parts: Vec<&[u8]> = lengths.iter().map(String::as_bytes).collect();
    Digest::of(&parts).bytes().iter().take(KIND).copied().collect()
}

/// The part of a sorted list after a place, at most so many, and the token of what follows.
pub(crate) fn cut(
    all: Vec<String>,
    of: &[&str],
    token_: &str,
    size: usize,
) -> Result<(Vec<String>, String), Refused> {
    let after = place(of, token_, Code::InvalidContinuationToken)?;
    let mut rest =
        all.into_iter().skip_while(|item| after.as_deref().is_some_and(|after| item.as_bytes() <= after));
    let page: Vec<String> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next = token(of, page.last().filter(|_| more).map(String::as_bytes));
    Ok((page, next))
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);
const KIND: usize = 8;
/// Upstream's bound.
const MOST: usize = 5_120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_list() {
        let given = token(&["read", "a", "b"], Some(b"place"));
        let mismatch = Code::InvalidContinuationToken;
        assert_eq!(place(&["read", "a", "b"], &given, mismatch).unwrap().unwrap(), b"place");
        assert!(place(&["read", "ab", ""], &given, mismatch).is_err());
        assert!(place(&["read", "a", "b"], "!", mismatch).is_err());
        assert_eq!(token(&[], None), "");
    }

    #[test]
    fn a_list_is_cut_without_losing_any() {
        let all: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        let (first, next) = cut(all.clone(), &["x"], "", 2).unwrap();
        assert_eq!((first.len(), next.is_empty()), (2, false));
        assert_eq!(cut(all, &["x"], &next, 2).unwrap(), (vec!["c".to_owned()], String::new()));
    }
}
