//! JSON values to text.

use std::fmt::{self, Write as _};

use super::value::Json;

/// How wide a line of [`Json::to_pretty`] may be before a list or object is broken into several.
const WIDTH: usize = 100;
/// By how much a level is indented.
const INDENT: usize = 2;

/// As short as it can be, on one line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        compact(self, &mut out);
        f.write_str(&out)
    }
}

impl Json {
    /// For people: what fits on a line stays on it (`{ "n1": 0, "n2": 0 }`), the rest has a line for each member.
    pub fn to_pretty(&self) -> String {
        let mut out = String::new();
        pretty(self, 0, 0, &mut out);
        out
    }

    /// The text of the whole value for `serde`, to be put into other JSON.
    ///
    /// ```
    /// use waxwing_metadata::json::Json;
    /// let value: serde_json::Value = Json::parse("[1.5]").unwrap().to_value();
    /// assert_eq!(value, serde_json::json!([1.5]));
    /// ```
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.to_string()).unwrap_or_default()
    }
}

fn compact(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(text) => out.push_str(text),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                compact(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(name, out);
                out.push(':');
                compact(value, out);
            }
            out.push('}');
        }
    }
}

/// `used` is what stands on the line already beside the indentation.
fn pretty(value: &Json, level: usize, used: usize, out: &mut String) {
    let room = WIDTH.saturating_sub(level * INDENT + used);
    let begun = out.len();
    if spaced(value, begun + room, out) {
        return;
    }
    out.truncate(begun);
    let line = |level: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', level * INDENT));
    };
    match value {
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(level + 1, out);
                pretty(item, level + 1, 1, out);
            }
            line(level, out);
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(level + 1, out);
                let begun = out.len();
                string(name, out);
                out.push_str(": ");
                let used = out.len() - begun + 1;
                pretty(value, level + 1, used, out);
            }
            line(level, out);
            out.push('}');
        }
        scalar => compact(scalar, out),
    }
}

/// Writes a value on one line with spaces, as long as `out` stays within `end`. Gives whether it did.
fn spaced(value: &Json, end: usize, out: &mut String) -> bool {
    match value {
        Json::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if !spaced(item, end, out) {
                    return false;
                }
            }
            out.push(']');
        }
        Json::Object(members) if !members.is_empty() => {
            out.push_str("{ ");
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                string(name, out);
                out.push_str(": ");
                if !spaced(value, end, out) {
                    return false;
                }
            }
            out.push_str(" }");
        }
        scalar => compact(scalar, out),
    }
    out.len() <= end
}

/// A string in quotes, with what RFC 8259 §7 wants escaped.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_stay_on_a_line() {
        let value = Json::parse(r#"{"n1":0,"n2":0}"#).unwrap();
        assert_eq!(value.to_pretty(), r#"{ "n1": 0, "n2": 0 }"#);
        let long = Json::object([("a", value.clone()), ("b", Json::from("x".repeat(99)))]);
        let expected = format!(
            "{{\n  \"a\": {{ \"n1\": 0, \"n2\": 0 }},\n  \"b\": \"{}\"\n}}",
            "x".repeat(99)
        );
        assert_eq!(long.to_pretty(), expected);
        assert_eq!(Json::parse(&long.to_pretty()).unwrap(), long);
    }
}
