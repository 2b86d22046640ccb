//! Certificates for one broker.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::ToolError;

/// The files, all PEM.
#[derive(Debug)]
pub(super) struct Certificates {
    /// Of the authority, which nobody trusts by itself.
    pub(super) authority: PathBuf,
    /// For `localhost` and 127.0.0.1, from the authority.
    pub(super) server: PathBuf,
    pub(super) server_key: PathBuf,
}

impl Certificates {
    pub(super) fn make(folder: &Path) -> Result<Self, ToolError> {
        let files = Self {
            authority: folder.join("ca.pem"),
            server: folder.join("server.pem"),
            server_key: folder.join("server-key.pem"),
        };
        let made = make().map_err(|error| ToolError::new(format!("no certificates: {error}")))?;
        let [authority, server, server_key] = made;
        fs::write(&files.authority, authority)?;
        fs::write(&files.server, server)?;
        fs::write(&files.server_key, server_key)?;
        Ok(files)
    }
}

fn make() -> Result<[String; 3], rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "an authority for one test");
    let authority = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let server = params.signed_by(&key, &issuer)?;
    Ok([authority.pem(), server.pem(), key.serialize_pem()])
}
