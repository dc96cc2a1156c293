//! Authenticator data: a fixed head, a key in registrations, extensions if a flag says so, and nothing after.
//! <https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data>

use ciborium::Value;

use crate::Refused;

/// What the data say of interest to us before the verifier reads them.
#[derive(Debug)]
pub(crate) struct AuthenticatorData<'a> {
    pub(crate) user_present: bool,
    pub(crate) attested: Option<Attested<'a>>,
}

/// Attested credential data: a new key.
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential_id: &'a [u8],
    pub(crate) key: Value,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads them to the last byte.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let (_rp_id_hash, rest) = take(bytes, 32)?;
        let (&flags, rest) = rest.split_first().ok_or(Refused::AuthenticatorData)?;
        let (_sign_count, mut rest) = take(rest, 4)?;
        if flags & RESERVED != 0 {
            return Err(Refused::ReservedFlags);
        }
        // https://www.w3.org/TR/webauthn-3/#rp-op-verifying-assertion-step-be-bs
        if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
            return Err(Refused::BackupStateWithoutEligibility);
        }
        let attested = if flags & ATTESTED == 0 { None } else { Some(Attested::read(&mut rest)?) };
        if flags & EXTENSIONS != 0 && !cbor(&mut rest)?.is_map() {
            return Err(Refused::AuthenticatorData);
        }
        if !rest.is_empty() {
            return Err(Refused::Leftover);
        }
        Ok(Self { user_present: flags & USER_PRESENT != 0, attested })
    }
}

impl<'a> Attested<'a> {
    fn read(rest: &mut &'a [u8]) -> Result<Self, Refused> {
        let (aaguid, after) = rest.split_first_chunk::<16>().ok_or(Refused::AuthenticatorData)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or(Refused::AuthenticatorData)?;
        let length = usize::from(u16::from_be_bytes(*length));
        // https://www.w3.org/TR/webauthn-3/#rp-op-registering-a-new-credential-step-credential-id-length
        if !(1..=1023).contains(&length) {
            return Err(Refused::CredentialIdLength);
        }
        let (credential_id, after) = take(after, length)?;
        *rest = after;
        Ok(Self { aaguid: *aaguid, credential_id, key: cbor(rest)? })
    }
}

/// The same data with the flag UP set. Only for what nobody signed (attestation `none`) in a ceremony that does not ask for presence.
pub(crate) fn with_user_present(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(flags) = bytes.get_mut(32) {
        *flags |= USER_PRESENT;
    }
    bytes
}

/// One CBOR item from the front, nested at most eight deep.
pub(crate) fn cbor(rest: &mut &[u8]) -> Result<Value, Refused> {
    ciborium::de::from_reader_with_recursion_limit(rest, 8).map_err(|_| Refused::AuthenticatorData)
}

fn take(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), Refused> {
    bytes.split_at_checked(length).ok_or(Refused::AuthenticatorData)
}

const USER_PRESENT: u8 = 1;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;
const RESERVED: u8 = 1 << 1 | 1 << 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn head(flags: u8) -> Vec<u8> {
        let mut bytes = vec![7; 32];
        bytes.extend([flags, 0, 0, 0, 9]);
        bytes
    }

    fn refusal(bytes: &[u8]) -> Refused {
        AuthenticatorData::read(bytes).unwrap_err()
    }

    #[test]
    fn the_length_is_exact() {
        assert!(AuthenticatorData::read(&head(5)).unwrap().attested.is_none());
        for cut in 0..37 {
            assert_eq!(refusal(&head(5)[..cut]), Refused::AuthenticatorData, "{cut}");
        }
        let with = |flags, more: &[u8]| [head(flags), more.to_vec()].concat();
        assert_eq!(refusal(&with(5, &[0])), Refused::Leftover);
        assert!(AuthenticatorData::read(&with(0x85, &[0xa0])).is_ok());
        assert_eq!(refusal(&with(0x85, &[])), Refused::AuthenticatorData, "extensions announced");
        assert_eq!(refusal(&with(0x85, &[0x80])), Refused::AuthenticatorData, "a list is no map");
        assert_eq!(refusal(&with(0x85, &[0xa0, 0])), Refused::Leftover);
        assert_eq!(refusal(&with(0x45, &[0; 17])), Refused::AuthenticatorData);
        assert_eq!(refusal(&with(0x45, &[0; 18])), Refused::CredentialIdLength);
        assert_eq!(refusal(&with(0x85, &[0x81; 10_000])), Refused::AuthenticatorData, "deep");
        assert_eq!(
            refusal(&with(0x85, &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255])),
            Refused::AuthenticatorData
        );
    }

    #[test]
    fn flags() {
        assert_eq!(refusal(&head(5 | 2)), Refused::ReservedFlags);
        assert_eq!(refusal(&head(5 | 32)), Refused::ReservedFlags);
        assert_eq!(refusal(&head(5 | 16)), Refused::BackupStateWithoutEligibility);
        assert!(!AuthenticatorData::read(&head(4 | 8 | 16)).unwrap().user_present);
        assert!(AuthenticatorData::read(&with_user_present(&head(4))).unwrap().user_present);
    }
}
