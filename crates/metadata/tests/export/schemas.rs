//! Schemas that are read and written again say the same.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_metadata::load::{LoadOptions, Loader, folder};
use waxwing_metadata::schema::{Schema, write};
use waxwing_metadata::{Location, MetadataSet};
use waxwing_testkit::metadata::{self, Folder};
use waxwing_xml::{Document, Element, Limits};

const XSD: &str = "http://www.w3.org/2001/XMLSchema";

fn load(of: &Folder) -> MetadataSet {
    folder(&of.name, &of.files, LoadOptions::default())
}

/// Reads one schema that is a document of its own.
fn read(text: String) -> Schema {
    let mut loader = Loader::new(LoadOptions::default());
    loader.give(Location::new("folder/written.xsd"), text.into_bytes());
    while let Some(want) = loader.want() {
        loader.missing(&want, "it is not asked for here");
    }
    let set = loader.finish();
    let mut schemas = set.schemas().cloned();
    let first = schemas.next().unwrap_or_else(|| panic!("{:?}", set.findings()));
    assert!(schemas.next().is_none());
    first
}

/// The `xs:schema` elements of a file, in order.
fn originals(element: Element<'_>) -> Vec<Element<'_>> {
    element.descendants_and_self().filter(|own| own.is(XSD, "schema")).collect()
}

/// What a schema says, a line for each top-level element: without prefixes, and without attributes that say a default or what
/// no model needs.
fn lines(schema: Element<'_>) -> BTreeSet<String> {
    let own = schema.elements().map(meaning);
    own.chain([attributes(schema)]).collect()
}

fn meaning(element: Element<'_>) -> String {
    if element.is(XSD, "annotation") {
        return annotation(element);
    }
    // Identity constraints (`xs:unique`) are in no model: nothing is made of them.
    let parts =
        element.elements().filter(|own| !["unique", "key", "keyref"].contains(&own.local_name()));
    let inner: String = parts.map(meaning).collect();
    // Elements of a schema have no text of their own.
    let own_text = inner.is_empty() && element.namespace() != XSD;
    let text = if own_text { element.text().trim().to_owned() } else { String::new() };
    let name = (
        element.namespace().strip_prefix(XSD).unwrap_or(element.namespace()),
        element.local_name(),
    );
    format!("<{}:{}{}>{inner}{text}</>", name.0, name.1, attributes(element))
}

/// What programs are told. Documentation is kept as text: markup in it is not, nor that of references.
fn annotation(element: Element<'_>) -> String {
    element.elements().filter(|own| own.is(XSD, "appinfo")).map(meaning).collect()
}

fn attributes(element: Element<'_>) -> String {
    let mut found = BTreeSet::new();
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let unused = match (name.namespace, name.local) {
            ("", "minOccurs" | "maxOccurs") => value == "1",
            ("", "nillable" | "abstract" | "mixed") => value == "false",
            ("", "elementFormDefault" | "attributeFormDefault") => value == "unqualified",
            ("", "use") => value == "optional",
            ("", "schemaLocation") => value.is_empty(),
            ("", "id" | "version" | "final" | "block" | "finalDefault" | "blockDefault") => true,
            // Of no schema language, in folder 087.
            ("", "description" | "label") => true,
            // Of another namespace (`xmime:expectedContentTypes`), but for `wsdl:arrayType`.
            ("", _) => false,
            _ => !element.is(XSD, "attribute") && element.namespace() == XSD,
        };
        if unused {
            continue;
        }
        let is_name =
            ["type", "ref", "base", "itemType", "substitutionGroup"].contains(&name.local);
        if name.local == "memberTypes" {
            let names = value.split_whitespace().filter_map(|name| element.resolve_qname(name));
            found.insert(format!(" memberTypes={:?}", names.collect::<Vec<_>>()));
            continue;
        }
        let value = match element.resolve_qname(value) {
            Some((namespace, local)) if is_name => format!("{{{namespace}}}{local}"),
            _ => value.trim().to_owned(),
        };
        found.insert(format!(" {{{}}}{}={value}", name.namespace, name.local));
    }
    found.into_iter().collect()
}

#[test]
fn what_is_written_is_what_was_read() {
    let (mut count, mut unparsed) = (0, 0);
    for of in metadata::public().iter().chain(&metadata::wcf()) {
        let set = load(of);
        let mut by_file: BTreeMap<&str, Vec<&Schema>> = BTreeMap::new();
        for schema in set.schemas() {
            by_file.entry(schema.at.location.as_str()).or_default().push(schema);
        }
        for (location, schemas) in by_file {
            let name = location.strip_prefix(&format!("{}/", of.name)).unwrap_or(location);
            let Some(octets) = of.files.get(name) else { panic!("{location}") };
            for schema in &schemas {
                count += 1;
                let written = write(schema).to_string();
                assert_eq!(write(&read(written.clone())).to_string(), written, "{location}");
            }
            // Two files are of another encoding, or have a style sheet, which the plain parser does not take.
            let Ok(document) = Document::parse(octets.clone(), &Limits::default()) else {
                unparsed += 1;
                continue;
            };
            let originals = originals(document.root());
            assert_eq!(originals.len(), schemas.len(), "{location}");
            for (original, schema) in originals.into_iter().zip(schemas) {
                let written = write(schema);
                let (ours, theirs) = (lines(written.root()), lines(original));
                let more: Vec<_> = ours.difference(&theirs).collect();
                let less: Vec<_> = theirs.difference(&ours).collect();
                assert!(more.is_empty() && less.is_empty(), "{location}: {more:#?} {less:#?}");
            }
        }
    }
    assert_eq!((count, unparsed), (438, 2));
}
