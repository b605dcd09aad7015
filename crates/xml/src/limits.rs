//! What a document may contain at most.

/// Limits of the parser, in the manner of WCF's `readerQuotas`. Exceeding one is a
/// [`ParseError`](crate::ParseError) that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a document or fragment. 64 MiB.
    pub max_bytes: usize,
    /// How deep elements may nest. 128, what WCF grants buffered messages.
    pub max_depth: usize,
    /// The most attributes of one element, namespace declarations not counted. 1024.
    pub max_attributes: usize,
    /// The most namespace declarations in scope at once. 256: linear look-ups stay short.
    pub max_namespace_declarations: usize,
    /// The most different prefixes of a document, the most different namespace names, and the most
    /// different pairs of the two, each with the empty one and that of `xml` counted. 1024.
    pub max_distinct_names: usize,
    /// The most bytes of a qualified name. 1024.
    pub max_name_length: usize,
    /// The most bytes of one text node or attribute value. 64 MiB.
    pub max_string_content_length: usize,
    /// The most nodes of a document, fragments included. 4 million.
    pub max_nodes: usize,
    /// Whether processing instructions are allowed (SOAP 1.2 Part 1 §5 forbids them).
    pub allow_processing_instructions: bool,
}

impl Limits {
    /// Limits for SOAP messages: the defaults of each field.
    pub const SOAP: Limits = Limits {
        max_bytes: 64 << 20,
        max_depth: 128,
        max_attributes: 1024,
        max_namespace_declarations: 256,
        max_distinct_names: 1024,
        max_name_length: 1024,
        max_string_content_length: 64 << 20,
        max_nodes: 4 << 20,
        allow_processing_instructions: false,
    };

    /// What a document can hold, for text that was within limits when it was read first, or that is one's own: what stands
    /// around it meanwhile must not make it fail. Never for a stranger's.
    pub const ANY: Limits = Limits {
        max_bytes: usize::MAX,
        max_depth: usize::MAX,
        max_attributes: usize::MAX,
        max_namespace_declarations: usize::MAX,
        max_distinct_names: usize::MAX,
        max_name_length: usize::MAX,
        max_string_content_length: usize::MAX,
        max_nodes: usize::MAX,
        allow_processing_instructions: false,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::SOAP
    }
}
