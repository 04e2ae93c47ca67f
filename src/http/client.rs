//! Who is on the other end of the connection.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{HeaderName, request};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The caller's address. Each trusted proxy has appended the address it was called from, so the caller
/// is that many entries from the end; what stands before that anybody may have written.
pub(super) fn address(head: &request::Parts, trusted_proxies: usize) -> Option<IpAddr> {
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if trusted_proxies == 0 {
        return peer;
    }
    let values = head.headers.get_all(FORWARDED_FOR);
    let hops: Vec<&str> =
        values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let hop = hops.len().checked_sub(trusted_proxies).and_then(|place| hops.get(place));
    hop.and_then(|hop| hop.trim().parse().ok()).or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn seen(forwarded: &[&'static str], trusted: usize) -> Option<String> {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header(FORWARDED_FOR, *value);
        }
        let (mut head, ()) = request.body(()).ok()?.into_parts();
        head.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4242))));
        address(&head, trusted).map(|ip| ip.to_string())
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen(&["1.1.1.1"], 0).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(&["6.6.6.6, 1.1.1.1"], 1).as_deref(), Some("1.1.1.1"));
        assert_eq!(seen(&["6.6.6.6", "2001:db8::1, 10.0.0.7"], 2).as_deref(), Some("2001:db8::1"));
        assert_eq!(seen(&["nonsense"], 1).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(&[], 1).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(&["1.1.1.1"], 3).as_deref(), Some("10.0.0.1"));
    }
}
