//! XML documents for SOAP: strict parser, tree with source spans, writer, exclusive canonicalization.
