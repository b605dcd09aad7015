//! The tables of `docs/configuration.md`, made from the declarations that the loader works by.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::bindings::custom_binding::describe_elements;
use crate::bindings::describe_bindings;
use crate::config::sections::CARRIED;
use crate::extensions::{OTHER_ENDPOINT_BEHAVIORS, OTHER_SERVICE_BEHAVIORS};
use crate::settings::{AttributeDescription, ChildDescription, Description};
use crate::support::schema::sections;
use crate::support::support_of;
use crate::time_span::TimeSpan;
use crate::values::{Kind, Range, Rule};
use crate::word::Support;

/// Every element and attribute that the loader knows, with types, defaults and meanings, as
/// Markdown; then the closed lists of names.
pub fn reference_tables() -> String {
    let mut writer = Writer::default();
    writer.text.push_str("## Bindings\n\n");
    for (section, description) in describe_bindings() {
        writer.element(&format!("{section}/binding"), "", &description);
    }
    writer.text.push_str("## Elements of `customBinding/binding`\n\n");
    for ChildDescription { name, inner, .. } in describe_elements() {
        writer.element(&format!("customBinding/binding/{name}"), "", &inner);
    }
    for (name, description) in sections() {
        let _ = write!(writer.text, "## `<{name}>`\n\n");
        writer.children(name, &description);
    }
    writer.by_name();
    writer.names();
    writer.text
}

/// Writes each element once; a second one of the same schema refers to the first.
#[derive(Debug, Default)]
struct Writer {
    text: String,
    /// Schema of an element (as debug text) and the path that it is described at.
    described: BTreeMap<String, String>,
    kinds: BTreeMap<&'static str, &'static [&'static str]>,
}

impl Writer {
    fn children(&mut self, path: &str, description: &Description) {
        for child in &description.children {
            self.child(path, child);
        }
    }

    fn child(&mut self, path: &str, child: &ChildDescription) {
        if child.inner.attributes.is_empty() && child.inner.children.is_empty() {
            return;
        }
        let path = format!("{path}/{}", child.name);
        if !self.described.contains_key(&schema(&child.inner)) {
            self.element(&path, child.doc, &child.inner);
        }
    }

    fn element(&mut self, path: &str, doc: &str, description: &Description) {
        self.described.entry(schema(description)).or_insert_with(|| path.to_owned());
        let _ = write!(self.text, "### `{path}`\n\n");
        if !doc.trim().is_empty() {
            let _ = write!(self.text, "{}\n\n", doc.trim());
        }
        self.text.push_str(
            "| name | type | default | here | meaning |\n| --- | --- | --- | --- | --- |\n",
        );
        for attribute in &description.attributes {
            self.attribute(path, attribute);
        }
        for child in &description.children {
            self.child_row(path, child);
        }
        self.text.push('\n');
        self.children(path, description);
    }

    fn attribute(&mut self, path: &str, attribute: &AttributeDescription) {
        let AttributeDescription { name, kind, rule, default, doc, .. } = attribute;
        if !kind.names.is_empty() && kind.name != "bool" {
            self.kinds.insert(kind.name, kind.names);
        }
        let default = match default.as_deref() {
            None => "absent".to_owned(),
            Some("") => "empty".to_owned(),
            Some(value) => format!("`{value}`"),
        };
        let type_name = type_text(*kind, *rule);
        let here = here(&format!("{path}/@{name}"));
        let doc = cell(doc);
        let _ = writeln!(self.text, "| `{name}` | {type_name} | {default} | {here} | {doc} |");
    }

    fn child_row(&mut self, path: &str, child: &ChildDescription) {
        let many = if child.many { "elements" } else { "element" };
        let own = format!("{path}/{}", child.name);
        let described = self.described.get(&schema(&child.inner)).filter(|at| **at != own);
        let as_there = match described {
            Some(at) if !child.inner.attributes.is_empty() || !child.inner.children.is_empty() => {
                format!(" See `{at}`.")
            }
            _ => String::new(),
        };
        let _ = writeln!(
            self.text,
            "| `<{}>` | {many} | | {} | {}{as_there} |",
            child.name,
            here(&own),
            cell(child.doc)
        );
    }

    /// What is known by its name only.
    fn by_name(&mut self) {
        self.text.push_str(
            "## Known by name\n\nThese are read and carried; what stands in them is not looked at.\n\n| \
             element | here |\n| --- | --- |\n",
        );
        let behaviors = |kind: &'static str, names: &'static [(&'static str, Support)]| {
            names.iter().map(move |(name, _)| format!("behaviors/{kind}/behavior/{name}"))
        };
        let sections = CARRIED.iter().map(|(name, _)| (*name).to_owned());
        let all = behaviors("serviceBehaviors", OTHER_SERVICE_BEHAVIORS)
            .chain(behaviors("endpointBehaviors", OTHER_ENDPOINT_BEHAVIORS))
            .chain(sections);
        for path in all {
            let _ = writeln!(self.text, "| `{path}` | {} |", here(&path));
        }
        self.text.push('\n');
    }

    fn names(&mut self) {
        self.text
            .push_str("## Names\n\nExactly as written here, upper and lower case included.\n\n");
        self.text.push_str("| type | names |\n| --- | --- |\n");
        for (kind, names) in &self.kinds {
            let names: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
            let _ = writeln!(self.text, "| {kind} | {} |", names.join(", "));
        }
    }
}

/// Two elements are described once when they have the same schema and the same becomes of it.
fn schema(description: &Description) -> String {
    format!("{description:?}")
}

/// What becomes of a setting, in a cell of a table.
fn here(path: &str) -> String {
    support_of(path).map_or_else(String::new, |support| cell(&support.to_string()))
}

/// A text in a cell of a table.
fn cell(doc: &str) -> String {
    doc.trim().replace('|', "\\|")
}

fn type_text(kind: Kind, rule: Rule) -> String {
    if rule == Rule::Uri {
        return "URI".to_owned();
    }
    let Some(Range { min, max }) = rule.range() else { return kind.name.to_owned() };
    match kind.name {
        "string" => "string, not empty".to_owned(),
        "TimeSpan" if min == 1 => "TimeSpan above 0".to_owned(),
        "TimeSpan" => format!("TimeSpan from {}", TimeSpan::from_ticks(min)),
        name if max >= i64::from(i32::MAX) => format!("{name} from {min}"),
        name => format!("{name}, {min} to {max}"),
    }
}
