//! Documents that cannot be read, told to people.

use waxwing_xml::{ParseError, ParseErrorKind, Position};

use super::decode::Undecodable;
use crate::finding::{Finding, Severity};
use crate::location::{At, Location};

/// Octets that are no text.
pub(super) fn undecodable(location: &Location, wrong: &Undecodable) -> Finding {
    let at = At { location: location.clone(), line: 1, column: 1 };
    match &wrong.encoding {
        Some(encoding) => {
            let told = format!("The encoding '{encoding}' is not known");
            Finding::new("encoding", Severity::Error, told)
                .at(at)
                .help("save the file as UTF-8 (also UTF-16, ISO-8859-1 and windows-1252 are read)")
        }
        None => {
            let told = format!(
                "The octet at {} does not belong to the encoding of the file",
                wrong.offset
            );
            Finding::new("encoding", Severity::Error, told)
                .at(at)
                .help("the file is broken there, or declares a wrong encoding")
        }
    }
}

/// Text that is no XML, or too much of it.
pub(super) fn broken(location: &Location, text: &str, error: &ParseError) -> Finding {
    let Position { line, column } = error.position;
    let at = At { location: location.clone(), line, column };
    let (code, told, help) = match &error.kind {
        ParseErrorKind::Limit { limit, value } => {
            let told = format!("The document exceeds the limit {limit} = {value}");
            ("xml-limit", told, "is it metadata? The limits keep strangers from filling the memory")
        }
        ParseErrorKind::Forbidden(what) if what.contains("document type") => (
            "xml-doctype",
            "A document type declaration (<!DOCTYPE) is not read".to_owned(),
            "remove it: no WSDL or schema needs one, and entities are a way to attack",
        ),
        ParseErrorKind::UnboundPrefix(prefix) => (
            "xml-syntax",
            format!("The prefix '{prefix}' is not declared"),
            "declare it (xmlns:…) on this element or one around it",
        ),
        ParseErrorKind::UnexpectedEnd(_) => {
            ("xml-syntax", sentence(error), "the file is cut off: get it again")
        }
        _ if !text.trim_start().starts_with('<') => (
            "not-xml",
            "This is no XML document".to_owned(),
            "a WSDL begins with <definitions>, a schema with <schema>",
        ),
        _ => ("xml-syntax", sentence(error), "mend the document there"),
    };
    Finding::new(code, Severity::Error, told).at(at).help(help)
}

fn sentence(error: &ParseError) -> String {
    let text = error.kind.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
