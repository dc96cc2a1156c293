//! Who is asking, as far as the network tells.

use std::net::IpAddr;

use ports::Settings;

use crate::Request;

/// The client's address: from the operator's trusted proxy header if one is set, else the peer that Spin saw.
pub(crate) fn address(settings: &Settings, request: &Request) -> Option<IpAddr> {
    if let Some(name) = settings.optional("trusted_proxy_header") {
        // A proxy appends; the last entry is the one that the trusted proxy itself wrote.
        return request.header(name)?.rsplit(',').next()?.trim().parse().ok();
    }
    let peer = request.header("spin-client-addr")?;
    peer.parse::<std::net::SocketAddr>().map(|addr| addr.ip()).or_else(|_| peer.parse()).ok()
}

/// The network that budgets count by: an IPv4 address, or the /64 that one IPv6 customer has.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
