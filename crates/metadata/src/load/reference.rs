//! References between documents.

use std::sync::Arc;

use crate::location::At;

/// A reference to another document.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) kind: ReferenceKind,
    /// As written.
    pub(super) written: String,
    /// The namespace that is imported; empty where none is said.
    pub(super) namespace: String,
    pub(super) at: At,
}

/// What refers to another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReferenceKind {
    /// `wsdl:import`.
    WsdlImport,
    /// `xs:import`.
    Import,
    /// `xs:include` and its kin, with the target namespace of the includer.
    Include(Arc<str>),
    /// `wsp:PolicyReference` to another document.
    Policy,
    /// `wsx:Location`.
    Location,
    /// `wsx:MetadataReference`, or an endpoint reference that was given.
    Exchange,
    /// A reference of a discovery document.
    Discovery,
    /// A file of a `Reference.svcmap`, and the URL that it was loaded from.
    MapFile {
        /// The URL, when it is said.
        source_url: Option<String>,
    },
}
