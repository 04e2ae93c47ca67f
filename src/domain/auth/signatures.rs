//! RS256 by `ring`, which the TLS of this server brings along. It verifies a token in a tenth of the time that portable
//! code takes, and every request brings a token.

use std::sync::LazyLock;

use jsonwebtoken::crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};

/// Makes this what the process signs and verifies with, unless something was chosen before.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        jwk_utils: JwkUtils::new_unimplemented(),
    };
    static INSTALLED: LazyLock<()> = LazyLock::new(|| {
        if PROVIDER.install_default().is_err() {
            tracing::debug!("tokens are signed by other means than ring");
        }
    });
    LazyLock::force(&INSTALLED);
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    only_rs256(*algorithm)?;
    let pair = KeyPair::from_der(key.inner()).map_err(|_| Error::from(ErrorKind::InvalidKeyFormat))?;
    Ok(Box::new(Private(pair)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    only_rs256(*algorithm)?;
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            Ok(Box::new(Public(PublicKeyComponents { n: n.clone(), e: e.clone() })))
        }
        DecodingKeyKind::SecretOrDer(_) => Err(ErrorKind::InvalidKeyFormat.into()),
    }
}

fn only_rs256(algorithm: Algorithm) -> Result<()> {
    if algorithm == Algorithm::RS256 { Ok(()) } else { Err(ErrorKind::InvalidAlgorithm.into()) }
}

struct Private(KeyPair);

impl Signer<Vec<u8>> for Private {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // PKCS#1 v1.5 signatures are the same every time: what is random here only blinds the computation.
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Private {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

struct Public(PublicKeyComponents<Vec<u8>>);

impl Verifier<Vec<u8>> for Public {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let verified = self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature);
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Public {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
