//! The XML declaration (XML 1.0 §2.8, §4.3.3).

use super::{Parsed, Parser, refuse};
use crate::chars::is_space;
use crate::decode::Encoding;
use crate::error::ParseErrorKind;

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
const WRONG: ParseErrorKind =
    ParseErrorKind::Expected("version, encoding and standalone, in this order");

impl Parser<'_> {
    pub(super) fn declaration(&mut self, encoding: Encoding) -> Parsed<()> {
        if !self.starts_with("<?xml") || !self.bytes.get(5).copied().is_some_and(is_space) {
            return Ok(());
        }
        let end = self.source.find("?>").ok_or(ParseErrorKind::UnexpectedEnd("a declaration"))?;
        let mut rest = self.source["<?xml".len()..end].trim_end_matches(SPACE);
        let mut last = 0;
        while !rest.is_empty() {
            let (name, value, after) = pseudo_attribute(rest)?;
            let place = check(name, value, encoding)?;
            if place <= last || (last == 0 && place != 1) {
                return refuse(WRONG);
            }
            last = place;
            rest = after;
        }
        if last == 0 {
            return refuse(ParseErrorKind::Expected("the version in the XML declaration"));
        }
        self.at = end + "?>".len();
        Ok(())
    }
}

/// Name and value of the first pseudo attribute, and what comes after it.
fn pseudo_attribute(text: &str) -> Parsed<(&str, &str, &str)> {
    let trimmed = text.trim_start_matches(SPACE);
    if trimmed.len() == text.len() {
        return refuse(ParseErrorKind::Expected("white space in the XML declaration"));
    }
    let (name, after) = trimmed.split_once('=').ok_or(WRONG)?;
    let after = after.trim_start_matches(SPACE);
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(WRONG)?;
    let (value, after) = after[1..].split_once(quote).ok_or(WRONG)?;
    Ok((name.trim_end_matches(SPACE), value, after))
}

/// Checks one pseudo attribute; its place in the order.
fn check(name: &str, value: &str, encoding: Encoding) -> Parsed<usize> {
    match name {
        "version" if value == "1.0" => Ok(1),
        "version" => refuse(ParseErrorKind::Forbidden("an XML version other than 1.0")),
        "encoding" => match value.to_ascii_lowercase().as_str() {
            "utf-8" | "utf-16" | "utf-16le" | "utf-16be" if encoding.is_called(value) => Ok(2),
            "utf-8" | "utf-16" | "utf-16le" | "utf-16be" => {
                refuse(ParseErrorKind::EncodingMismatch {
                    found: encoding.name(),
                    declared: value.into(),
                })
            }
            _ => refuse(ParseErrorKind::Forbidden("an encoding other than UTF-8 and UTF-16")),
        },
        "standalone" if matches!(value, "yes" | "no") => Ok(3),
        _ => refuse(WRONG),
    }
}
