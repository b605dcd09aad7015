//! White space, as XML has it.

/// XML's white space; Rust's `trim` would take more.
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// True for text of nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}
