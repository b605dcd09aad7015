//! Reading the files of a store.

use std::fmt;
use std::path::{Path, PathBuf};

use waxwing_crypto::{Certificate, Identity, PrivateKey, RevocationList};
use zeroize::Zeroizing;

use super::CertificateError;

/// The password of PKCS#12 files that lie in a store, where it is not empty.
const PASSWORD_VARIABLE: &str = "WAXWING_PKCS12_PASSWORD";

/// A certificate in a store.
#[derive(Debug, Clone)]
pub struct StoredCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// Its private key, where the file or one beside it holds it.
    pub key: Option<PrivateKey>,
    /// Other certificates of the file.
    pub chain: Vec<Certificate>,
    /// The file.
    pub file: PathBuf,
}

impl fmt::Display for StoredCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, thumbprint) =
            (self.certificate.subject_windows(), self.certificate.thumbprint_hex());
        write!(f, "'{subject}' (thumbprint {thumbprint})")
    }
}

/// What lies in a store, file by file.
#[derive(Debug, Default)]
pub struct Survey {
    /// Its certificates, in the order of file names.
    pub certificates: Vec<StoredCertificate>,
    /// Why files cannot be used.
    pub problems: Vec<CertificateError>,
}

/// Every certificate of a folder, in the order of file names.
pub(super) fn read(folder: &Path) -> Result<Vec<StoredCertificate>, CertificateError> {
    let Survey { certificates, problems } = survey(folder);
    match problems.into_iter().next() {
        None => Ok(certificates),
        Some(problem) => Err(problem),
    }
}

/// The same, file by file: one that cannot be used does not hide the others.
pub(super) fn survey(folder: &Path) -> Survey {
    let mut found = Survey::default();
    let files = match files(folder, &["pem", "crt", "cer", "p7b", "p12", "pfx"]) {
        Ok(files) => files,
        Err(problem) => return Survey { problems: vec![problem], ..found },
    };
    for file in files.into_iter().filter(|file| !file.to_string_lossy().ends_with(".key.pem")) {
        match of_file(file) {
            Ok(certificates) => found.certificates.extend(certificates),
            Err(problem) => found.problems.push(problem),
        }
    }
    found
}

fn of_file(file: PathBuf) -> Result<Vec<StoredCertificate>, CertificateError> {
    let password = Password {
        value: std::env::var(PASSWORD_VARIABLE).ok().map(Zeroizing::new),
        hint: format!("put the right one into the environment variable {PASSWORD_VARIABLE}"),
    };
    of_file_with(file, &password)
}

/// The certificates of a file, one of PKCS#12 opened with `password`; without one, as a store opens it.
pub(super) fn read_file(
    file: &Path,
    password: Option<Zeroizing<String>>,
) -> Result<Vec<StoredCertificate>, CertificateError> {
    match password {
        None => of_file(file.to_owned()),
        password => {
            let hint = "give the right one".to_owned();
            of_file_with(file.to_owned(), &Password { value: password, hint })
        }
    }
}

fn of_file_with(
    file: PathBuf,
    password: &Password,
) -> Result<Vec<StoredCertificate>, CertificateError> {
    let octets = contents(&file)?;
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !["p12", "pfx"].iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return of_text(&octets, file);
    }
    of_pkcs12(&octets, password, file).map(|stored| vec![stored])
}

/// The password of a PKCS#12 file, and where it comes from.
struct Password {
    value: Option<Zeroizing<String>>,
    hint: String,
}

/// The certificate of an `<add>` of `<certificateFiles>`; names count from `base`.
pub(super) fn read_named(
    base: &Path,
    certificate: &str,
    key: Option<&str>,
    password_variable: Option<&str>,
) -> Result<StoredCertificate, CertificateError> {
    let file = base.join(certificate);
    let octets = contents(&file)?;
    let password = match password_variable {
        None => None,
        Some(variable) => {
            Some(std::env::var(variable).map_err(|_| CertificateError::NoPassword {
                variable: variable.to_owned(),
                file: file.display().to_string(),
            })?)
        }
    };
    let is_text = octets.windows(11).any(|w| w == b"-----BEGIN ");
    let is_certificate = Certificate::from_der(&octets).is_ok();
    let mut stored = if is_text || is_certificate {
        let all = of_text(&octets, file.clone())?;
        let own = all.iter().position(|stored| stored.key.is_some()).unwrap_or(0);
        let mut rest: Vec<_> = all.into_iter().collect();
        let mut stored = rest.swap_remove(own);
        stored.chain.extend(rest.into_iter().map(|other| other.certificate));
        stored
    } else {
        let hint = match password_variable {
            Some(variable) => format!("put the right one into the environment variable {variable}"),
            None => "name the environment variable that holds it in passwordVariable of <certificateFiles><add>"
                .to_owned(),
        };
        of_pkcs12(&octets, &Password { value: password.map(Zeroizing::new), hint }, file.clone())?
    };
    if let Some(key) = key {
        let key_file = base.join(key);
        let content =
            |error| CertificateError::Content { file: key_file.display().to_string(), error };
        let key = PrivateKey::from_pem(&contents(&key_file)?).map_err(content)?;
        let mut certificates = vec![stored.certificate];
        certificates.append(&mut stored.chain);
        let identity = Identity::of(certificates, key).map_err(content)?;
        stored = StoredCertificate {
            certificate: identity.certificate,
            key: Some(identity.key),
            chain: identity.chain,
            file,
        };
    }
    Ok(stored)
}

