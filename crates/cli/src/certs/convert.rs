//! `waxwing certs convert`: between PKCS#12 and PEM.

use std::io::Write;
use std::path::{Path, PathBuf};

use waxwing::certificates::{StoredCertificate, certificates_of_file};
use waxwing::crypto::{Identity, Pkcs12Encryption};
use waxwing::security::Zeroizing;

use super::{DONE, password_of};
use crate::authority::Failure;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What is read: .pfx, .p12, .pem, .crt, .cer, .p7b; a key stands in it, or beside a NAME.cert.pem as NAME.key.pem
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// What is written: .pfx or .p12, or .pem with certificate, key and chain
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// A file whose first line is the password of FROM; by default WAXWING_PKCS12_PASSWORD has it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file whose first line is the password of TO; by default that of FROM
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// Encrypt TO so that Windows before 2018 can read it (Triple DES, SHA-1)
    #[arg(long)]
    old_windows: bool,
    /// Replace TO
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let (from, to) = (&arguments.from, &arguments.to);
    if to.exists() && !arguments.force {
        return Err(format!("{} is there already; --force replaces it", to.display()).into());
    }
    let password = password_of(arguments.password_file.as_deref())?;
    let new_password = password_of(arguments.new_password_file.as_deref())?;
    let stored = own(certificates_of_file(from, password.clone())?, from)?;
    let octets = match extension(to).as_deref() {
        Some("pfx" | "p12") => {
            let environment = || std::env::var("WAXWING_PKCS12_PASSWORD").ok().map(Zeroizing::new);
            let password = new_password.or(password).or_else(environment);
            let password = password.ok_or(
                "the new file needs a password: put it into the first line of a file and name that in \
                 --new-password-file, or into the environment variable WAXWING_PKCS12_PASSWORD",
            )?;
            pkcs12(&stored, &password, arguments.old_windows)?
        }
        Some("pem") => pem(&stored)?,
        _ => {
            return Err(format!(
                "{}: what is to be written is told by the end of the name: .pfx, .p12 or .pem",
                to.display()
            )
            .into());
        }
    };
    waxwing::files::create_private(to)?.write_all(&octets)?;
    println!("wrote     {}: {stored}, {}", to.display(), with(&stored));
    Ok(DONE)
}

fn extension(file: &Path) -> Option<String> {
    file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase())
}

/// The certificate with the key, the others its chain; without any key the first one.
fn own(mut all: Vec<StoredCertificate>, file: &Path) -> Result<StoredCertificate, Failure> {
    if all.is_empty() {
        return Err(format!("there is no certificate in {}", file.display()).into());
    }
    let own = all.iter().position(|stored| stored.key.is_some()).unwrap_or(0);
    let mut stored = all.remove(own);
    stored.chain.extend(all.into_iter().map(|other| other.certificate));
    Ok(stored)
}

fn pkcs12(
    stored: &StoredCertificate,
    password: &str,
    old_windows: bool,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let key = stored.key.clone().ok_or_else(|| {
        let file = stored.file.display();
        format!("{file} has no private key, nor has a file beside it: PKCS#12 without one is of no use to WCF")
    })?;
    let (certificate, chain) = (stored.certificate.clone(), stored.chain.clone());
    let identity = Identity { certificate, key, chain };
    let encryption =
        if old_windows { Pkcs12Encryption::TripleDes } else { Pkcs12Encryption::Aes256 };
    Ok(identity.to_pkcs12(password, encryption)?)
}

/// Certificate, key, chain: what `Identity::from_pem` takes.
fn pem(stored: &StoredCertificate) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(stored.certificate.to_pem());
    if let Some(key) = &stored.key {
        let key = key.to_pem()?;
        // A buffer that grows would leave the key behind in the old one.
        let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + key.len()));
        whole.extend_from_slice(&text);
        whole.extend_from_slice(&key);
        text = whole;
    }
    let chain: Vec<u8> = stored.chain.iter().flat_map(|c| c.to_pem()).collect();
    let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + chain.len()));
    whole.extend_from_slice(&text);
    whole.extend_from_slice(&chain);
    Ok(whole)
}

fn with(stored: &StoredCertificate) -> String {
    let key = if stored.key.is_some() { "with its key" } else { "without a key" };
    match stored.chain.len() {
        0 => key.to_owned(),
        1 => format!("{key} and 1 certificate of its chain"),
        more => format!("{key} and {more} certificates of its chain"),
    }
}
