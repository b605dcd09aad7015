//! Where the server is and how it is spoken to: connection strings as libpq has them, with the words of TLS and passwords that
//! the driver does not know.

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use zeroize::Zeroizing;

use super::failure::wrong;
use super::password;
use crate::error::StoreError;

/// How the connection is protected (`sslmode`, libpq 33.18.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Not at all.
    Disable,
    /// Encrypted, the server is not checked.
    Require,
    /// The certificate is checked, the name in it is not.
    VerifyCa,
    /// The certificate and its name are checked.
    VerifyFull,
}

/// A connection string that was read.
pub(crate) struct Address {
    /// What the driver takes. Its `Debug` shows no password.
    pub(crate) config: Config,
    /// How the connection is protected.
    pub(crate) protection: Protection,
    /// `sslrootcert`: a file of certificates, or `system`.
    pub(crate) root: Option<PathBuf>,
    /// `sslcert` and `sslkey`: who this client is.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// What is read here and not by the driver.
#[derive(Default)]
struct Ours {
    mode: Option<String>,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    passfile: Option<PathBuf>,
}

impl Ours {
    /// Takes a setting that is for us; gives back one that is not.
    fn take<'a>(&mut self, key: &'a str, value: &'a str) -> Option<(&'a str, &'a str)> {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "passfile" => self.passfile = Some(value.into()),
            _ => return Some((key, value)),
        }
        None
    }
}

impl Address {
    /// Reads a connection string: `postgresql://user@host:port/database?…` or `host=… user=…`.
    pub(crate) fn read(text: &str) -> Result<Self, StoreError> {
        let mut ours = Ours::default();
        let rest = match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => of_url(text, &mut ours),
            _ => of_words(text, &mut ours)?,
        };
        let mut config: Config = rest.parse().map_err(|e| wrong(&reason(&e)))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host (`host=…`, or a folder of a socket)"));
        }
        let local = config.get_hosts().iter().all(is_local);
        let protection = protection(ours.mode.as_deref(), local)?;
        let driver =
            if protection == Protection::Disable { SslMode::Disable } else { SslMode::Require };
        config.ssl_mode(driver);
        if config.get_password().is_none()
            && let Some(found) = password::find(&config, ours.passfile.as_deref())?
        {
            config.password(found.as_bytes());
        }
        let identity = match (ours.certificate, ours.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(wrong("`sslcert` and `sslkey` come together")),
        };
        Ok(Self { config, protection, root: ours.root, identity })
    }

    /// For people: hosts and database, without a password.
    pub(crate) fn shown(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(n, host)| {
            let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{} (port {port})", folder.display()),
            }
        });
        let hosts: Vec<_> = hosts.collect();
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("");
        format!("database '{database}' at {}", hosts.join(", "))
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => {
            name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn protection(mode: Option<&str>, local: bool) -> Result<Protection, StoreError> {
    Ok(match mode {
        None if local => Protection::Disable,
        None | Some("verify-full") => Protection::VerifyFull,
        Some("disable") => Protection::Disable,
        Some("require") => Protection::Require,
        Some("verify-ca") => Protection::VerifyCa,
        Some(weak @ ("prefer" | "allow")) => {
            return Err(wrong(&format!(
                "sslmode={weak} goes on without TLS when somebody in between says so; say verify-full, verify-ca or require, or \
                 disable where the way is protected otherwise"
            )));
        }
        Some(other) => {
            return Err(wrong(&format!(
                "sslmode={other} is none of disable, require, verify-ca, verify-full"
            )));
        }
    })
}

/// What the driver says is wrong: it names settings, never their values.
fn reason(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// The URL without what is ours.
fn of_url(text: &str, ours: &mut Ours) -> Zeroizing<String> {
    let Some((base, query)) = text.split_once('?') else {
        return Zeroizing::new(text.to_owned());
    };
    let mut rest = Zeroizing::new(base.to_owned());
    let mut sign = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if ours.take(&decoded(key), &decoded(value)).is_some() {
            rest.push(sign);
            rest.push_str(pair);
            sign = '&';
        }
    }
    rest
}

/// Percent-encoding (RFC 3986, section 2.1) undone.
fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.get(..2)).flatten();
        let value = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        octets.push(value.unwrap_or(first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The `key=value` words without what is ours.
fn of_words(text: &str, ours: &mut Ours) -> Result<Zeroizing<String>, StoreError> {
    let mut rest = Zeroizing::new(String::new());
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|c| c.is_whitespace()).is_some() {}
        if letters.peek().is_none() {
            return Ok(rest);
        }
        let mut key = String::new();
        while let Some(c) = letters.next_if(|c| *c != '=' && !c.is_whitespace()) {
            key.push(c);
        }
        while letters.next_if(|c| c.is_whitespace()).is_some() {}
        if letters.next() != Some('=') {
            return Err(wrong("it is neither `postgresql://…` nor words like `host=… user=…`"));
        }
        while letters.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = letters.next_if_eq(&'\'').is_some();
        let mut value = Zeroizing::new(String::new());
        loop {
            match letters.next() {
                None if quoted => return Err(wrong("a quote is not closed")),
                None => break,
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some('\\') => value.extend(letters.next()),
                Some(c) => value.push(c),
            }
        }
        if ours.take(&key, &value).is_some() {
            let value = Zeroizing::new(value.replace('\\', "\\\\").replace('\'', "\\'"));
            rest.push_str(&key);
            rest.push_str("='");
            rest.push_str(&value);
            rest.push_str("' ");
        }
    }
}