/// The revocation lists of a folder.
pub(super) fn revocation_lists(folder: &Path) -> Result<Vec<RevocationList>, CertificateError> {
    let mut found = Vec::new();
    for file in files(folder, &["crl"])? {
        let list = RevocationList::from_octets(&contents(&file)?);
        found.push(list.map_err(|error| CertificateError::Content {
            file: file.display().to_string(),
            error,
        })?);
    }
    Ok(found)
}

/// Where the private key of a certificate file is looked for.
pub(super) fn key_beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem =
        name.strip_suffix(".cert.pem").or_else(|| name.rsplit_once('.').map(|(stem, _)| stem));
    file.with_file_name(format!("{}.key.pem", stem.unwrap_or(&name)))
}

/// What is in a store, for a person who does not find something in it.
pub(super) fn describe(all: &[StoredCertificate]) -> String {
    /// More than these nobody reads.
    const SHOWN: usize = 8;
    if all.is_empty() {
        return "there is no certificate".to_owned();
    }
    let shown: Vec<_> = all.iter().take(SHOWN).map(StoredCertificate::to_string).collect();
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("there is {}{more}", shown.join(", "))
}

fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, CertificateError> {
    let failed = |error| CertificateError::File { file: folder.display().to_string(), error };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The octets of a file, which may hold a private key: wiped when dropped.
fn contents(file: &Path) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    std::fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| CertificateError::File { file: file.display().to_string(), error })
}

fn of_pkcs12(
    octets: &[u8],
    password: &Password,
    file: PathBuf,
) -> Result<StoredCertificate, CertificateError> {
    let Password { value, hint } = password;
    let content = |error| match error {
        waxwing_crypto::CryptoError::Password => CertificateError::Password {
            file: file.display().to_string(),
            is_set: value.is_some(),
            hint: hint.clone(),
        },
        error => CertificateError::Content { file: file.display().to_string(), error },
    };
    let password = value.as_ref().map_or("", |value| value.as_str());
    match Identity::from_pkcs12(octets, password) {
        Ok(Identity { certificate, key, chain }) => {
            Ok(StoredCertificate { certificate, key: Some(key), chain, file })
        }
        Err(waxwing_crypto::CryptoError::NoPrivateKey) => {
            let mut all = Identity::certificates_of_pkcs12(octets, password).map_err(content)?;
            let certificate = all.remove(0);
            Ok(StoredCertificate { certificate, key: None, chain: all, file })
        }
        Err(error) => Err(content(error)),
    }
}

/// PEM or DER. A key in the file or beside it makes one identity of it; without one every certificate is its own.
fn of_text(octets: &[u8], file: PathBuf) -> Result<Vec<StoredCertificate>, CertificateError> {
    let content = |error| CertificateError::Content { file: file.display().to_string(), error };
    let is_text = octets.windows(11).any(|w| w == b"-----BEGIN ");
    let certificates = match is_text {
        true if octets.windows(16).any(|w| w == b"-----BEGIN PKCS7") => {
            Certificate::collection(octets).map_err(content)?
        }
        true => Certificate::from_pem(octets).map_err(content)?,
        false => Certificate::collection(octets).map_err(content)?,
    };
    let beside = key_beside(&file);
    let key = if octets.windows(12).any(|w| w == b"PRIVATE KEY-") {
        Some(PrivateKey::from_pem(octets).map_err(content)?)
    } else if beside != file && beside.is_file() {
        let content =
            |error| CertificateError::Content { file: beside.display().to_string(), error };
        Some(PrivateKey::from_pem(&contents(&beside)?).map_err(content)?)
    } else {
        None
    };
    match key {
        Some(key) => {
            let Identity { certificate, key, chain } =
                Identity::of(certificates, key).map_err(content)?;
            Ok(vec![StoredCertificate { certificate, key: Some(key), chain, file }])
        }
        None => Ok(certificates
            .into_iter()
            .map(|certificate| StoredCertificate {
                certificate,
                key: None,
                chain: Vec::new(),
                file: file.clone(),
            })
            .collect()),
    }
}
