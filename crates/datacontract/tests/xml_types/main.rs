//! `#[derive(XmlType)]`: every shape, written, read back, and read as XmlSerializer reads what is not expected.

mod simple;

use proptest::prelude::*;
use waxwing_datacontract::{
    DataContract, Decimal, Nullable, QName, ReadError, ReadOptions, WriteError, XmlElement,
    from_element, from_xml, to_xml, xsd,
};
use waxwing_macros::{DataContract, XmlType};
use waxwing_xml::{Document, Limits};

const XSI: &str = "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Writes, compares, reads back.
#[track_caller]
fn same<T: DataContract + PartialEq + std::fmt::Debug>(value: T, xml: &str) {
    assert_eq!(to_xml(&value).unwrap(), xml);
    assert_eq!(from_xml::<T>(xml.as_bytes()).unwrap(), value);
}

#[track_caller]
fn read<T: DataContract>(xml: &str) -> T {
    from_xml(xml.as_bytes()).unwrap()
}

#[track_caller]
fn refused<T: DataContract + std::fmt::Debug>(xml: &str) -> String {
    from_xml::<T>(xml.as_bytes()).unwrap_err().to_string()
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Item {
    #[xml(attribute, name = "id")]
    id: u32,
    #[xml(attribute, name = "lang", namespace = "http://www.w3.org/XML/1998/namespace")]
    language: Option<String>,
    #[xml(attribute, qualified)]
    mark: Option<bool>,
    #[xml(attribute, name = "days")]
    days: Vec<Day>,
    name: String,
    price: Option<Decimal>,
    #[xml(name = "tag", namespace = "urn:b")]
    tags: Vec<String>,
    #[xml(array(item = "int"))]
    numbers: Vec<i32>,
    #[xml(list, name = "when")]
    when: Option<Vec<xsd::Date>>,
    #[xml(namespace = "")]
    octets: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
enum Day {
    #[xml(value = "mon")]
    Monday,
    #[xml(value = "tue")]
    Tuesday,
}

fn item() -> Item {
    Item {
        id: 7,
        language: Some("en".into()),
        mark: Some(true),
        days: vec![Day::Monday, Day::Tuesday],
        name: "x".into(),
        price: Some("1.10".parse().unwrap()),
        tags: vec!["p".into(), "q".into()],
        numbers: vec![1, 2],
        when: Some(vec!["2026-11-23".parse().unwrap(), "2026-11-24Z".parse().unwrap()]),
        octets: Some(vec![1, 2, 3]),
    }
}

const ITEM: &str = "<Item id=\"7\" xml:lang=\"en\" a:Mark=\"true\" days=\"mon tue\" xmlns:a=\"urn:a\" xmlns=\"urn:a\">\
                    <a:Name>x</a:Name><a:Price>1.10</a:Price><b:tag xmlns:b=\"urn:b\">p</b:tag>\
                    <b:tag xmlns:b=\"urn:b\">q</b:tag><a:Numbers><a:int>1</a:int><a:int>2</a:int></a:Numbers>\
                    <a:when>2026-11-23 2026-11-24Z</a:when><Octets xmlns=\"\">AQID</Octets></Item>";

#[test]
fn attributes_elements_arrays_and_lists() {
    same(item(), ITEM);
    let empty = Item {
        id: 0,
        language: None,
        mark: None,
        days: Vec::new(),
        name: "y".into(),
        price: None,
        tags: Vec::new(),
        numbers: Vec::new(),
        when: None,
        octets: None,
    };
    same(empty, "<Item id=\"0\" xmlns=\"urn:a\"><Name>y</Name><Numbers/></Item>");
}

#[test]
fn members_come_in_any_order_and_what_is_unknown_is_skipped() {
    let xml = "<Item xmlns=\"urn:a\" other=\"1\" id=\"7\"> text <Unknown><Name>no</Name></Unknown>\
               <tag xmlns=\"urn:b\">p</tag><Numbers><other/><int>1</int></Numbers><Price>2</Price><Name>x</Name>\
               <Name>second</Name><Price xmlns=\"urn:other\">9</Price><tag xmlns=\"urn:b\">q</tag></Item>";
    let item: Item = read(xml);
    assert_eq!((item.name.as_str(), item.price), ("x", Some("2".parse().unwrap())));
    assert_eq!((item.tags.len(), item.numbers.as_slice()), (2, [1].as_slice()));
}

#[test]
fn what_is_missing_is_zero_or_an_error() {
    assert_eq!(read::<Item>("<Item xmlns=\"urn:a\"><Name/></Item>").id, 0);
    let error = refused::<Item>("<Item xmlns=\"urn:a\"/>");
    assert_eq!(
        error,
        "A value of 'string' is null or missing, but the Rust type has no null. Declare it as Option. (at Item/Name)"
    );
    let error = refused::<Item>("<Item xmlns=\"urn:a\" id=\"x\"><Name/></Item>");
    assert!(error.ends_with("(at Item/@id)"), "{error}");
    let error = refused::<Item>("<Item xmlns=\"urn:a\" days=\"mon sun\"><Name/></Item>");
    assert_eq!(
        error,
        "Instance validation error: 'sun' is not a valid value for Day. (at Item/@days)"
    );
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", unqualified, namespace = "urn:a")]
struct Defaults {
    #[xml(attribute, default = "3")]
    depth: i32,
    #[xml(attribute, fixed = "1.0")]
    version: String,
    #[xml(default = "mon")]
    day: Day,
    absent: Option<Nullable<i32>>,
    there: Nullable<Item>,
    many: Vec<Option<i32>>,
}

#[test]
fn defaults_are_not_written_and_nil_is_not_absent() {
    let value = Defaults {
        depth: 3,
        version: "1.0".into(),
        day: Day::Monday,
        absent: None,
        there: Nullable::Nil,
        many: Vec::new(),
    };
    same(
        value.clone(),
        &format!(
            "<Defaults Version=\"1.0\" xmlns=\"urn:a\"><There i:nil=\"true\" {XSI} xmlns=\"\"/></Defaults>"
        ),
    );
    let nil =
        Defaults { absent: Some(Nullable::Nil), many: vec![Some(1), None], depth: 4, ..value };
    let xml = to_xml(&nil).unwrap();
    assert!(xml.contains("Depth=\"4\"") && xml.matches("i:nil").count() == 3, "{xml}");
    assert_eq!(read::<Defaults>(&xml), nil);
    let there = Defaults { there: item().into(), absent: Some(5.into()), ..nil };
    assert_eq!(read::<Defaults>(&to_xml(&there).unwrap()), there);
    // An empty element stands for the default.
    let xml = "<a:Defaults xmlns:a=\"urn:a\" Version=\"2\"><Day/><There/></a:Defaults>";
    let error = refused::<Defaults>(xml);
    assert!(error.contains("(at Defaults/There/Name)"), "{error}");
    let xml = xml.replace("<There/>", &format!("<There {XSI} i:nil=\"1\"/>"));
    assert_eq!(
        (read::<Defaults>(&xml).day, read::<Defaults>(&xml).version.as_str()),
        (Day::Monday, "2")
    );
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", choice, namespace = "urn:a")]
enum Line {
    Article(Item),
    #[xml(name = "remark", namespace = "urn:b")]
    Remark(String),
    Gap,
    Number(Vec<i32>),
    #[xml(group)]
    Place(Place),
    #[xml(any)]
    Other(XmlElement),
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Place {
    shelf: Option<String>,
    floor: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Order {
    #[xml(choice)]
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Single {
    #[xml(choice)]
    line: Option<Line>,
    after: i32,
}

fn place(shelf: Option<&str>, floor: Option<i32>) -> Line {
    Line::Place(Place { shelf: shelf.map(str::to_owned), floor })
}

#[test]
fn choices_of_elements_sequences_and_anything() {
    let lines = vec![
        place(Some("A"), Some(1)),
        place(Some("B"), None),
        place(Some("C"), Some(2)),
        place(None, Some(3)),
        Line::Gap,
        Line::Gap,
        Line::Number(vec![1, 2]),
        Line::Remark("r".into()),
        Line::Other(XmlElement::parse(b"<z xmlns='urn:z'><y/></z>", &Limits::default()).unwrap()),
        Line::Number(vec![3]),
    ];
    same(
        Order { lines },
        "<Order xmlns=\"urn:a\"><Shelf>A</Shelf><Floor>1</Floor><Shelf>B</Shelf><Shelf>C</Shelf><Floor>2</Floor>\
         <Floor>3</Floor><Gap/><Gap/><Number>1</Number><Number>2</Number><a:remark xmlns:a=\"urn:b\">r</a:remark>\
         <z xmlns=\"urn:z\"><y/></z><Number>3</Number></Order>",
    );
    same(
        Single { line: Some(place(Some("A"), Some(1))), after: 2 },
        "<Single xmlns=\"urn:a\"><Shelf>A</Shelf><Floor>1</Floor><After>2</After></Single>",
    );
    same(Single { line: None, after: 2 }, "<Single xmlns=\"urn:a\"><After>2</After></Single>");
    // A choice is the content of an element, too.
    same(Line::Gap, "<Line xmlns=\"urn:a\"><Gap/></Line>");
    let error = refused::<Line>("<Line xmlns=\"urn:a\"/>");
    assert_eq!(
        error,
        "'Line' has none of the elements of the choice 'Line'. Declare it as Option. (at Line)"
    );
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Pairs {
    #[xml(group)]
    pairs: Vec<Pair>,
    end: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Pair {
    key: Option<String>,
    value: Option<i32>,
}

#[test]
fn a_repeated_group_ends_where_its_order_begins_again() {
    let pair = |key: Option<&str>, value| Pair { key: key.map(str::to_owned), value };
    same(
        Pairs {
            pairs: vec![pair(None, Some(1)), pair(Some("k"), Some(2)), pair(Some("l"), None)],
            end: Some(9),
        },
        "<Pairs xmlns=\"urn:a\"><Value>1</Value><Key>k</Key><Value>2</Value><Key>l</Key><End>9</End></Pairs>",
    );
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a", ordered)]
struct Ordered {
    a: Option<i32>,
    b: Option<i32>,
    #[xml(name = "A")]
    again: Option<i32>,
    c: Option<i32>,
}

#[test]
fn an_ordered_type_looks_forward_only() {
    same(
        Ordered { a: Some(1), b: Some(2), again: Some(3), c: None },
        "<Ordered xmlns=\"urn:a\"><A>1</A><B>2</B><A>3</A></Ordered>",
    );
    let read: Ordered =
        read("<Ordered xmlns=\"urn:a\"><B>2</B><X/><A>3</A><B>4</B><C>5</C></Ordered>");
    assert_eq!(read, Ordered { a: None, b: Some(2), again: Some(3), c: Some(5) });
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(
    crate = "waxwing_datacontract",
    namespace = "urn:a",
    root = "animal",
    root_namespace = "urn:r"
)]
struct Animal {
    #[xml(attribute, name = "id")]
    id: Option<i32>,
    name: String,
    #[xml(any)]
    rest: Vec<XmlElement>,
    #[xml(any_attribute)]
    others: Vec<(QName, String)>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:b")]
struct Dog {
    #[xml(base)]
    animal: Animal,
    #[xml(attribute, name = "breed")]
    breed: Option<String>,
    age: i32,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", derived)]
enum AnyAnimal {
    Animal(Animal),
    Dog(Dog),
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", derived, base = Animal)]
enum RealAnimal {
    Dog(Dog),
}

fn animal() -> Animal {
    Animal { id: Some(1), name: "Rex".into(), rest: Vec::new(), others: Vec::new() }
}

#[test]
fn derived_types_are_told_by_xsi_type() {
    let dog = Dog { animal: animal(), breed: Some("mixed".into()), age: 3 };
    let written = to_xml(&AnyAnimal::Dog(dog.clone())).unwrap();
    assert_eq!(
        written,
        format!(
            "<animal i:type=\"a:Dog\" id=\"1\" breed=\"mixed\" xmlns:a=\"urn:b\" {XSI} xmlns=\"urn:r\">\
             <b:Name xmlns:b=\"urn:a\">Rex</b:Name><a:Age>3</a:Age></animal>"
        )
    );
    assert_eq!(read::<AnyAnimal>(&written), AnyAnimal::Dog(dog.clone()));
    assert_eq!(read::<RealAnimal>(&written), RealAnimal::Dog(dog));
    let plain = to_xml(&AnyAnimal::Animal(animal())).unwrap();
    assert!(!plain.contains("type"), "{plain}");
    assert_eq!(read::<AnyAnimal>(&plain), AnyAnimal::Animal(animal()));
    assert!(refused::<RealAnimal>(&plain).starts_with(
        "The specified type is abstract: name='Animal', namespace='urn:a', at <animal xmlns='urn:r'>."
    ));
    let cat = written.replace("a:Dog", "a:Cat");
    assert!(
        refused::<AnyAnimal>(&cat).starts_with(
            "The specified type was not recognized: name='Cat', namespace='urn:b', at <animal xmlns='urn:r'>."
        ),
        "{}",
        refused::<AnyAnimal>(&cat)
    );
}

#[test]
fn wildcards_take_what_is_left_of_the_base_too() {
    let xml = "<Dog xmlns=\"urn:b\" xmlns:a=\"urn:a\" breed=\"x\" new=\"1\" a:new=\"2\"><a:Name>Rex</a:Name>\
               <extra xmlns=\"urn:c\"/><Age>3</Age></Dog>";
    let dog: Dog = read(xml);
    assert_eq!((dog.age, dog.animal.rest.len()), (3, 1));
    assert_eq!(
        dog.animal.others,
        [(QName::new("", "new"), "1".to_owned()), (QName::new("urn:a", "new"), "2".to_owned())]
    );
    assert_eq!(read::<Dog>(&to_xml(&dog).unwrap()), dog);
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct Paragraph {
    #[xml(choice)]
    content: Vec<Inline>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", choice, namespace = "urn:a", rename_all = "camelCase")]
enum Inline {
    #[xml(text)]
    Text(String),
    Bold(Paragraph),
    Break,
}

#[test]
fn mixed_content_keeps_its_order() {
    let text = |text: &str| Inline::Text(text.to_owned());
    let bold = Inline::Bold(Paragraph { content: vec![text("b & c")] });
    same(
        Paragraph { content: vec![text("a "), bold, text(" "), Inline::Break, text("d")] },
        "<Paragraph xmlns=\"urn:a\">a <bold>b &amp; c</bold> <break/>d</Paragraph>",
    );
    let read: Paragraph =
        read("<Paragraph xmlns=\"urn:a\">x<!-- c -->y<![CDATA[<z>]]><other/>w</Paragraph>");
    assert_eq!(read.content, [text("xy<z>"), text("w")]);
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "C")]
struct Contract {
    #[data_member(required)]
    item: Item,
    lines: Option<Vec<Line>>,
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract", namespace = "urn:a")]
struct WithContract {
    contract: Option<Contract>,
    next: Option<Box<WithContract>>,
}

#[test]
fn xml_types_and_data_contracts_hold_each_other() {
    let contract = Contract { item: item(), lines: Some(vec![Line::Gap]) };
    let inner = WithContract { contract: Some(contract.clone()), next: None };
    let outer = WithContract { contract: None, next: Some(Box::new(inner)) };
    assert_eq!(read::<WithContract>(&to_xml(&outer).unwrap()), outer);
    assert_eq!(read::<Contract>(&to_xml(&contract).unwrap()), contract);
}

fn limited<T: DataContract>(xml: &str, change: impl Fn(&mut ReadOptions)) -> Result<T, ReadError> {
    let mut options = ReadOptions::default();
    change(&mut options);
    let document = Document::parse(xml.as_bytes().to_vec(), &Limits::default()).unwrap();
    from_element(document.root(), &options)
}

#[test]
fn limits_are_those_of_data_contracts() {
    let error = limited::<Item>(ITEM, |options| options.max_items = 5).unwrap_err();
    assert!(error.to_string().starts_with("Maximum number of items"), "{error}");
    let error = limited::<Item>(ITEM, |options| options.max_string_length = 6).unwrap_err();
    assert!(error.to_string().contains("maximum string content length quota (6)"), "{error}");
    let deep = format!("{}<bold/>{}", "<bold>".repeat(200), "</bold>".repeat(200));
    let xml = format!("<Paragraph xmlns=\"urn:a\">{deep}</Paragraph>");
    let limits = Limits { max_depth: 1000, ..Limits::default() };
    let document = Document::parse(xml.into_bytes(), &limits).unwrap();
    let error = from_element::<Paragraph>(document.root(), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("The maximum depth of 128"), "{error}");
    // Kept elements and attributes count, too.
    let xml =
        format!("<animal xmlns=\"urn:r\"><a:Name xmlns:a=\"urn:a\"/>{}</animal>", "<x/>".repeat(9));
    assert!(limited::<Animal>(&xml, |options| options.max_items = 11).is_ok());
    assert!(limited::<Animal>(&xml, |options| options.max_items = 10).is_err());
}

#[test]
fn what_xml_cannot_hold_is_an_error() {
    let mut bad = item();
    bad.language = Some("a\u{1}".into());
    let error: WriteError = to_xml(&bad).unwrap_err();
    assert!(error.to_string().ends_with("(at Item/@lang)"), "{error}");
    for (name, value) in [("a b", "x"), ("", "x"), ("xmlns", "x"), ("a:b", "x"), ("a", "\u{0}")] {
        let mut animal = animal();
        animal.others.push((QName::new("urn:x", name), value.into()));
        assert!(to_xml(&animal).is_err(), "{name:?}");
    }
    for namespace in ["http://www.w3.org/2000/xmlns/", "\u{1}"] {
        let mut animal = animal();
        animal.others.push((QName::new(namespace, "a"), "x".into()));
        assert!(to_xml(&animal).is_err(), "{namespace:?}");
    }
    assert!(to_xml(&Listed { items: vec![Code("a b".into())] }).is_err());
    assert!(to_xml(&Listed { items: vec![Code(String::new())] }).is_err());
}

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Code(String);

#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(crate = "waxwing_datacontract")]
struct Listed {
    #[xml(attribute)]
    items: Vec<Code>,
}

fn texts() -> impl Strategy<Value = String> {
    "[ a-z<&>\"'é]{0,6}"
}

fn lines() -> impl Strategy<Value = Line> {
    prop_oneof![
        Just(Line::Gap),
        texts().prop_map(Line::Remark),
        (texts(), any::<Option<i32>>()).prop_map(|(shelf, floor)| place(Some(&shelf), floor)),
        any::<i32>().prop_map(|floor| place(None, Some(floor))),
    ]
}

fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    let leaf = prop_oneof!["[ a-z<&]{1,6}".prop_map(Inline::Text), Just(Inline::Break)];
    let any = leaf.prop_recursive(4, 24, 5, |inner| {
        prop::collection::vec(inner, 0..5)
            .prop_map(|content| Inline::Bold(Paragraph { content: joined(content) }))
    });
    prop::collection::vec(any, 0..6).prop_map(joined)
}

/// Two pieces of text beside each other are one in the document.
fn joined(content: Vec<Inline>) -> Vec<Inline> {
    let mut joined: Vec<Inline> = Vec::new();
    for inline in content {
        match (joined.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => joined.push(inline),
        }
    }
    joined
}

proptest! {
    #[test]
    fn choices_round_trip(lines in prop::collection::vec(lines(), 0..8)) {
        // A group whose end is missing and one whose beginning is missing are one when they are read.
        let xml = to_xml(&Order { lines }).unwrap();
        let read = from_xml::<Order>(xml.as_bytes()).unwrap();
        prop_assert_eq!(to_xml(&read).unwrap(), xml);
    }

    #[test]
    fn mixed_content_round_trips(content in inlines()) {
        let paragraph = Paragraph { content };
        prop_assert_eq!(from_xml::<Paragraph>(to_xml(&paragraph).unwrap().as_bytes()).unwrap(), paragraph);
    }

    #[test]
    fn members_round_trip(
        id in any::<u32>(), name in texts(), language in prop::option::of(texts()),
        numbers in prop::collection::vec(any::<i32>(), 0..4), octets in prop::option::of(any::<Vec<u8>>()),
    ) {
        let item = Item { id, name, language, numbers, octets, ..item() };
        prop_assert_eq!(from_xml::<Item>(to_xml(&item).unwrap().as_bytes()).unwrap(), item);
    }

    #[test]
    fn any_elements_are_read_or_refused(names in prop::collection::vec(0usize..12, 0..12)) {
        const PIECES: [&str; 12] = [
            "<Shelf>a</Shelf>", "<Floor>1</Floor>", "<Floor>x</Floor>", "<Gap/>", "<Number>4</Number>", "text",
            "<Article/>", "<Article><Name/></Article>", "<z xmlns='urn:z'/>", "<Key/>", "<After>1</After>", "<Gap a='b'>t</Gap>",
        ];
        let content: String = names.iter().map(|index| PIECES[*index]).collect();
        for name in ["Order", "Single", "Pairs", "Item", "Paragraph", "Line"] {
            let xml = format!("<{name} xmlns=\"urn:a\">{content}</{name}>");
            let _ = from_xml::<Order>(xml.as_bytes());
            let _ = from_xml::<Single>(xml.as_bytes());
            let _ = from_xml::<Pairs>(xml.as_bytes());
            let _ = from_xml::<Item>(xml.as_bytes());
            let _ = from_xml::<Paragraph>(xml.as_bytes());
            if let Ok(line) = from_xml::<Line>(xml.as_bytes()) {
                prop_assert_eq!(from_xml::<Line>(to_xml(&line).unwrap().as_bytes()).unwrap(), line);
            }
        }
    }
}
