//! What a service shows to those who only look: pages, asked for by GET.

use std::net::SocketAddr;

use bytes::Bytes;

/// Somebody asks for a page (GET or HEAD).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PageRequest {
    /// Path and query as they were written: `/calc?wsdl`.
    pub target: String,
    /// The host that is asked for, with its port if it is named.
    pub host: Option<String>,
    /// Whether it came over TLS to this process.
    pub protected: bool,
    /// Who asks.
    pub peer: SocketAddr,
    /// Names, in small letters, and values.
    headers: Vec<(String, String)>,
}

impl PageRequest {
    /// A request without headers.
    pub fn new(target: impl Into<String>, host: Option<String>, peer: SocketAddr) -> Self {
        Self { target: target.into(), host, protected: false, peer, headers: Vec::new() }
    }

    /// The same over a transport that protects, or does not.
    #[must_use]
    pub fn over(self, protected: bool) -> Self {
        Self { protected, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The value of a header by its name in small letters; none when it is not there, or there more than once: whoever is in
    /// front may have meant another one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(own, _)| own == name);
        let (_, value) = all.next()?;
        all.next().is_none().then_some(value.as_str())
    }

    /// The path of the target.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query of the target, without the question mark; none when there is none.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }
}

/// A page, or why there is none.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The status of HTTP.
    pub status: u16,
    /// The `Content-Type`; empty without content.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub content: Bytes,
}

impl Page {
    /// A status without content.
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: "", headers: Vec::new(), content: Bytes::new() }
    }

    /// Content with status 200.
    pub fn of(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self { content_type, content: content.into(), ..Self::empty(200) }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
