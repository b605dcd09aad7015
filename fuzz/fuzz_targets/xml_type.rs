//! Any document is read as XML types of every shape or refused; what is read is written, read again and the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_datacontract::{
    DataContract, Decimal, Nullable, QName, XmlElement, from_element, to_xml, xsd,
};
use waxwing_macros::XmlType;
use waxwing_xml::{Document, Limits};

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", root = "r")]
struct Root {
    #[xml(attribute, name = "a")]
    number: Option<i32>,
    #[xml(attribute, name = "b", default = "x")]
    kind: Kind,
    #[xml(attribute, name = "c")]
    names: Vec<QName>,
    #[xml(any_attribute)]
    attributes: Vec<(QName, String)>,
    #[xml(name = "d")]
    date: Option<Nullable<xsd::Date>>,
    #[xml(list, name = "e")]
    times: Option<Vec<xsd::Time>>,
    #[xml(array(item = "i"), name = "f")]
    numbers: Option<Vec<Decimal>>,
    #[xml(choice)]
    choices: Vec<Choice>,
    #[xml(name = "g")]
    animal: Option<Animal>,
    #[xml(name = "h")]
    octets: Option<Vec<u8>>,
    #[xml(name = "p")]
    paragraph: Option<Paragraph>,
    #[xml(any)]
    rest: Vec<XmlElement>,
}

#[derive(Clone, Copy, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract")]
enum Kind {
    #[xml(value = "x")]
    First,
    #[xml(value = "y")]
    Second,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", choice)]
enum Choice {
    #[xml(name = "j")]
    Span(xsd::Duration),
    #[xml(group)]
    Pair(Pair),
    #[xml(name = "m")]
    Inner(Box<Root>),
    #[xml(name = "n")]
    Nothing,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Pair {
    #[xml(name = "k")]
    key: Option<String>,
    #[xml(name = "l")]
    value: Option<Size>,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", union)]
enum Size {
    Number(xsd::Integer),
    Word(String),
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", derived)]
enum Animal {
    Plain(Plain),
    Dog(Dog),
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Plain {
    #[xml(name = "o")]
    name: Option<String>,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", ordered)]
struct Dog {
    #[xml(base)]
    plain: Plain,
    #[xml(name = "q")]
    age: xsd::HexBinary,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Paragraph {
    #[xml(choice)]
    content: Vec<Inline>,
}

#[derive(Clone, Debug, XmlType)]
#[xml(crate = "waxwing_datacontract", choice)]
enum Inline {
    #[xml(text)]
    Text(String),
    #[xml(name = "b")]
    Bold(Paragraph),
}

fuzz_target!(|data: &[u8]| {
    let Ok(document) = Document::parse(data.to_vec(), &Limits::default()) else { return };
    let options = waxwing_datacontract::ReadOptions::default();
    let value: Root = match from_element(document.root(), &options) {
        Ok(value) => value,
        Err(error) => return drop(error.to_string()),
    };
    // What has no form in XML is refused: a qualified name without namespace where another is the default.
    let Ok(written) = to_xml(&value) else { return };
    let parsed = Document::parse(written.as_bytes().to_vec(), &Limits::default())
        .expect("what is written is XML");
    let again = Root::read_again(&parsed);
    assert_eq!(to_xml(&again).expect("what was written is written again"), written);
});

impl Root {
    fn read_again(document: &Document) -> Self {
        let name = Self::root_name();
        assert!(document.root().is(&name.namespace, &name.local));
        from_element(document.root(), &waxwing_datacontract::ReadOptions::default())
            .expect("what is written is read")
    }
}
