//! JSON Schema of simple values.

use super::number::json_number;
use super::scalar::Scalar;
use super::time::Form;
use super::value::Json;

/// The schema of a built-in type.
pub(super) fn scalar(of: Scalar) -> Json {
    let text = |name: &'static str, value: &'static str| {
        Json::object([("type", Json::from("string")), (name, Json::from(value))])
    };
    let either = |one: &str, pattern: &str, format: &str| {
        Json::object([
            ("type", Json::array([one, "string"])),
            ("pattern", Json::from(pattern)),
            ("format", Json::from(format)),
        ])
    };
    match of {
        Scalar::Boolean => Json::object([("type", Json::from("boolean"))]),
        Scalar::Small(least, most) => Json::object([
            ("type", Json::from("integer")),
            ("minimum", Json::from(least)),
            ("maximum", Json::from(most)),
        ]),
        Scalar::Large(least, most)
            if least == i128::from(i64::MIN) && most == i128::from(i64::MAX) =>
        {
            either("integer", "^-?[0-9]+$", "int64")
        }
        Scalar::Large(..) => either("integer", "^-?[0-9]+$", "integer"),
        Scalar::Decimal => either("number", "^-?[0-9]+(\\.[0-9]+)?$", "decimal"),
        Scalar::Float => either("number", "^(NaN|-?INF)$", "float"),
        Scalar::Double => either("number", "^(NaN|-?INF)$", "double"),
        Scalar::Time(form) => text("pattern", pattern(form)),
        Scalar::Base64 => text("contentEncoding", "base64"),
        Scalar::Hex => text("pattern", "^([0-9A-Fa-f]{2})*$"),
        Scalar::QName => text("pattern", "^(\\{[^}]*\\})?[^{}:]+$"),
        Scalar::Guid => text("format", "uuid"),
        Scalar::Char => Json::object([
            ("type", Json::array(["string", "integer"])),
            ("minLength", Json::from(1u32)),
            ("maxLength", Json::from(1u32)),
            ("minimum", Json::from(0u32)),
            ("maximum", Json::from(65535u32)),
        ]),
        Scalar::Text | Scalar::Token => Json::object([("type", Json::from("string"))]),
    }
}

/// Zones are optional, which the formats of JSON Schema do not allow.
const fn pattern(form: Form) -> &'static str {
    match form {
        Form::DateTime => {
            "^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
        }
        Form::Date => "^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::Time => "^[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::Year => "^-?[0-9]{4,}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::YearMonth => "^-?[0-9]{4,}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::Month => "^--[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::MonthDay => "^--[0-9]{2}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::Day => "^---[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?$",
        Form::Duration => "^-?P[0-9YMDTHS.]+$",
    }
}

/// Adds what facets of XML Schema mean to JSON. Patterns are regular expressions of another kind: they are told in words.
pub(super) fn facet(members: &mut Vec<(String, Json)>, facets: &[(String, String)]) {
    let is_number = members
        .iter()
        .any(|(key, value)| key == "type" && matches!(value.as_str(), Some("integer" | "number")));
    let is_text =
        members.iter().any(|(key, value)| key == "type" && value.as_str() == Some("string"))
            && members.iter().all(|(key, _)| key != "contentEncoding");
    let mut set = |name: &str, value: Json| {
        members.retain(|(key, _)| key != name);
        members.push((name.to_owned(), value));
    };
    let mut patterns = Vec::new();
    for (name, value) in facets {
        let number = json_number(value).map(|text| Json::Number(text.into()));
        let length = value.parse::<u32>().ok().map(Json::from).filter(|_| is_text);
        let number = number.filter(|_| is_number);
        match (name.as_str(), length, number) {
            ("minLength", Some(length), _) => set("minLength", length),
            ("maxLength", Some(length), _) => set("maxLength", length),
            ("length", Some(length), _) => {
                set("minLength", length.clone());
                set("maxLength", length);
            }
            ("minInclusive", _, Some(number)) => set("minimum", number),
            ("maxInclusive", _, Some(number)) => set("maximum", number),
            ("minExclusive", _, Some(number)) => set("exclusiveMinimum", number),
            ("maxExclusive", _, Some(number)) => set("exclusiveMaximum", number),
            ("pattern", ..) => patterns.push(value.as_str()),
            _ => {}
        }
    }
    let values = facets.iter().filter(|(name, _)| name == "enumeration").map(|(_, value)| {
        let number = json_number(value).filter(|_| is_number);
        number.map_or_else(|| Json::from(value.as_str()), |text| Json::Number(text.into()))
    });
    let values: Vec<_> = values.collect();
    if !values.is_empty() && (is_text || is_number) {
        set("enum", Json::Array(values));
    }
    if !patterns.is_empty() {
        set(
            "description",
            Json::String(format!("The schema demands the pattern {}", patterns.join(" or "))),
        );
    }
}
