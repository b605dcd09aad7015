//! Who we are to a server, and whom we believe, metadata included: by options, files and the terminal. Secrets are never in an error.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use waxwing::certificates::{CertificateError, identity_of_file};
use waxwing::crypto::{Certificate, Identity};
use waxwing::metadata::MetadataReader;
use zeroize::Zeroizing;

use super::problem::Problem;
use crate::password::first_line;

/// The variable that holds the password where no option says another.
const PASSWORD: &str = "WAXWING_PASSWORD";

/// Credentials and trust, for HTTP and for messages.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Access {
    /// The user name; the password comes from --password-file, --password-env, WAXWING_PASSWORD, or is asked for
    #[arg(long, value_name = "NAME", help_heading = "Credentials")]
    pub(super) user: Option<String>,
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    password_file: Option<PathBuf>,
    /// The environment variable that holds the password
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Credentials",
        conflicts_with = "password_file"
    )]
    password_env: Option<String>,
    /// The client's certificate: .pfx, .p12, or PEM; a key stands in it, or beside a NAME.cert.pem as NAME.key.pem
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    pub(super) client_certificate: Option<PathBuf>,
    /// The key, where it is neither in the file of the certificate nor beside it, as NAME.key.pem of NAME.cert.pem (PEM)
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Credentials",
        requires = "client_certificate"
    )]
    client_key: Option<PathBuf>,
    /// A file whose first line is the password of the .pfx
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Credentials",
        requires = "client_certificate"
    )]
    certificate_password_file: Option<PathBuf>,
    /// An authority whose certificates are believed, of HTTPS servers and in messages (PEM or DER); whether they were revoked
    /// is not looked up. Without it the stores under ./certificates say who is believed, or those of --config
    #[arg(long, value_name = "FILE", help_heading = "Trust")]
    ca: Vec<PathBuf>,
    /// Believe every certificate of the service: for tests alone, anybody can be the service then
    #[arg(long, help_heading = "Trust")]
    pub(super) any_certificate: bool,
    /// What the user has typed: for metadata and messages it is asked for once.
    #[arg(skip)]
    asked: Asked,
}

/// A password that was typed.
#[derive(Clone, Default)]
struct Asked(OnceLock<Zeroizing<String>>);

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Access {
    /// Gives them to whoever reads metadata.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(crate) fn reader(&self, reader: MetadataReader) -> Result<MetadataReader, Problem> {
        let mut reader = reader;
        // A template or a file needs no password: where one is asked for without it, the answer says so.
        if let Some(user) = &self.user
            && (self.has_password() || std::io::stdin().is_terminal())
        {
            let password = self.password(user)?;
            reader = reader.user_name(user, password.as_str());
        }
        if let Some(identity) = self.identity()? {
            reader = reader.client_certificate(identity);
        }
        if self.any_certificate {
            let all = |_: &Certificate, _: &[Certificate], _: waxwing::jiff::Timestamp| Ok(());
            return Ok(reader.https_trust(all));
        }
        Ok(reader.https_roots(self.authorities()?))
    }

    /// Warns where every certificate is believed.
    pub(crate) fn warn(&self) {
        if self.any_certificate {
            eprintln!("warning: every certificate of the service is believed (--any-certificate)");
        }
    }

    fn has_password(&self) -> bool {
        self.password_file.is_some()
            || self.password_env.is_some()
            || std::env::var_os(PASSWORD).is_some()
    }

    /// The authorities of `--ca`.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(crate) fn authorities(&self) -> Result<Vec<Certificate>, Problem> {
        let mut all = Vec::new();
        for path in &self.ca {
            let found = certificates(path)?;
            if found.is_empty() {
                return Err(nothing(path));
            }
            all.extend(found);
        }
        Ok(all)
    }

    /// Whether every certificate is believed.
    pub(crate) fn believes_all(&self) -> bool {
        self.any_certificate
    }

    /// The password, asked for once.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(super) fn password(&self, user: &str) -> Result<Zeroizing<String>, Problem> {
        if let Some(path) = &self.password_file {
            return first_line(path).map_err(Problem::usage);
        }
        if let Some(name) = &self.password_env {
            let missing = |_| {
                Problem::usage(format!("the environment variable {name} is not set, or no text"))
            };
            return std::env::var(name).map(Zeroizing::new).map_err(missing);
        }
        if let Ok(password) = std::env::var(PASSWORD) {
            return Ok(Zeroizing::new(password));
        }
        if let Some(password) = self.asked.0.get() {
            return Ok(password.clone());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Problem::usage(format!(
                "there is no password for {user}: give --password-file FILE, --password-env NAME or the variable {PASSWORD}"
            )));
        }
        let terminal = console::Term::stderr();
        let asked = terminal.write_str(&format!("Password of {user}: "));
        let read = asked.and_then(|()| terminal.read_secure_line());
        let read = read.map(Zeroizing::new);
        let password =
            read.map_err(|error| Problem::usage(format!("the password cannot be read: {error}")))?;
        Ok(self.asked.0.get_or_init(|| password).clone())
    }

    /// The client's certificate and key.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(super) fn identity(&self) -> Result<Option<Identity>, Problem> {
        let Some(path) = &self.client_certificate else { return Ok(None) };
        let password = self.certificate_password_file.as_deref().map(first_line).transpose();
        let password = password.map_err(Problem::usage)?;
        let found = identity_of_file(path, self.client_key.as_deref(), password);
        let told = |error| match error {
            CertificateError::Password { file, is_set, .. } => {
                let hint = "--certificate-password-file FILE gives it".to_owned();
                CertificateError::Password { file, is_set, hint }.to_string()
            }
            CertificateError::NoKey { .. } => format!("{error}; or give it by --client-key FILE"),
            error => error.to_string(),
        };
        found.map(Some).map_err(|error| Problem::usage(told(error)))
    }
}

fn is_pem(octets: &[u8]) -> bool {
    octets.windows(11).any(|window| window == b"-----BEGIN ")
}

pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, Problem> {
    let octets = read(path)?;
    let found = match is_pem(&octets) {
        true => Certificate::from_pem(&octets),
        false => Certificate::from_der(&octets).map(|one| vec![one]),
    };
    found.map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}

pub(super) fn nothing(path: &Path) -> Problem {
    Problem::usage(format!("{} holds no certificate", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}
