//! Whatever is in the JSON, in the XML and in the schema: an error at most.

use waxwing_metadata::QName;
use waxwing_metadata::contract::{Body, Class, Message, Shape, Structure};
use waxwing_metadata::json::Json;
use waxwing_xml::{Document, Limits, Name};

use crate::identity::repeated_groups;
use crate::kit::{Types, json, member, write};
use crate::random::{Random, Values, types};

/// The text with some octets changed, taken out or doubled.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut octets = text.as_bytes().to_vec();
    for _ in 0..1 + random.below(4) {
        if octets.is_empty() {
            break;
        }
        let at = random.below(octets.len());
        match random.below(4) {
            0 => octets[at] = *random.pick(b"{}[]\":,<>/= @#0-9aE.\\"),
            1 => drop(octets.remove(at)),
            2 => octets.insert(at, octets[at]),
            _ => {
                let end = (at + random.below(20)).min(octets.len());
                let piece = octets[at..end].to_vec();
                let to = random.below(octets.len());
                octets.splice(to..to, piece);
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[test]
fn damaged_values_and_messages_are_errors() {
    let (mut refused, mut taken) = (0, 0);
    for seed in 0..150 {
        let mut random = Random(seed);
        let (set, ids) = types(&mut random, 10);
        let codec = set.codec();
        let table = &codec.contracts().types;
        if table.iter().any(|(_, of)| repeated_groups(&of.shape) > 1) {
            continue;
        }
        for id in ids {
            let member = member("v", id);
            let value = Values { table, random: &mut random, left: 6 }.one(&member);
            let text = damaged(&value.to_string(), &mut random);
            if let Ok(value) = Json::parse(&text) {
                match write(&codec, &member, &value) {
                    Ok(xml) => {
                        // What is written is XML, whatever was in the values.
                        taken +=
                            usize::from(Document::parse(xml.as_bytes(), &Limits::SOAP).is_ok());
                    }
                    Err(error) => refused += usize::from(!error.path().is_empty()),
                }
            }
            let Ok(xml) = write(&codec, &member, &value) else { continue };
            if let Ok(document) =
                Document::parse(damaged(&xml, &mut random).as_bytes(), &Limits::SOAP)
            {
                let _ = codec.read_element(&member, document.root());
            }
        }
    }
    assert!(refused > 100 && taken > 100, "{refused} {taken}");
}

/// A schema is somebody else's, too: its names need be none.
#[test]
fn names_that_no_element_can_have_are_refused() {
    for (namespace, local) in [
        ("urn:x", "two words"),
        ("urn:x", ""),
        ("urn:x", "a:b"),
        ("urn:\u{1}", "a"),
        ("http://www.w3.org/2000/xmlns/", "a"),
    ] {
        let mut types = Types::default();
        let text = types.built_in("string");
        let mut bad = member("x", text);
        bad.name = QName::new(namespace, local);
        let attribute = waxwing_metadata::contract::Attribute {
            name: QName::new(namespace, local),
            type_id: text,
            required: true,
            default: None,
            fixed: Some("f".to_owned()),
            documentation: None,
            at: waxwing_metadata::At::nowhere(),
        };
        let class =
            types.add("C", Shape::Class(Class { members: vec![bad.clone()], ..Class::default() }));
        let structure = Structure { attributes: vec![attribute], ..Structure::default() };
        let structure = types.add("S", Shape::Structure(structure));
        let codec = types.codec();
        for member in [bad, member("v", class), member("v", structure)] {
            let message =
                Message { body: Body::Bare(Box::new(member.clone())), headers: Vec::new() };
            let written = write(&codec, &member, &codec.template(&message));
            assert!(written.is_err(), "{namespace} {local}: {written:?}");
        }
    }
}

#[test]
fn names_in_values_are_checked() {
    let mut types = Types::default();
    let (name, any) = (types.built_in("QName"), types.add("anyType", Shape::Any));
    let open = Structure { any_attribute: true, ..Structure::default() };
    let open = types.add("Open", Shape::Structure(open));
    let codec = types.codec();
    for (id, value) in [
        (name, r#""{urn:\u0001}a""#),
        (name, r#""{http://www.w3.org/2000/xmlns/}a""#),
        (name, r#""{urn:x}a b""#),
        (any, r##"{"@type":"xs:a b","#value":1}"##),
        (any, r##"{"@type":"nothing","#value":1}"##),
        (any, r##"{"#xml":"<a"}"##),
        (any, r##"{"#xml":"<!DOCTYPE a><a/>"}"##),
        (open, r#"{"@a b":"c"}"#),
        (open, r#"{"@xmlns":"c"}"#),
        (open, r#"{"@{urn:\u0001}a":"c"}"#),
    ] {
        let value = json(value);
        let written = write(&codec, &member("v", id), &value);
        assert!(written.is_err(), "{value}: {written:?}");
    }
    // Nothing gets out of the element that it is in.
    let mut document = Document::new(Name::new("", "r", ""));
    let root = document.root().id();
    let out = json(r##"{"#xml":"<a/></v><evil/><v>"}"##);
    assert!(codec.write_element(&member("v", any), &out, &mut document, root).is_err());
}
