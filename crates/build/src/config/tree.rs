//! Configuration files as trees with places: reading, comparing, and writing parts of one into another.

use std::fmt::Write as _;

use waxwing_xml::{Document, Element, Limits};

use super::error::MergeError;

/// As much as `waxwing check` reads of a configuration file; such files have processing instructions at times.
const LIMITS: Limits =
    Limits { max_bytes: 16 << 20, allow_processing_instructions: true, ..Limits::SOAP };

/// Parses a file whose document element is `configuration`.
pub(super) fn parse(text: &str) -> Result<Document, MergeError> {
    let document = Document::parse(text.as_bytes(), &LIMITS).map_err(|error| MergeError::Xml {
        message: error.kind.to_string(),
        line: error.position.line,
        column: error.position.column,
    })?;
    let root = document.root();
    if root.local_name() != "configuration" {
        let line = document.position(root.span().start).line;
        return Err(MergeError::Root { found: root.local_name().to_owned(), line });
    }
    Ok(document)
}

/// The first child of this name in any namespace: configuration files put `xmlns` on their root at times.
pub(super) fn child<'d>(parent: Element<'d>, name: &str) -> Option<Element<'d>> {
    parent.elements().find(|element| element.local_name() == name)
}

/// The element at the end of a path from `root`.
pub(super) fn at<'d>(root: Element<'d>, path: &[&str]) -> Option<Element<'d>> {
    path.iter().try_fold(root, |parent, name| child(parent, name))
}

/// Whether two elements say the same; the order of attributes, blanks and comments say nothing.
pub(super) fn same(one: Element<'_>, other: Element<'_>) -> bool {
    let attributes = |element: Element<'_>| {
        let mut all: Vec<_> = element
            .attributes()
            .map(|attribute| (attribute.name().local.to_owned(), attribute.value().to_owned()))
            .collect();
        all.sort();
        all
    };
    one.local_name() == other.local_name()
        && attributes(one) == attributes(other)
        && one.text().trim() == other.text().trim()
        && one.elements().count() == other.elements().count()
        && one.elements().zip(other.elements()).all(|(one, other)| same(one, other))
}

/// How the lines of a file are written.
pub(super) struct Style {
    /// `\n` or `\r\n`.
    pub(super) newline: &'static str,
    /// One step of indentation.
    pub(super) step: String,
}

impl Style {
    /// The style of a file: the line ends of its first line, the indentation of the first element inside the root.
    pub(super) fn of(text: &str, root: Element<'_>) -> Self {
        let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        let inner = root.elements().next().map(|inner| indent(text, inner.span().start));
        let step = inner.filter(|step| !step.is_empty()).unwrap_or("  ");
        Self { newline: if crlf { "\r\n" } else { "\n" }, step: step.to_owned() }
    }
}

/// The blanks between the begin of the line and `offset`; nothing where something else stands there.
pub(super) fn indent(text: &str, offset: u32) -> &str {
    let before = &text[..offset as usize];
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let blanks = &before[line..];
    if blanks.bytes().all(|byte| matches!(byte, b' ' | b'\t')) { blanks } else { "" }
}

/// A part of a file to be written: an element with what is in it, one of its attributes changed perhaps.
pub(super) fn write(
    element: Element<'_>,
    change: Option<(&str, &str)>,
    style: &Style,
    indent: &str,
    text: &mut String,
) {
    let name = element.local_name();
    let _ = write!(text, "{indent}<{name}");
    for attribute in element.attributes() {
        let local = attribute.name().local;
        let value = match change {
            Some((changed, value)) if changed == local => value,
            _ => attribute.value(),
        };
        let _ = write!(text, " {local}=\"{}\"", escaped(value));
    }
    let content = element.text();
    let content = content.trim();
    if element.elements().next().is_none() {
        match content {
            "" => text.push_str(" />"),
            content => {
                let _ = write!(text, ">{}</{name}>", escaped(content));
            }
        }
        return;
    }
    text.push('>');
    let inner = format!("{indent}{}", style.step);
    for child in element.elements() {
        text.push_str(style.newline);
        write(child, None, style, &inner, text);
    }
    let _ = write!(text, "{}{indent}</{name}>", style.newline);
}

pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '"' => text.push_str("&quot;"),
            '\n' => text.push_str("&#xA;"),
            '\r' => text.push_str("&#xD;"),
            '\t' => text.push_str("&#x9;"),
            c => text.push(c),
        }
    }
    text
}
