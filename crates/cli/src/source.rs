//! What the commands on metadata have in common: the source, which port of it, and how far loading may go.

use std::path::PathBuf;
use std::time::Duration;

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
    #[arg(long, value_name = "URL")]
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
