//! JSON text to values: `serde_json` reads the text, the numbers are kept as they are written.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::JsonError;
use super::limits::{MAX_DEPTH, MAX_TEXT};
use super::value::Json;

impl Json {
    /// Parses a text, of at most [`MAX_TEXT`] octets and with values nested at most [`MAX_DEPTH`] deep.
    ///
    /// # Errors
    /// It is no JSON, or too large or deep, or an object has a member twice. Syntax errors name line and column.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        if text.len() > MAX_TEXT {
            let text = format!("the JSON is longer than {MAX_TEXT} octets");
            return Err(JsonError::new(text));
        }
        if text.trim().is_empty() {
            return Err(JsonError::new("there is no JSON: the text is empty"));
        }
        // All of it once, so that a mistake is told with its place in the whole text.
        let raw: &RawValue = serde_json::from_str(text).map_err(|e| JsonError::syntax(&e))?;
        value(raw.get(), MAX_DEPTH)
    }
}

/// What a text that is JSON says. Each level is gone through once more; the depth is bounded, and so is the work.
fn value(text: &str, depth: usize) -> Result<Json, JsonError> {
    let text = text.trim();
    let inside = || match depth {
        0 => Err(JsonError::new(format!("values are nested deeper than {MAX_DEPTH}"))),
        depth => Ok(depth - 1),
    };
    match text.as_bytes().first() {
        Some(b'{') => object(text, inside()?),
        Some(b'[') => {
            let depth = inside()?;
            let items: Vec<&RawValue> = parsed(text)?;
            let items = items.iter().enumerate();
            let items = items.map(|(i, raw)| value(raw.get(), depth).map_err(|e| e.at_index(i)));
            Ok(Json::Array(items.collect::<Result<_, _>>()?))
        }
        Some(b'"') => Ok(Json::String(parsed(text)?)),
        Some(b't') => Ok(Json::Bool(true)),
        Some(b'f') => Ok(Json::Bool(false)),
        Some(b'n') => Ok(Json::Null),
        _ => Ok(Json::Number(text.into())),
    }
}

fn object(text: &str, depth: usize) -> Result<Json, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Members).map_err(|error| JsonError::syntax(&error))?;
    let mut names = HashSet::with_capacity(members.len());
    if let Some((twice, _)) = members.iter().find(|(name, _)| !names.insert(name.as_str())) {
        return Err(JsonError::new("it is given twice").at_member(twice));
    }
    let members = members.into_iter().map(|(name, raw)| {
        let value = value(raw.get(), depth).map_err(|error| error.at_member(&name))?;
        Ok((name, value))
    });
    Ok(Json::Object(members.collect::<Result<_, JsonError>>()?))
}

fn parsed<'t, T: serde::Deserialize<'t>>(text: &'t str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|error| JsonError::syntax(&error))
}

/// The members of an object, in their order.
struct Members;

impl<'t> Visitor<'t> for Members {
    type Value = Vec<(String, &'t RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_order_are_kept() {
        let text = r#"{"z":[1e5,-0.0,1.50,123456789012345678901234567890],"a":{"é\n":null},"b":true,"c":"\ud83d\ude00"}"#;
        let value = Json::parse(&format!("  {text} ")).unwrap();
        let back = value.to_string();
        assert_eq!(back, text.replace("\\ud83d\\ude00", "😀"));
        assert_eq!(Json::parse(&back).unwrap(), value);
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = |text: &str| Json::parse(text).unwrap_err().to_string();
        assert!(error("{\n \"a\": tru }").contains("line 2"), "{}", error("{\n \"a\": tru }"));
        assert!(error(r#"{"a":{"b":1,"b":2}}"#).contains("$.a.b"));
        assert!(error("").contains("empty"));
        assert!(error("[1,]").contains("line 1 column 4"), "{}", error("[1,]"));
        for text in ["01", "1.", "+1", "NaN", "'a'", "{a:1}", "\"\u{1}\"", "[1] 2", "\"\\ud800\""] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(&deep(MAX_DEPTH)).is_ok());
        assert!(Json::parse(&deep(MAX_DEPTH + 1)).unwrap_err().to_string().contains("nested"));
        assert!(Json::parse(&deep(20_000)).is_err());
        let long = format!("\"{}\"", "a".repeat(MAX_TEXT));
        assert!(Json::parse(&long).unwrap_err().to_string().contains("longer"));
    }
}
