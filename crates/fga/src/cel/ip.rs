//! Addresses and networks. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.

use std::net::IpAddr;

/// Reads an address.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether an address lies in a network such as `10.0.0.0/8`.
pub(super) fn in_cidr(address: &IpAddr, network: &str) -> Result<bool, String> {
    let malformed = || format!("'{network}' is a malformed CIDR string");
    let (base, bits) = network.split_once('/').ok_or_else(malformed)?;
    let base: IpAddr = base.parse().map_err(|_| malformed())?;
    let plain = bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let mut bits: u32 = bits.parse().ok().filter(|_| plain).ok_or_else(malformed)?;
    if bits > if base.is_ipv4() { 32 } else { 128 } {
        return Err(malformed());
    }
    let unmapped = base.to_canonical();
    if base.is_ipv6() && unmapped.is_ipv4() {
        match bits.checked_sub(96) {
            Some(rest) => bits = rest,
            // Wider than all mapped addresses: no IPv4 network.
            None => return Ok(false),
        }
    }
    Ok(match (unmapped, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            base.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            base.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    })
}
