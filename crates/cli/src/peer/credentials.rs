//! Who we are to a service, and whom we believe: by options, files and the terminal. Secrets are never in an error.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use waxwing::ChannelFactory;
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::metadata::MetadataReader;
use zeroize::Zeroizing;

use super::fit::{Given, fit};
use super::pem::of_pem;
use super::problem::Problem;

/// The variable that holds the password where no option says another.
const PASSWORD: &str = "WAXWING_PASSWORD";

/// Credentials and trust.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Credentials {
    /// The user name; the password comes from --password-file, --password-env, WAXWING_PASSWORD, or is asked for
    #[arg(long, value_name = "NAME", help_heading = "Credentials")]
    user: Option<String>,
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
    /// The client's certificate with its key: .pfx, .p12, or PEM
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    client_certificate: Option<PathBuf>,
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
    /// The service's certificate, where it is not negotiated (PEM or DER)
    #[arg(long, value_name = "FILE", help_heading = "Trust")]
    service_certificate: Option<PathBuf>,
    /// Believe every certificate of the service: for tests alone, anybody can be the service then
    #[arg(long, help_heading = "Trust")]
    any_certificate: bool,
}

impl Credentials {
    /// Puts them into a factory.
    ///
    /// # Errors
    /// A file cannot be read or used, or a password is missing.
    pub(crate) fn give(&self, mut factory: ChannelFactory) -> Result<ChannelFactory, Problem> {
        for note in fit(factory.endpoint(), self.given())? {
            eprintln!("note: {note}");
        }
        if let Some(user) = &self.user {
            let password = self.password(user)?;
            factory = factory.user_name(user, password.as_str());
        }
        if let Some(identity) = self.identity()? {
            factory = factory.client_certificate(identity);
        }
        if let Some(path) = &self.service_certificate {
            let mut found = certificates(path)?.into_iter();
            let first = found.next().ok_or_else(|| nothing(path))?;
            factory = factory.service_certificate(first);
        }
        if self.any_certificate {
            let all = |_: &Certificate, _: &[Certificate], _: waxwing::jiff::Timestamp| Ok(());
            return Ok(factory.service_trust(all).https_trust(all));
        }
        let authorities = self.authorities()?;
        if !authorities.is_empty() {
            let trust = CertificateValidator::new(
                ValidationMode::ChainTrust,
                RevocationMode::NoCheck,
                Usage::Service,
            );
            let trust = trust.with_roots(authorities.clone());
            factory = factory.https_roots(authorities).service_trust(trust);
        }
        Ok(factory)
    }

    fn given(&self) -> Given {
        Given {
            user: self.user.is_some(),
            client_certificate: self.client_certificate.is_some(),
            service_certificate: self.service_certificate.is_some(),
        }
    }

    /// The same for whoever reads metadata: whom HTTPS believes.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub(crate) fn reader(&self, reader: MetadataReader) -> Result<MetadataReader, Problem> {
        Ok(reader.https_roots(self.authorities()?))
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

    fn password(&self, user: &str) -> Result<Zeroizing<String>, Problem> {
        if let Some(path) = &self.password_file {
            return first_line(path);
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
        if !std::io::stdin().is_terminal() {
            return Err(Problem::usage(format!(
                "there is no password for {user}: give --password-file FILE, --password-env NAME or the variable {PASSWORD}"
            )));
        }
        let terminal = console::Term::stderr();
        let asked = terminal.write_str(&format!("Password of {user}: "));
        let read = asked.and_then(|()| terminal.read_secure_line());
        read.map(Zeroizing::new)
            .map_err(|error| Problem::usage(format!("the password cannot be read: {error}")))
    }

    /// The client's certificate and key.
    fn identity(&self) -> Result<Option<Identity>, Problem> {
        let Some(path) = &self.client_certificate else { return Ok(None) };
        let mut octets = read(path)?;
        if let Some(key) = &self.client_key {
            octets.extend_from_slice(b"\n");
            octets.extend(read(key)?);
        }
        let identity = match is_pem(&octets) {
            true => of_pem(path, &octets, self.client_key.is_some()),
            false => {
                let password = match &self.certificate_password_file {
                    Some(path) => first_line(path)?,
                    None => Zeroizing::default(),
                };
                Identity::from_pkcs12(&octets, &password).map_err(|error| error.to_string())
            }
        };
        let failed = |error: String| {
            let hint = match self.certificate_password_file {
                None if !is_pem(&octets) => "; a password is given by --certificate-password-file",
                _ => "",
            };
            Problem::usage(format!("{}: {error}{hint}", path.display()))
        };
        identity.map(Some).map_err(failed)
    }
}

fn is_pem(octets: &[u8]) -> bool {
    octets.windows(11).any(|window| window == b"-----BEGIN ")
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, Problem> {
    let octets = read(path)?;
    let found = match is_pem(&octets) {
        true => Certificate::from_pem(&octets),
        false => Certificate::from_der(&octets).map(|one| vec![one]),
    };
    found.map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}

fn nothing(path: &Path) -> Problem {
    Problem::usage(format!("{} holds no certificate", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}

/// The first line of a file, without its end.
fn first_line(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let octets = Zeroizing::new(read(path)?);
    let text = std::str::from_utf8(&octets)
        .map_err(|_| Problem::usage(format!("{} is no text in UTF-8", path.display())))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
