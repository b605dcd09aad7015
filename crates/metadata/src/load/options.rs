//! Limits of loading, and what may be followed.

use waxwing_xml::Limits;

/// What is loaded at most, and from where. Metadata comes from strangers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The most documents. 256: the largest public service descriptions have some sixty.
    pub max_documents: usize,
    /// The most octets of all documents together. 32 MiB.
    pub max_octets: usize,
    /// How deep elements of a document may nest. 256.
    pub max_depth: usize,
    /// How many imports may lead from a document that was given to another one. 32.
    pub max_hops: usize,
    /// Hosts (`host`, `host:port` or `scheme://host:port`) that documents of other origins may refer to; `*` is every host.
    pub allowed_origins: Vec<String>,
    /// The folder that files may refer to, with all below it; without it each given file's own folder.
    pub root: Option<String>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            max_documents: 256,
            max_octets: 32 << 20,
            max_depth: 256,
            max_hops: 32,
            allowed_origins: Vec::new(),
            root: None,
        }
    }
}

impl LoadOptions {
    /// Whether documents of other origins may refer to this one (see [`Location::origin`](crate::Location::origin)).
    pub fn allows_origin(&self, origin: &str) -> bool {
        let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        self.allowed_origins.iter().any(|allowed| {
            let allowed = allowed.trim_end_matches('/').to_ascii_lowercase();
            allowed == "*" || [origin, authority, host].contains(&allowed.as_str())
        })
    }

    /// The limits of the XML parser for one document.
    pub(super) fn xml(&self) -> Limits {
        Limits {
            max_bytes: self.max_octets,
            max_depth: self.max_depth,
            // Every URI of a document may be one.
            max_name_length: 4096,
            max_string_content_length: self.max_octets,
            allow_processing_instructions: true,
            ..Limits::SOAP
        }
    }
}
