//! What was tried to get metadata.

use std::fmt;

/// One question, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// How it was asked: `GET`, `MEX, SOAP 1.2`.
    pub how: &'static str,
    /// The address.
    pub address: String,
    /// What came: `wsdl` or another kind of document, or why nothing.
    pub outcome: Result<&'static str, String>,
}

impl Attempt {
    pub(super) fn new(
        how: &'static str,
        address: &str,
        outcome: Result<&'static str, String>,
    ) -> Self {
        Self { how, address: address.to_owned(), outcome }
    }

    /// Whether the server wants to know who asks.
    pub(super) fn is_of_login(&self) -> bool {
        self.outcome.as_ref().is_err_and(|why| why.starts_with("HTTP 401"))
    }
}

/// `GET http://…: HTTP 404 Not Found`.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match &self.outcome {
            Ok(kind) => kind,
            Err(why) => why.as_str(),
        };
        write!(f, "{} {}: {outcome}", self.how, self.address)
    }
}
