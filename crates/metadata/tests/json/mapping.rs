//! The mapping line by line, and what is said of mistakes.

use waxwing_metadata::QName;
use waxwing_metadata::contract::{
    Body, Class, Enumeration, EnumerationMember, Message, Occurs, Particle, Shape, Structure,
};
use waxwing_metadata::json::{Codec, Json, JsonError};
use waxwing_metadata::wsdl::Style;
use waxwing_xml::{Document, Name};

use crate::kit::{Types, json, member, read, write};

fn order() -> (Codec, Message) {
    let mut types = Types::default();
    let (long, double, text) =
        (types.built_in("long"), types.built_in("double"), types.built_in("string"));
    let names = ["New", "Paid", "Shipped"];
    let members = names.iter().zip(0..).map(|(text, value)| EnumerationMember {
        text: (*text).to_owned(),
        value,
        documentation: None,
    });
    let state = Enumeration { members: members.collect(), ..Enumeration::default() };
    let state = types.add("State", Shape::Enumeration(state));
    let mut note = member("note", text);
    (note.min_occurs, note.nillable) = (0, true);
    let line = Class {
        members: vec![member("article", text), member("price", double), note],
        ..Class::default()
    };
    let line = types.add("Line", Shape::Class(line));
    let mut item = member("Line", line);
    (item.min_occurs, item.max_occurs) = (0, None);
    let lines = types.add("ArrayOfLine", Shape::Collection(Box::new(item)));
    let body = Body::Wrapped {
        wrapper: QName::new("urn:m", "Submit"),
        style: Style::Document,
        parts: vec![member("number", long), member("state", state), member("lines", lines)],
        returns: false,
        type_id: None,
    };
    (types.codec(), Message { body, headers: vec![member("Ticket", long)] })
}

fn body(codec: &Codec, message: &Message, value: &Json) -> Result<String, JsonError> {
    let mut document = Document::new(Name::new("", "body", ""));
    let root = document.root().id();
    codec.write_body(message, value, &mut document, root)?;
    Ok(document.to_xml())
}

#[test]
fn a_request_is_in_the_order_of_the_schema() {
    let (codec, message) = order();
    let value = json(
        r#"{ "lines": [{ "price": 0.10, "article": "a" }, { "article": "b", "note": null, "price": 1e3 }],
             "state": "Paid", "number": 9007199254740993 }"#,
    );
    let xml = body(&codec, &message, &value).unwrap();
    assert_eq!(
        xml,
        "<body><Submit xmlns=\"urn:m\"><number>9007199254740993</number><state>Paid</state><lines>\
         <Line><article>a</article><price>0.10</price></Line>\
         <Line><article>b</article><price>1e3</price><note i:nil=\"true\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"/></Line></lines></Submit></body>"
    );
    let document = Document::parse(xml.as_bytes(), &waxwing_xml::Limits::SOAP).unwrap();
    let back = codec.read_body(&message, document.root()).unwrap();
    assert_eq!(
        back.to_string(),
        r#"{"number":"9007199254740993","state":"Paid","lines":[{"article":"a","price":0.10},{"article":"b","price":1e3,"note":null}]}"#
    );
}

#[test]
fn mistakes_say_where_and_what() {
    let (codec, message) = order();
    let good = r#"{"number":"1","state":"New","lines":[{"article":"a","price":1}]}"#;
    assert!(body(&codec, &message, &json(good)).is_ok());
    for (from, to, said) in [
        ("\"number\":\"1\",", "", "$: \"number\" is missing: an integer from -9223372036854775808"),
        ("number", "nubmer", "$: there is no \"nubmer\" here; did you mean \"number\"?"),
        (
            "New",
            "new",
            "$.state: \"new\" is none of \"New\", \"Paid\", \"Shipped\"; did you mean \"New\"?",
        ),
        ("\"New\"", "7", "$.state: expected \"New\", \"Paid\", \"Shipped\", found a number"),
        (
            ":1}",
            ":\"dear\"}",
            "$.lines[0].price: expected a number, or \"NaN\", \"INF\" or \"-INF\", found \"dear\"",
        ),
        ("\"article\":\"a\",", "", "$.lines[0]: \"article\" is missing: a string"),
        (
            ":1}",
            ":null}",
            "$.lines[0].price: expected a number, or \"NaN\", \"INF\" or \"-INF\", found null",
        ),
        ("[{", "{\"x\":[{", "$.lines: expected a list, found an object"),
        (
            "article",
            "Article",
            "$.lines[0]: there is no \"Article\" here; did you mean \"article\"?",
        ),
        (
            "\"a\"",
            "\"\\u0001\"",
            "$.lines[0].article: the text holds U+0001, which XML cannot carry",
        ),
    ] {
        let mut text = good.replacen(from, to, 1);
        if to.starts_with("{\"x") {
            text = text.replace("]}", "]}}");
        }
        let error = body(&codec, &message, &json(&text)).unwrap_err().to_string();
        assert!(error.starts_with(said), "{text}\n{error}");
    }
    let error = body(&codec, &message, &json("[1]")).unwrap_err().to_string();
    assert_eq!(
        error,
        "$: expected an object with the parameters \"number\", \"state\", \"lines\", found a list"
    );
    let mut document = Document::new(Name::new("", "header", ""));
    let root = document.root().id();
    let error =
        codec.write_header(&message, "ticket", &json("1"), &mut document, root).unwrap_err();
    assert_eq!(
        error.to_string(),
        "$: the operation has no header \"ticket\"; did you mean \"Ticket\"?"
    );
}

