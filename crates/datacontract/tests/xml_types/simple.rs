//! Simple types, simple content, enumerations, qualified names.

use waxwing_datacontract::{QName, ReadOptions, to_xml};
use waxwing_macros::{DataContract, XmlType};
use waxwing_xml::{Document, Limits};

use crate::{Code, Day, read, refused, same};

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", list)]
struct Days(Vec<Day>);

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", union)]
enum Size {
    Number(i32),
    Word(Word),
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
enum Word {
    #[xml(value = "unbounded")]
    Unbounded,
    #[xml(other)]
    Other(String),
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Amount {
    #[xml(attribute)]
    code: Code,
    #[xml(attribute)]
    days: Option<Days>,
    #[xml(attribute)]
    name: Option<QName>,
    #[xml(text)]
    size: Size,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Holder {
    #[xml(name = "amount")]
    amounts: Vec<Amount>,
    code: Code,
    days: Option<Days>,
    #[xml(text)]
    text: Option<String>,
}

#[test]
fn simple_types_and_simple_content() {
    let amount = |size| Amount {
        code: Code("c".into()),
        days: Some(Days(vec![Day::Tuesday])),
        name: Some(QName::new("urn:q", "n")),
        size,
    };
    same(
        amount(Size::Number(3)),
        "<Amount Code=\"c\" Days=\"tue\" Name=\"a:n\" xmlns:a=\"urn:q\">3</Amount>",
    );
    let holder = Holder {
        amounts: vec![
            amount(Size::Word(Word::Unbounded)),
            amount(Size::Word(Word::Other("x".into()))),
        ],
        code: Code("d".into()),
        days: Some(Days(vec![])),
        text: None,
    };
    let xml = to_xml(&holder).unwrap();
    assert!(xml.ends_with(">x</amount><Code>d</Code><Days></Days></Holder>"), "{xml}");
    let spaced = xml.replace("><", ">\n  <");
    assert_eq!(read::<Holder>(&spaced), holder);
    assert_eq!(read::<Holder>("<Holder>t<Code/>u</Holder>").text.as_deref(), Some("tu"));
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "C")]
enum Color {
    Red,
    #[enum_member(value = "dark-blue")]
    Blue = 5,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "C")]
enum Open {
    Known,
    #[enum_member(other)]
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "C", flags(Read = 1, Write = 2))]
struct Rights(u32);

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Enumerations {
    #[xml(attribute)]
    color: Color,
    #[xml(attribute)]
    colors: Vec<Color>,
    #[xml(attribute)]
    open: Vec<Open>,
    #[xml(attribute, default = "Read Write")]
    rights: Rights,
}

#[test]
fn enumerations_of_data_contracts_are_simple_types() {
    let value = Enumerations {
        color: Color::Blue,
        colors: vec![Color::Red, Color::Blue],
        open: vec![Open::Known, Open::Other("x".into())],
        rights: Rights(3),
    };
    same(
        value.clone(),
        "<Enumerations Color=\"dark-blue\" Colors=\"Red dark-blue\" Open=\"Known x\"/>",
    );
    let value = Enumerations { rights: Rights(0), ..value };
    assert_eq!(read::<Enumerations>(&to_xml(&value).unwrap()), value);
    assert_eq!(read::<Enumerations>("<Enumerations Color=\" Red \"/>").color, Color::Red);
    let error = refused::<Enumerations>("<Enumerations Color=\"red\"/>");
    assert!(error.starts_with("Invalid enum value 'red'"), "{error}");
}

#[test]
fn what_is_no_qualified_name_is_refused() {
    for text in ["q:", ":q:", "q:a:b", "x:a", ":"] {
        let xml = format!("<Amount Code='' xmlns:q='urn:q' Name='{text}'>1</Amount>");
        let error = refused::<Amount>(&xml);
        assert!(error.contains("qualified name"), "{text}: {error}");
        let xml = format!("<q xmlns:q='urn:q'>{text}</q>");
        let document = Document::parse(xml.into_bytes(), &Limits::default()).unwrap();
        let mut reader = waxwing_datacontract::Reader::new(&ReadOptions::default());
        assert!(reader.value::<QName>(document.root()).is_err(), "{text}");
    }
}