/// The system's trusted certificates.
pub(crate) const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

impl Address {
    /// The file of trusted certificates: what was said, else libpq's own place, else the system's.
    pub(crate) fn roots(&self) -> Result<PathBuf, StoreError> {
        match &self.root {
            Some(path) if path.as_os_str() != "system" => return Ok(path.clone()),
            Some(_) => {}
            None => {
                let own = std::env::var_os("HOME")
                    .map(|home| Path::new(&home).join(".postgresql/root.crt"))
                    .filter(|path| path.exists());
                if let Some(own) = own {
                    return Ok(own);
                }
            }
        }
        let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let known = SYSTEM_ROOTS.iter().map(PathBuf::from);
        named.into_iter().chain(known).find(|path| path.exists()).ok_or_else(|| {
            wrong("no trusted certificates were found; say where they are: sslrootcert=/path/of/ca.pem")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Address {
        Address::read(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn refused(text: &str) -> String {
        match Address::read(text) {
            Err(e) => e.to_string(),
            Ok(address) => panic!("{text}: {:?}", address.protection),
        }
    }

    #[test]
    fn protection_is_full_unless_the_server_is_here_or_it_is_named() {
        for (text, protection) in [
            ("postgresql://u:p@db.example/w", Protection::VerifyFull),
            ("postgresql://u:p@localhost,db.example/w", Protection::VerifyFull),
            ("postgresql://u:p@127.0.0.1:5433/w", Protection::Disable),
            ("host=/var/run/postgresql user=u password=p", Protection::Disable),
            ("host=db.example user=u password=p sslmode = disable", Protection::Disable),
            ("postgres://u:p@db.example/w?sslmode=require", Protection::Require),
            (
                "postgres://u:p@db.example/w?connect_timeout=3&sslmode=verify%2Dca",
                Protection::VerifyCa,
            ),
        ] {
            assert_eq!(read(text).protection, protection, "{text}");
        }
        assert!(
            refused("host=db.example user=u password=p sslmode=prefer").contains("sslmode=prefer")
        );
        assert!(refused("host=db.example user=u password=p sslmode=on").contains("verify-full"));
    }

    #[test]
    fn words_and_urls_are_the_same() {
        let words = read(
            r"host=db.example port=5433 user=u password='it\'s a \\secret' dbname=w sslrootcert='/a b.pem'",
        );
        let url =
            read("postgresql://u:it's%20a%20%5Csecret@db.example:5433/w?sslrootcert=%2Fa%20b.pem");
        for address in [&words, &url] {
            assert_eq!(address.config.get_password(), Some(&br"it's a \secret"[..]));
            assert_eq!(address.root.as_deref(), Some(Path::new("/a b.pem")));
            assert_eq!(address.shown(), "database 'w' at db.example:5433");
            assert!(!format!("{:?}", address.config).contains("secret"));
        }
    }

    #[test]
    fn mistakes_are_told_without_values() {
        for (text, said) in [
            ("user=u password=hunter2", "names no host"),
            ("host=h user=u password='hunter2", "quote is not closed"),
            ("hunter2", "neither"),
            ("host=h password=hunter2 port=hunter2", "port"),
            ("host=h password=hunter2 colour=hunter2", "colour"),
            ("host=h password=hunter2 sslcert=/c", "come together"),
        ] {
            let text = refused(text);
            assert!(text.contains(said) && !text.contains("hunter2"), "{text}");
        }
    }
}
