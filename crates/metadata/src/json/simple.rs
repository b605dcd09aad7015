//! Simple types: enumerations, restrictions, lists and unions (XML Schema Part 2 §4.1).

use super::error::JsonError;
use super::facets;
use super::limits::{MAX_BASES, MAX_COMPARED};
use super::scalar::Scalar;
use super::value::Json;
use super::words::{listed, shortened};
use crate::contract::{Enumeration, Shape, TypeId, TypeTable};

/// Simple values of a table of types.
#[derive(Clone, Copy)]
pub(super) struct Simple<'t> {
    types: &'t TypeTable,
    /// How many restrictions, lists and unions may still be inside each other.
    left: usize,
}

impl<'t> Simple<'t> {
    pub(super) fn of(types: &'t TypeTable) -> Self {
        Self { types, left: MAX_BASES }
    }

    fn inside(self) -> Result<Self, JsonError> {
        let left = self.left.checked_sub(1);
        let left = left.ok_or_else(|| JsonError::new("the type is made of too many others"))?;
        Ok(Self { left, ..self })
    }

    /// The text of a value; `prefixed` gives the prefix of a namespace.
    pub(super) fn to_text(
        self,
        id: TypeId,
        value: &Json,
        prefixed: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, JsonError> {
        match &self.types.get(id).shape {
            Shape::BuiltIn(name) => Scalar::of(name).to_text(value, prefixed),
            Shape::Enumeration(of) if of.flags => self.flags(of, value),
            Shape::Enumeration(of) => member(of, value),
            Shape::Simple { base, facets } => {
                let text = self.inside()?.to_text(*base, value, prefixed)?;
                facets::check(facets, &text, self.length(*base, &text))?;
                Ok(text)
            }
            Shape::List(item) => {
                let inside = self.inside()?;
                let Json::Array(items) = value else {
                    let found = value.kind();
                    return Err(JsonError::new(format!("expected a list, found {found}")));
                };
                let mut texts = Vec::with_capacity(items.len());
                for (i, value) in items.iter().enumerate() {
                    let text = inside.to_text(*item, value, prefixed).map_err(|e| e.at_index(i))?;
                    if text.is_empty() || text.contains([' ', '\t', '\r', '\n']) {
                        let text = "an item of this list cannot be empty or hold white space";
                        return Err(JsonError::new(text).at_index(i));
                    }
                    texts.push(text);
                }
                Ok(texts.join(" "))
            }
            Shape::Union(members) => self.union(members, value, prefixed),
            _ => Scalar::Text.to_text(value, prefixed),
        }
    }

    /// How long a value is: octets of Base64 and hexadecimal digits, items of a list, characters of the rest.
    fn length(self, id: TypeId, text: &str) -> usize {
        match (&self.types.get(id).shape, self.inside()) {
            (Shape::Simple { base, .. }, Ok(inside)) => inside.length(*base, text),
            (Shape::List(_), _) => text.split_ascii_whitespace().count(),
            (Shape::BuiltIn(name), _) => match Scalar::of(name) {
                Scalar::Hex => text.len() / 2,
                Scalar::Base64 => (text.len() / 4 * 3).saturating_sub(text.matches('=').count()),
                _ => text.chars().count(),
            },
            _ => text.chars().count(),
        }
    }

    fn union(
        self,
        members: &[TypeId],
        value: &Json,
        prefixed: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, JsonError> {
        let inside = self.inside()?;
        let mut first = None;
        for member in members {
            match inside.to_text(*member, value, prefixed) {
                Ok(text) => return Ok(text),
                Err(error) => first = first.or(Some(error)),
            }
        }
        let error = first.unwrap_or_else(|| JsonError::new("the type has no values"));
        let more = members.len().saturating_sub(1);
        Err(match more {
            0 => error,
            more => error
                .help(format!("the type is one of several; the other {more} do not fit either")),
        })
    }

    fn flags(self, of: &Enumeration, value: &Json) -> Result<String, JsonError> {
        let texts: Vec<String> = match value {
            Json::Array(items) => {
                let one = |(i, item)| member(of, item).map_err(|e: JsonError| e.at_index(i));
                items.iter().enumerate().map(one).collect::<Result<_, _>>()?
            }
            Json::String(text) => {
                let words = text.split_ascii_whitespace();
                words.map(|word| member(of, &Json::from(word))).collect::<Result<_, _>>()?
            }
            other => {
                let found = other.kind();
                return Err(JsonError::new(format!("expected a list of names, found {found}")));
            }
        };
        Ok(texts.join(" "))
    }

    /// The JSON of a text; `resolved` finds the name that a QName means.
    pub(super) fn to_json(
        self,
        id: TypeId,
        text: &str,
        resolved: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Json, JsonError> {
        match &self.types.get(id).shape {
            Shape::BuiltIn(name) => Scalar::of(name).to_json(text, resolved),
            Shape::Enumeration(of) if of.flags => {
                let words = text.split_ascii_whitespace();
                Ok(Json::Array(words.map(|word| known(of, word)).collect::<Result<_, _>>()?))
            }
            Shape::Enumeration(of) => known(of, text.trim()),
            Shape::Simple { base, .. } => self.inside()?.to_json(*base, text, resolved),
            Shape::List(item) => {
                let inside = self.inside()?;
                let words = text.split_ascii_whitespace();
                let items = words.map(|word| inside.to_json(*item, word, resolved));
                Ok(Json::Array(items.collect::<Result<_, _>>()?))
            }
            // Which of the types it is, only the text says: it stays text.
            _ => Ok(Json::from(text)),
        }
    }
}

/// The text of a member that JSON names.
fn member(of: &Enumeration, value: &Json) -> Result<String, JsonError> {
    let texts = || of.members.iter().map(|member| member.text.as_str()).take(MAX_COMPARED);
    let Json::String(text) = value else {
        let (found, names) = (value.kind(), listed(texts()));
        return Err(JsonError::new(format!("expected {names}, found {found}")));
    };
    if of.members.iter().any(|member| member.text == *text) {
        return Ok(text.clone());
    }
    let error = JsonError::new(format!("\"{}\" is none of {}", shortened(text), listed(texts())));
    Err(match waxwing_binding::nearest(text, texts()) {
        Some(near) => error.help(format!("did you mean \"{near}\"?")),
        None => error,
    })
}

fn known(of: &Enumeration, text: &str) -> Result<Json, JsonError> {
    if of.members.iter().any(|member| member.text == text) {
        return Ok(Json::from(text));
    }
    let text = shortened(text);
    Err(JsonError::new(format!("the service sent \"{text}\", which the enumeration does not have")))
}
