//! TLS of requests that go out: by `ring`, to whoever the certificates of this machine vouch for.

use std::sync::Arc;

use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore, crypto::ring};

/// What connections are secured with.
///
/// # Errors
/// If TLS is out of order.
pub fn client() -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Makes `ring` do TLS also for libraries that bring no means of their own, such as the one that sends traces.
pub fn by_default() {
    // Whoever was before this has chosen already.
    let _ = ring::default_provider().install_default();
}
