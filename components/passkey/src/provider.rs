//! Who keeps a passkey, as far as its AAGUID tells: for names in lists, never for a decision.

/// The provider or model with this AAGUID.
pub(crate) fn name(aaguid: &str) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == aaguid).map(|(_, name)| *name)
}

/// A first name for a passkey: its provider's, else what its transports suggest.
pub(crate) fn first_name(aaguid: &str, transports: &[String]) -> &'static str {
    let roams = |each: &String| matches!(each.as_str(), "usb" | "nfc" | "ble" | "smart-card");
    match name(aaguid) {
        Some(name) => name,
        None if !transports.is_empty() && transports.iter().all(roams) => "Security key",
        None => "Passkey",
    }
}

/// `name`, with the first number that no other has if it is taken.
pub(crate) fn numbered(name: &str, taken: &[&str]) -> String {
    let numbers = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name} {number}")));
    let mut free = numbers.filter(|each| !taken.contains(&each.as_str()));
    free.next().unwrap_or_else(|| name.to_owned())
}

const NAMES: &[(&str, &str)] = &[
    ("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "iCloud Keychain"),
    ("dd4ec289-e01d-41c9-bb89-70fa845d4bf2", "iCloud Keychain"),
    ("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "Google Password Manager"),
    ("08987058-cadc-4b81-b6e1-30de50dcbe96", "Windows Hello"),
    ("6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "Windows Hello"),
    ("9ddd1817-af5a-4672-a2b9-3e3dd95000a9", "Windows Hello"),
    ("adce0002-35bc-c60a-648b-0b25f1f05503", "Chrome on Mac"),
    ("b5397666-4885-aa6b-cebf-e52262a439a2", "Chromium"),
    ("771b48fd-d3d4-4f74-9232-fc157ab0507a", "Edge on Mac"),
    ("d3452668-01fd-4c12-926c-83a4204853aa", "Microsoft Password Manager"),
    ("53414d53-554e-4700-0000-000000000000", "Samsung Pass"),
    ("bada5566-a7aa-401f-bd96-45619a55120d", "1Password"),
    ("d548826e-79b4-db40-a3d8-11116f7e8349", "Bitwarden"),
    ("531126d6-e717-415c-9320-3d9aa6981239", "Dashlane"),
    ("fdb141b2-5d84-443e-8a35-4698c205a502", "KeePassXC"),
    ("50726f74-6f6e-5061-7373-50726f746f6e", "Proton Pass"),
    ("b84e4048-15dc-4dd0-8640-f4f60813c8af", "NordPass"),
    ("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6", "Keeper"),
    ("f3809540-7f14-49c1-a8b3-8f813b225541", "Enpass"),
    ("b78a0a55-6ef8-d246-a042-ba0f6d55050c", "LastPass"),
    ("b35a26b2-8f6e-4697-ab1d-d44db4da28c6", "Zoho Vault"),
    ("cb69481e-8ff7-4039-93ec-0a2729a154a8", "YubiKey 5"),
    ("ee882879-721c-4913-9775-3dfcce97072a", "YubiKey 5"),
    ("fa2b99dc-9e39-4257-8f92-4a30d23c4118", "YubiKey 5 NFC"),
    ("2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5 NFC"),
    ("d7781e5d-e353-46aa-afe2-3ca49f13332a", "YubiKey 5 NFC"),
    ("c5ef55ff-ad9a-4b9f-b580-adebafe026d0", "YubiKey 5Ci"),
    ("73bb0cd4-e502-49b8-9c6f-b59445bf720b", "YubiKey 5 FIPS"),
    ("c1f9a0bc-1dd2-404a-b27f-8e29047a43fd", "YubiKey 5 NFC FIPS"),
    ("85203421-48f9-4355-9bc8-8a53846e5083", "YubiKey 5Ci FIPS"),
    ("d8522d9f-575b-4866-88a9-ba99fa02f35b", "YubiKey Bio"),
    ("f8a011f3-8c0a-4d15-8006-17111f9edc7d", "Yubico Security Key"),
    ("b92c3f9a-c014-4056-887f-140a2501163b", "Yubico Security Key"),
    ("6d44ba9b-f6ec-2e49-b930-0c8fe920cb73", "Yubico Security Key NFC"),
    ("149a2021-8ef6-4133-96b8-81f8d5b7f1f5", "Yubico Security Key NFC"),
    ("a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa", "Yubico Security Key NFC"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let usb = ["usb".to_owned(), "nfc".to_owned()];
        assert_eq!(first_name("bada5566-a7aa-401f-bd96-45619a55120d", &[]), "1Password");
        assert_eq!(first_name("00000000-0000-0000-0000-000000000000", &usb), "Security key");
        assert_eq!(first_name("00000000-0000-0000-0000-000000000000", &[]), "Passkey");
        assert_eq!(numbered("Passkey", &[]), "Passkey");
        assert_eq!(numbered("Passkey", &["Passkey", "Passkey 3"]), "Passkey 2");
    }

    #[test]
    fn every_aaguid_is_spelled_as_ours_are_and_stands_once() {
        for (at, (aaguid, _)) in NAMES.iter().enumerate() {
            let shape: String = aaguid.chars().map(|c| if c == '-' { '-' } else { 'x' }).collect();
            assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
            assert!(aaguid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{aaguid}");
            assert!(NAMES[..at].iter().all(|(other, _)| other != aaguid), "{aaguid}");
        }
    }
}
