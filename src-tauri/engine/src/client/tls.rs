//! Whom a connection trusts, and what it proves itself with. A certificate that is not trusted is told by its SHA-256, so that
//! somebody who knows it can make an exception for its host.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::error::{Code, Failure, Result};
use crate::session::config::connection::{Connection, Pin};

/// The configuration of TLS for connections like this, with a client certificate where there is one.
///
/// # Errors
/// `key.invalid` where the authority or the client's certificate is none; `system.unavailable`.
pub(crate) fn config(
    connection: &Connection,
    certificate: Option<&SecretString>,
) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unavailable = |error: Error| Failure::new(Code::SystemUnavailable).with("detail", error);
    let verifier = Verifier::new(connection, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unavailable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let (chain, key) = identity(pem)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| invalid("the certificate and its private key do not fit together"))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether a text is a client certificate that can be used.
///
/// # Errors
/// `key.invalid` with what is wrong with it.
pub(crate) fn check_certificate(pem: &SecretString) -> Result<()> {
    config(&Connection::default(), Some(pem)).map(drop)
}

fn identity(pem: &SecretString) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let pem = pem.expose_secret().as_bytes();
    let chain = certificates(pem)?;
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| invalid("there is no private key beside the certificate"))?;
    Ok((chain, key))
}

/// The certificates in a PEM text; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.map_err(|_| invalid("the PEM text is broken"))?;
    if found.is_empty() {
        return Err(invalid("there is no certificate in it"));
    }
    Ok(found)
}

fn invalid(detail: &str) -> Failure {
    Failure::new(Code::KeyInvalid).with("detail", detail)
}

/// A certificate that nobody vouches for.
#[derive(Debug)]
pub(crate) struct Untrusted {
    /// Of the server's certificate, in hex.
    pub(super) sha256: String,
    cause: Error,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Untrusted {}

/// The system's trust, the session's own authority, and its exceptions.
#[derive(Debug)]
struct Verifier {
    system: rustls_platform_verifier::Verifier,
    pins: Vec<Pin>,
}

impl Verifier {
    fn new(connection: &Connection, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let extra = match &connection.authority {
            Some(authority) => certificates(authority.pem.as_bytes())?,
            None => Vec::new(),
        };
        let unavailable =
            |error: Error| Failure::new(Code::SystemUnavailable).with("detail", error);
        let system =
            rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(provider));
        Ok(Self {
            system: system.map_err(unavailable)?,
            pins: connection.pins.clone(),
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        let verified = self.system.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let cause = match verified {
            Ok(verified) => return Ok(verified),
            Err(cause) => cause,
        };
        let sha256 = hex(&Sha256::digest(end_entity));
        let host = server_name.to_str();
        if self
            .pins
            .iter()
            .any(|pin| pin.host.eq_ignore_ascii_case(&host) && pin.sha256 == sha256)
        {
            return Ok(ServerCertVerified::assertion());
        }
        let untrusted = OtherError(Arc::new(Untrusted { sha256, cause }));
        Err(Error::InvalidCertificate(CertificateError::Other(
            untrusted,
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

/// Bytes as hex digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
