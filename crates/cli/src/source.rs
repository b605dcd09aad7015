//! What the commands on metadata have in common: the source, which port of it, and how far loading may go.

use std::path::PathBuf;
use std::time::Duration;

use waxwing::metadata::MetadataReader;
use waxwing::soap::Address;
use waxwing_metadata::MetadataSet;
use waxwing_metadata::judge::PortVerdict;
use waxwing_metadata::load::LoadOptions;

use crate::peer::access::Access;
use crate::peer::problem::Problem;

/// `SOURCE…` and the options that go with it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Source {
    /// A file, a folder (also Visual Studio's with Reference.svcmap), an http(s) address, a file with an endpoint
    /// reference, or "-" for the standard input; several are one set
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) access: Access,
}

impl Source {
    /// Reads the sources together, addresses with what they refer to.
    ///
    /// # Errors
    /// One of them is not there, or says nothing of itself.
    pub(crate) fn load(&self) -> Result<MetadataSet, Problem> {
        self.limits.load(&self.sources, &self.access)
    }
}

impl Limits {
    /// Reads sources together within these limits.
    ///
    /// # Errors
    /// One of them is not there, or says nothing of itself.
    pub(crate) fn load(&self, sources: &[String], access: &Access) -> Result<MetadataSet, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Problem::unreadable(format!("cannot start: {error}")))?;
        access.warn();
        let reader = access.reader(self.reader())?;
        let read = runtime.block_on(reader.read(sources));
        read.map(|metadata| metadata.set).map_err(|error| Problem::unreadable(error.to_string()))
    }

    /// The hosts that documents may come from, as options of loading.
    pub(crate) fn reader_options(&self) -> LoadOptions {
        LoadOptions { allowed_origins: self.allow_origin.clone(), ..LoadOptions::default() }
    }

    /// A reader with these limits.
    pub(crate) fn reader(&self) -> MetadataReader {
        let mut reader = MetadataReader::new();
        for host in &self.allow_origin {
            reader = reader.allow_origin(host);
        }
        if let Some(root) = &self.root {
            reader = reader.root(root);
        }
        if let Some(timeout) = self.timeout {
            reader = reader.timeout(timeout);
        }
        reader
    }
}

impl Which {
    /// Keeps the ports that are meant.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) fn choose(&self, ports: &mut Vec<PortVerdict>) -> Result<(), String> {
        if let Some(service) = &self.service {
            let known = names(ports.iter().map(|port| &*port.service.local));
            ports.retain(|port| *port.service.local == **service);
            if ports.is_empty() {
                return Err(format!("there is no service {service}; there is {known}"));
            }
        }
        if let Some(name) = &self.port {
            let known = names(ports.iter().map(|port| port.port.as_str()));
            ports.retain(|port| port.port == *name);
            if ports.is_empty() {
                return Err(format!("there is no port {name}; there is {known}"));
            }
        }
        Ok(())
    }
}

/// Names, each once.
fn names<'n>(all: impl Iterator<Item = &'n str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for name in all {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

/// Which port of a source.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Which {
    /// One port of several; default: the first that can be talked to, best security first
    #[arg(long, value_name = "NAME")]
    pub(crate) port: Option<String>,
    /// One service of several
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The address, instead of the one in the port
    #[arg(long, value_name = "URL", value_parser = absolute)]
    pub(crate) address: Option<String>,
    /// An assertion that the vendor says is harmless: '{namespace}name'
    #[arg(long, value_name = "{NS}NAME", value_parser = expanded_name)]
    pub(crate) ignore: Vec<(String, String)>,
}

/// How far loading may go.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Limits {
    /// The folder that files may import from, if not that of the source
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// A host beside that of the source that documents may be fetched from
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_origin: Vec<String>,
    /// Time for one document, like 20s or 1m
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,
}

/// An address that something can be sent to.
fn absolute(text: &str) -> Result<String, String> {
    match Address::of(text).authority().is_some() {
        true => Ok(text.to_owned()),
        false => Err("write it whole, like http://host/path".to_owned()),
    }
}

/// `{namespace}name`.
fn expanded_name(text: &str) -> Result<(String, String), String> {
    let parts = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    match parts {
        Some((namespace, name)) if !name.is_empty() => Ok((namespace.to_owned(), name.to_owned())),
        _ => Err("write '{namespace}name', as the output shows it".to_owned()),
    }
}

/// `30s`, `500ms`, `2m`, or seconds without a unit.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "write a time like 30s".to_owned())?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        unit => Err(format!("\"{unit}\" is no unit of time: write ms, s or m")),
    }
}

/// The references to documents that were not followed or are not there, with what would change it.
pub(crate) fn not_followed(set: &MetadataSet) -> Vec<String> {
    const CODES: [&str; 4] = ["refused-origin", "refused-file", "too-many-hops", "missing-import"];
    let found = set.findings().iter().filter(|finding| CODES.contains(&finding.code));
    let told = found.map(|finding| match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    });
    let mut lines: Vec<String> = told.collect();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times_are_read() {
        assert_eq!(expanded_name("{urn:x}A"), Ok(("urn:x".to_owned(), "A".to_owned())));
        assert!(expanded_name("A").is_err());
        assert_eq!(time("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert!(time("soon").is_err() && time("3h").is_err());
    }
}
