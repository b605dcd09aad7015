//! Reading the files of a store.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use waxwing_crypto::{Certificate, Identity, PrivateKey, RevocationList};
use zeroize::Zeroizing;

use super::CertificateError;

/// The most octets of a file in a store; revocation lists of large authorities have some ten million.
const LARGEST_FILE: u64 = 64 << 20;

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

impl StoredCertificate {
    /// The certificate with its key.
    pub(super) fn identity(self) -> Result<Identity, CertificateError> {
        let Self { certificate, key, chain, file } = self;
        match key {
            Some(key) => Ok(Identity { certificate, key, chain }),
            None => Err(CertificateError::NoKey {
                subject: certificate.subject_windows(),
                file: file.display().to_string(),
                beside: key_beside(&file).display().to_string(),
            }),
        }
    }
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
    of_file_with(file, &Password::given_or_of_stores(None))
}

/// The certificates of a file, one of PKCS#12 opened with `password`; without one, as a store opens it.
pub(super) fn read_file(
    file: &Path,
    password: Option<Zeroizing<String>>,
) -> Result<Vec<StoredCertificate>, CertificateError> {
    of_file_with(file.to_owned(), &Password::given_or_of_stores(password))
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

impl Password {
    /// One that was given; else that of the files in stores.
    fn given_or_of_stores(given: Option<Zeroizing<String>>) -> Self {
        match given {
            Some(_) => Self { value: given, hint: "give the right one".to_owned() },
            None => Self {
                value: std::env::var(PASSWORD_VARIABLE).ok().map(Zeroizing::new),
                hint: format!(
                    "put the right one into the environment variable {PASSWORD_VARIABLE}"
                ),
            },
        }
    }
}

/// The certificate of an `<add>` of `<certificateFiles>`; names count from `base`.
pub(super) fn read_named(
    base: &Path,
    certificate: &str,
    key: Option<&str>,
    password_variable: Option<&str>,
) -> Result<StoredCertificate, CertificateError> {
    let file = base.join(certificate);
    let value = match password_variable {
        None => None,
        Some(variable) => {
            let value = std::env::var(variable).map_err(|_| CertificateError::NoPassword {
                variable: variable.to_owned(),
                file: file.display().to_string(),
            })?;
            Some(Zeroizing::new(value))
        }
    };
    let hint = match password_variable {
        Some(variable) => format!("put the right one into the environment variable {variable}"),
        None => "name the environment variable that holds it in passwordVariable of <certificateFiles><add>"
            .to_owned(),
    };
    one_of(file, key.map(|key| base.join(key)), &Password { value, hint })
}

/// The certificate of a file that has its key: in the file, beside it, or in `key`; with the password as in [`read_file`].
pub(super) fn read_own(
    file: &Path,
    key: Option<&Path>,
    password: Option<Zeroizing<String>>,
) -> Result<StoredCertificate, CertificateError> {
    one_of(file.to_owned(), key.map(Path::to_owned), &Password::given_or_of_stores(password))
}

/// The certificate of a file, of several the one with a key; whether it is PKCS#12 its octets tell.
fn one_of(
    file: PathBuf,
    key: Option<PathBuf>,
    password: &Password,
) -> Result<StoredCertificate, CertificateError> {
    let octets = contents(&file)?;
    let is_pkcs12 = !is_pem(&octets) && Certificate::from_der(&octets).is_err();
    let Some(key_file) = key else {
        if is_pkcs12 {
            return of_pkcs12(&octets, password, file);
        }
        let mut all = of_text(&octets, file.clone())?;
        let own = all.iter().position(|stored| stored.key.is_some()).unwrap_or(0);
        let empty = || unusable(&file)(waxwing_crypto::CryptoError::NoCertificate);
        let mut stored = (own < all.len()).then(|| all.swap_remove(own)).ok_or_else(empty)?;
        stored.chain.extend(all.into_iter().map(|other| other.certificate));
        return Ok(stored);
    };
    let certificates = match is_pkcs12 {
        true => {
            let StoredCertificate { certificate, mut chain, .. } =
                of_pkcs12(&octets, password, file.clone())?;
            chain.insert(0, certificate);
            chain
        }
        false => certificates_of_text(&octets, &file)?,
    };
    let failed = unusable(&key_file);
    let key = PrivateKey::from_pem(&contents(&key_file)?).map_err(&failed)?;
    let Identity { certificate, key, chain } = Identity::of(certificates, key).map_err(failed)?;
    Ok(StoredCertificate { certificate, key: Some(key), chain, file })
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
    read_whole(file)
        .map_err(|error| CertificateError::File { file: file.display().to_string(), error })
}

/// # Errors
/// It cannot be read, is too large, or is none: from a pipe nobody may ever write into, it would be read for ever.
fn read_whole(file: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let refused = |text: String| Err(std::io::Error::new(std::io::ErrorKind::InvalidData, text));
    let data = std::fs::metadata(file)?;
    if !data.is_file() {
        return refused("it is no file".to_owned());
    }
    let too_large = format!("it has more than {} MB", LARGEST_FILE >> 20);
    if data.len() > LARGEST_FILE {
        return refused(too_large);
    }
    // With room for all of it, so that no copies of a key are left when it grows.
    let mut octets = Zeroizing::new(Vec::with_capacity(data.len() as usize + 1));
    std::fs::File::open(file)?.take(LARGEST_FILE + 1).read_to_end(&mut octets)?;
    match octets.len() as u64 > LARGEST_FILE {
        true => refused(too_large),
        false => Ok(octets),
    }
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

fn is_pem(octets: &[u8]) -> bool {
    octets.windows(11).any(|window| window == b"-----BEGIN ")
}

/// What is said when a file does not hold what it should.
fn unusable(file: &Path) -> impl Fn(waxwing_crypto::CryptoError) -> CertificateError {
    |error| CertificateError::Content { file: file.display().to_string(), error }
}

/// PEM or DER, also of PKCS#7.
fn certificates_of_text(octets: &[u8], file: &Path) -> Result<Vec<Certificate>, CertificateError> {
    let is_pkcs7 = octets.windows(16).any(|window| window == b"-----BEGIN PKCS7");
    let found = match is_pem(octets) && !is_pkcs7 {
        true => Certificate::from_pem(octets),
        false => Certificate::collection(octets),
    };
    found.map_err(unusable(file))
}

/// The same. A key in the file or beside it makes one identity of it; without one every certificate is its own.
fn of_text(octets: &[u8], file: PathBuf) -> Result<Vec<StoredCertificate>, CertificateError> {
    let content = unusable(&file);
    let certificates = certificates_of_text(octets, &file)?;
    let beside = key_beside(&file);
    let key = if octets.windows(12).any(|w| w == b"PRIVATE KEY-") {
        Some(PrivateKey::from_pem(octets).map_err(&content)?)
    } else if beside != file && beside.is_file() {
        Some(PrivateKey::from_pem(&contents(&beside)?).map_err(unusable(&beside))?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody reads such a thing for ever, or until there is no memory.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.pem");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let text = read(folder.path()).unwrap_err().to_string();
        assert!(text.contains("pipe.pem") && text.contains("it is no file"), "{text}");
        std::fs::remove_file(&pipe).unwrap();
        let large = std::fs::File::create(folder.path().join("large.crl")).unwrap();
        large.set_len(LARGEST_FILE + 1).unwrap();
        let text = revocation_lists(folder.path()).unwrap_err().to_string();
        assert!(text.contains("large.crl") && text.contains("more than 64 MB"), "{text}");
    }
}