#[test]
fn templates_teach_the_request() {
    let (codec, message) = order();
    assert_eq!(
        codec.template(&message).to_pretty(),
        r#"{ "number": "0", "state": "New", "lines": [{ "article": "", "price": 0, "note": "" }] }"#
    );
}

/// What extends a type, choices that occur several times, attributes and text, names that are there twice.
#[test]
fn xml_types_have_names_of_their_own() {
    let mut types = Types::default();
    let (int, text) = (types.built_in("int"), types.built_in("string"));
    let attribute = |local: &str, required| waxwing_metadata::contract::Attribute {
        name: QName::new("", local),
        type_id: int,
        required,
        default: None,
        fixed: None,
        documentation: None,
        at: waxwing_metadata::At::nowhere(),
    };
    let amount = Structure {
        text: Some(text),
        attributes: vec![attribute("scale", true), attribute("type", false)],
        ..Structure::default()
    };
    let amount = types.add("Amount", Shape::Structure(amount));
    let many = Occurs { min: 0, max: None };
    let mut other = member("a", int);
    other.name = QName::new("urn:other", "a");
    let choice = vec![Particle::Element(member("a", amount)), Particle::Element(other)];
    let shape = Structure {
        is_abstract: true,
        content: vec![Particle::Choice(choice, many)],
        ..Structure::default()
    };
    let shape = types.add("Shape", Shape::Structure(shape));
    let circle = Structure {
        base: Some(shape),
        attributes: vec![attribute("r", true)],
        ..Structure::default()
    };
    let circle = types.add("Circle", Shape::Structure(circle));
    let Shape::Structure(of) = &mut types.0.types.get_mut(shape).shape else { panic!() };
    of.derived.push(circle);
    let codec = types.codec();
    let member = member("s", shape);
    let value = json(
        r##"{"@type":"Circle","@r":1,"#items":[{"{urn:other}a":5},{"a":{"@scale":2,"@{}type":3,"#text":"x"}}]}"##,
    );
    let xml = write(&codec, &member, &value).unwrap();
    assert!(xml.contains(r#"<a scale="2" type="3">x</a>"#), "{xml}");
    assert_eq!(read(&codec, &member, &xml).unwrap(), value);
    let error = |text: &str| write(&codec, &member, &json(text)).unwrap_err().to_string();
    assert_eq!(error(r#"{"@r":1}"#), "$: \"@type\" is missing: one of \"Circle\"");
    assert!(error(r#"{"@type":"Amount"}"#).contains("$['@type']: this type cannot stand here"));
    assert_eq!(
        error(r#"{"@type":"Circle"}"#),
        "$: \"@r\" is missing: an integer from -2147483648 to 2147483647"
    );
    let two = r##"{"@type":"Circle","@r":1,"#items":[{"{urn:other}a":5,"a":{"@scale":1}}]}"##;
    assert!(error(two).contains("a choice here"), "{}", error(two));
}

/// Services are less careful than their schemas: what is out of place is taken, what is unknown is shown.
#[test]
fn replies_lose_nothing() {
    let (codec, message) = order();
    let Body::Wrapped { parts, .. } = &message.body else { panic!() };
    let line = json(r#"[{"article":"a","price":2,"note":"n"}]"#);
    let xml = "<lines xmlns='urn:m'><Line><price>2</price><new xmlns='urn:n' a='1'>x</new><note>n</note>\
               <article>a</article></Line></lines>";
    let Json::Array(found) = read(&codec, &parts[2], xml).unwrap() else { panic!() };
    let Json::Array(wanted) = line else { panic!() };
    let Json::Object(wanted) = &wanted[0] else { panic!() };
    for (key, value) in wanted {
        assert_eq!(found[0].get(key), Some(value), "{key}");
    }
    assert_eq!(
        found[0].get("#unknown").unwrap().to_string(),
        r#"["<new a=\"1\" xmlns=\"urn:n\">x</new>"]"#
    );
    let error = read(&codec, &parts[0], "<number xmlns='urn:m'>1.5</number>").unwrap_err();
    assert!(
        error.to_string().starts_with("$: the service sent \"1.5\", which is not an integer"),
        "{error}"
    );
}

/// Nothing of this may end in a stack that is too deep.
#[test]
fn depth_is_bounded() {
    let mut types = Types::default();
    let id = types.add("Node", Shape::Class(Class::default()));
    let mut child = member("child", id);
    child.min_occurs = 0;
    let Shape::Class(class) = &mut types.0.types.get_mut(id).shape else { panic!() };
    class.members.push(child.clone());
    let codec = types.codec();
    let deep = |depth: usize| {
        (0..depth)
            .fold(Json::object([("", Json::Null); 0]), |inner, _| Json::object([("child", inner)]))
    };
    assert!(write(&codec, &child, &deep(60)).is_ok());
    assert!(
        write(&codec, &child, &deep(70)).unwrap_err().message().contains("nested deeper than 64")
    );
    let xml = "<child xmlns='urn:m'>".repeat(100) + &"</child>".repeat(100);
    assert!(read(&codec, &child, &xml).unwrap_err().message().contains("nested deeper than 64"));
    let message = Message { body: Body::Bare(Box::new(child)), headers: Vec::new() };
    assert_eq!(codec.template(&message).to_string(), "{}");
}
