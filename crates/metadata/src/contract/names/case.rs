//! Words put together again, as Rust writes them.

use super::words::words;

/// Keywords of every edition, strict and reserved, that may be written with `r#`.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Keywords that `r#` cannot take.
const PATHS: [&str; 4] = ["self", "Self", "super", "crate"];

/// Functions that a generated client or service has itself.
const OF_CLIENTS: [&str; 6] =
    ["new", "channel", "service", "with_options", "with_timeout", "with_header"];

/// Acronyms that begin with an I which is not that of an interface.
const NOT_INTERFACES: [&str; 9] = ["ID", "IDs", "IP", "IO", "IT", "IIS", "ISO", "IBAN", "IATA"];

/// What stands for a name of which nothing is left.
const EMPTY: &str = "value";

/// The name of a struct or enum: `XMLData` becomes `XmlData`.
pub fn type_name(name: &str) -> String {
    escaped(capital(started(pascal(name))))
}

/// The name of a variant: as of a type.
pub fn variant(name: &str) -> String {
    type_name(name)
}

/// The name of a field or parameter: `IPAddress` becomes `ip_address`, `type` becomes `r#type`.
pub fn field(name: &str) -> String {
    escaped(started(snake(name)))
}

/// The name of a method of a service contract: as of a field, but none that a client has itself.
pub fn method(name: &str) -> String {
    let name = field(name);
    if OF_CLIENTS.contains(&name.as_str()) { name + "_" } else { name }
}

/// The name of a module: as of a field.
pub fn module(name: &str) -> String {
    field(name)
}

/// The name of a constant: `MaxValue` becomes `MAX_VALUE`.
pub fn constant(name: &str) -> String {
    started(snake(name)).to_uppercase()
}

/// The name of the trait of a contract: the `I` of an interface goes.
pub fn trait_name(contract: &str) -> String {
    let mut rest = words(contract);
    let first = rest.first().cloned().unwrap_or_default();
    if first == "I" && rest.len() > 1 {
        rest.remove(0);
    } else if let Some(inner) = first.strip_prefix('I') {
        let acronym = inner.len() > 1 && inner.chars().all(char::is_uppercase);
        if acronym && !NOT_INTERFACES.contains(&first.as_str()) {
            rest[0] = inner.to_owned();
        }
    }
    escaped(capital(started(capitalized(&rest))))
}

/// What the macros call a member or an operation whose field or method is `ident`, when no name is given: `first_name` is
/// `FirstName`.
pub fn default_wire_name(ident: &str) -> String {
    by_underscores(ident, true)
}

/// What the macros call a parameter `ident` when no name is given: `first_name` is `firstName`.
pub fn default_parameter_name(ident: &str) -> String {
    by_underscores(ident, false)
}

fn by_underscores(ident: &str, capital: bool) -> String {
    let ident = ident.strip_prefix("r#").unwrap_or(ident);
    let words = ident.split('_').filter(|word| !word.is_empty()).enumerate();
    let name: String = words
        .map(|(index, word)| match capital || index > 0 {
            true => first(word, |c| c.to_uppercase().collect()),
            false => first(word, |c| c.to_lowercase().collect()),
        })
        .collect();
    if name.is_empty() { ident.to_owned() } else { name }
}

fn first(word: &str, change: impl Fn(char) -> String) -> String {
    let mut characters = word.chars();
    let head = characters.next().map(change).unwrap_or_default();
    head + characters.as_str()
}

fn capital(name: String) -> String {
    first(&name, |c| c.to_uppercase().collect())
}

fn pascal(name: &str) -> String {
    capitalized(&words(name))
}

/// Each word with one capital. Digits that would run together are kept apart by nothing: `a1-2` is `A12`.
fn capitalized(words: &[String]) -> String {
    words.iter().map(|word| first(&word.to_lowercase(), |c| c.to_uppercase().collect())).collect()
}

fn snake(name: &str) -> String {
    let words: Vec<String> = words(name).iter().map(|word| word.to_lowercase()).collect();
    words.join("_")
}

/// Something that may begin an identifier: not empty, no digit in front.
fn started(name: String) -> String {
    match name.chars().next() {
        None => EMPTY.to_owned(),
        Some(c) if c == '_' || unicode_ident::is_xid_start(c) => name,
        Some(_) => format!("_{name}"),
    }
}

fn escaped(name: String) -> String {
    if PATHS.contains(&name.as_str()) {
        name + "_"
    } else if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_variants() {
        assert_eq!(type_name("XMLData"), "XmlData");
        assert_eq!(type_name("a-b"), "AB");
        assert_eq!(type_name("_x0031_st"), "_1st");
        assert_eq!(
            type_name("GenericOfPairOfintAndGenericOfstringo_SRRxCL3"),
            "GenericOfPairOfintAndGenericOfstringoSrRxCl3"
        );
        assert_eq!(type_name("Self"), "Self_");
        assert_eq!(type_name("self"), "Self_");
        assert_eq!(type_name("..."), "Value");
        assert_eq!(variant("MEDIUM"), "Medium");
        assert_eq!(type_name("Enums.FareFilter"), "EnumsFareFilter");
    }

    #[test]
    fn fields_and_methods() {
        assert_eq!(field("IPAddress"), "ip_address");
        assert_eq!(field("ID"), "id");
        assert_eq!(field("XMLData"), "xml_data");
        assert_eq!(field("n1"), "n1");
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("Gen"), "r#gen");
        assert_eq!(field("union"), "union");
        assert_eq!(field("self"), "self_");
        assert_eq!(field("Super"), "super_");
        assert_eq!(field("crate"), "crate_");
        assert_eq!(field("1st"), "_1st");
        assert_eq!(field("__"), "value");
        assert_eq!(method("New"), "new_");
        assert_eq!(method("WithHeader"), "with_header_");
        assert_eq!(method("GetData"), "get_data");
        assert_eq!(constant("MaxValue"), "MAX_VALUE");
        assert_eq!(module("2006"), "_2006");
    }

    #[test]
    fn contracts_lose_the_i_of_interfaces() {
        assert_eq!(trait_name("ICalculator"), "Calculator");
        assert_eq!(trait_name("IXMLService"), "XmlService");
        assert_eq!(trait_name("IDService"), "IdService");
        assert_eq!(trait_name("Inventory"), "Inventory");
        assert_eq!(trait_name("I"), "I");
        assert_eq!(trait_name("Iservice"), "Iservice");
        assert_eq!(trait_name("calculator_port-type"), "CalculatorPortType");
        assert_eq!(trait_name("ISelf"), "Self_");
    }

    #[test]
    fn defaults_are_those_of_the_macros() {
        assert_eq!(default_wire_name("first_name"), "FirstName");
        assert_eq!(default_wire_name("r#type"), "Type");
        assert_eq!(default_wire_name("new_"), "New");
        assert_eq!(default_parameter_name("first_name"), "firstName");
        assert_eq!(default_parameter_name("n1"), "n1");
    }
}
