//! JSON Schema, as far as our schemas use it. A keyword that is not known fails, so that none goes unchecked.

use waxwing_metadata::json::Json;

/// Why a value does not fit a schema.
pub(crate) fn check(root: &Json, value: &Json) -> Result<(), String> {
    at(root, root, value)
}

fn at(root: &Json, schema: &Json, value: &Json) -> Result<(), String> {
    let Json::Object(keywords) = schema else { return Err(format!("no schema: {schema}")) };
    for (keyword, of) in keywords {
        keyword_holds(root, schema, (keyword, of), value).map_err(|error| {
            if error.len() > 4000 { error } else { format!("{keyword}: {error}") }
        })?;
    }
    Ok(())
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn keyword_holds(
    root: &Json,
    schema: &Json,
    (keyword, of): (&str, &Json),
    value: &Json,
) -> Result<(), String> {
    let holds = |holds: bool| match holds {
        true => Ok(()),
        false => Err(format!("{value} breaks {keyword} {of}")),
    };
    let schemas = || match of {
        Json::Array(schemas) => {
            schemas.iter().map(|schema| at(root, schema, value)).collect::<Vec<_>>()
        }
        _ => panic!("{keyword}: {of}"),
    };
    let length = |value: &Json| match value {
        Json::String(text) => Some(text.chars().count() as f64),
        _ => None,
    };
    let items = |value: &Json| match value {
        Json::Array(items) => Some(items.len() as f64),
        _ => None,
    };
    let bound = number(of).unwrap_or_default();
    match keyword {
        "$schema" | "$defs" | "description" | "format" | "contentEncoding" | "contentMediaType"
        | "pattern" => Ok(()),
        "$ref" => {
            let name = of.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("local");
            let target = root.get("$defs").and_then(|all| all.get(name));
            at(root, target.unwrap_or_else(|| panic!("no {name}")), value)
        }
        "type" => {
            let is = |of: &Json| match (of.as_str().expect("a name"), value) {
                ("null", Json::Null)
                | ("boolean", Json::Bool(_))
                | ("number", Json::Number(_))
                | ("string", Json::String(_))
                | ("array", Json::Array(_))
                | ("object", Json::Object(_)) => true,
                ("integer", Json::Number(text)) => !text.contains(['.', 'e', 'E']),
                _ => false,
            };
            holds(match of {
                Json::Array(all) => all.iter().any(is),
                one => is(one),
            })
        }
        "enum" => holds(matches!(of, Json::Array(all) if all.contains(value))),
        "const" => holds(of == value),
        "minimum" => holds(number(value).is_none_or(|number| number >= bound)),
        "maximum" => holds(number(value).is_none_or(|number| number <= bound)),
        "exclusiveMinimum" => holds(number(value).is_none_or(|number| number > bound)),
        "exclusiveMaximum" => holds(number(value).is_none_or(|number| number < bound)),
        "minLength" => holds(length(value).is_none_or(|length| length >= bound)),
        "maxLength" => holds(length(value).is_none_or(|length| length <= bound)),
        "minItems" => holds(items(value).is_none_or(|count| count >= bound)),
        "maxItems" => holds(items(value).is_none_or(|count| count <= bound)),
        "anyOf" => {
            let all = schemas();
            let why = || {
                format!(
                    "{value} fits none: {:?}",
                    all.iter().filter_map(|r| r.as_ref().err()).next()
                )
            };
            if all.iter().any(Result::is_ok) { Ok(()) } else { Err(why()) }
        }
        "oneOf" => holds(schemas().iter().filter(|result| result.is_ok()).count() == 1),
        "allOf" => schemas().into_iter().collect(),
        "not" => holds(at(root, of, value).is_err()),
        "items" => match value {
            Json::Array(items) => items.iter().try_for_each(|item| at(root, of, item)),
            _ => Ok(()),
        },
        _ => object_holds(root, schema, (keyword, of), value),
    }
}

fn object_holds(
    root: &Json,
    schema: &Json,
    (keyword, of): (&str, &Json),
    value: &Json,
) -> Result<(), String> {
    let Json::Object(members) = value else { return Ok(()) };
    let strings = |of: &Json| match of {
        Json::Array(names) => {
            names.iter().map(|n| n.as_str().expect("a name").to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let needs = |names: Vec<String>| match names.iter().find(|name| value.get(name).is_none()) {
        Some(missing) => Err(format!("{value} has no {missing}")),
        None => Ok(()),
    };
    match (keyword, of) {
        ("required", of) => needs(strings(of)),
        ("dependentRequired", Json::Object(all)) => {
            let present = all.iter().filter(|(key, _)| value.get(key).is_some());
            present.into_iter().try_for_each(|(_, names)| needs(strings(names)))
        }
        ("properties", Json::Object(known)) => known.iter().try_for_each(|(key, schema)| {
            value.get(key).map_or(Ok(()), |value| at(root, schema, value))
        }),
        ("patternProperties", Json::Object(known)) => {
            assert!(known.iter().all(|(pattern, _)| pattern == "^@"));
            let attributes = members.iter().filter(|(key, _)| key.starts_with('@'));
            attributes.into_iter().try_for_each(|(_, value)| at(root, &known[0].1, value))
        }
        ("additionalProperties", of) => {
            let known = |key: &str| {
                let named = schema.get("properties").is_some_and(|known| known.get(key).is_some());
                named || schema.get("patternProperties").is_some() && key.starts_with('@')
            };
            members.iter().filter(|(key, _)| !known(key)).try_for_each(|(key, value)| match of {
                Json::Bool(false) => Err(format!("{key} is not known")),
                Json::Bool(true) => Ok(()),
                schema => at(root, schema, value),
            })
        }
        _ => panic!("the keyword {keyword} is not known: {schema}"),
    }
}
