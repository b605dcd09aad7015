//! Properties: what is written is read back as it was, and no text makes the reader panic.

mod support;

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use waxwing_datacontract::{
    AnyType, Char, ContractName, DataContract, DateTime, DateTimeKind, DateTimeOffset, Decimal,
    Dictionary, Guid, KeyValuePair, QName, TimeSpan, WriteOptions, Writer, from_xml, to_xml,
};
use waxwing_macros::DataContract;
use waxwing_xml::{Document, Element, Limits, Name, Value};

use support::types::{
    Animal, AnyAnimal, Cat, Color, Dog, Gen, Names, NoNs, Perm, Person, Plain, Point, St,
};

/// Every kind of member at once.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:everything")]
struct Everything {
    flag: bool,
    small: Box<i8>,
    unsigned: u64,
    signed: i64,
    byte: u8,
    single: f32,
    double: f64,
    decimal: Decimal,
    character: Char,
    text: String,
    moment: DateTime,
    offset: DateTimeOffset,
    span: TimeSpan,
    guid: Guid,
    bytes: Vec<u8>,
    name: QName,
    #[data_member(emit_default = false)]
    maybe: Option<i32>,
    #[data_member(required, order = 3)]
    list: Vec<Option<String>>,
    #[data_member(order = 1)]
    jagged: Vec<Vec<u16>>,
    people: Vec<Person>,
    zoo: Vec<Option<AnyAnimal>>,
    map: BTreeMap<String, i32>,
    ordered: Dictionary<i32, Person>,
    pair: KeyValuePair<String, Option<f64>>,
    color: Color,
    plain: Vec<Plain>,
    perm: Perm,
    structure: St,
    generic: Gen<Gen<Point>>,
    names: Names,
    nowhere: Vec<NoNs>,
    anything: Option<AnyType>,
    child: Option<Box<Everything>>,
}

/// Text that XML can hold.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~\t\r\n]{0,12}", "[é漢😀<>&\"' \r]{0,6}", Just("]]>".to_owned())]
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("not a number", |number| !number.is_nan()), -1e3..1e3f64]
}

fn moment() -> impl Strategy<Value = DateTime> {
    let kind = prop_oneof![
        Just(DateTimeKind::Unspecified),
        Just(DateTimeKind::Utc),
        (-14 * 60..=14 * 60i16).prop_map(|offset| DateTimeKind::Local { offset }),
    ];
    // Ticks of 100 ns: two days from both ends, so that every offset fits.
    let days = 2 * 864_000_000_000i64;
    (days..DateTime::MAX.ticks() - days, kind)
        .prop_map(|(ticks, kind)| DateTime::from_ticks(ticks, kind).expect("in range"))
}

fn person() -> impl Strategy<Value = Person> {
    (proptest::option::of(text()), any::<i32>()).prop_map(|(name, age)| Person { name, age })
}

fn animal() -> impl Strategy<Value = AnyAnimal> {
    (proptest::option::of(text()), any::<i32>(), 0..3).prop_map(|(zname, age, kind)| {
        let animal = Animal { zname };
        match kind {
            0 => AnyAnimal::Animal(animal),
            1 => AnyAnimal::Dog(Dog { animal, age }),
            _ => AnyAnimal::Cat(Cat { animal, indoor: age > 0 }),
        }
    })
}

fn few<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(item, 0..4)
}

prop_compose! {
    fn scalars()(
        flag: bool, small: i8, unsigned: u64, signed: i64, byte: u8, single in -1e30..1e30f32, double in finite(),
        units in any::<i64>(), scale in 0..=28u8, character: u16,
    ) -> (bool, i8, u64, i64, u8, f32, f64, Decimal, Char) {
        let decimal = Decimal::new(units.into(), scale).expect("in range");
        (flag, small, unsigned, signed, byte, single, double, decimal, Char(character))
    }
}

prop_compose! {
    fn moments()(moment in moment(), local in moment(), offset in -14 * 60..=14 * 60i16, ticks: i64, guid: [u8; 16])
        -> (DateTime, DateTimeOffset, TimeSpan, Guid) {
        let local = local.with_kind(DateTimeKind::Utc).expect("in range");
        let offset = DateTimeOffset::new(local, offset).expect("in range");
        (moment, offset, TimeSpan::from_ticks(ticks), Guid(guid))
    }
}

prop_compose! {
    fn collections()(
        list in few(proptest::option::of(text())), jagged in few(few(any::<u16>())), people in few(person()),
        zoo in few(proptest::option::of(animal())), map in proptest::collection::btree_map(text(), any::<i32>(), 0..4),
        ordered in few((any::<i32>(), person())), key in text(), value in proptest::option::of(finite()), names in few(text()),
    ) -> (Vec<Option<String>>, Vec<Vec<u16>>, Vec<Person>, Vec<Option<AnyAnimal>>, BTreeMap<String, i32>,
        Dictionary<i32, Person>, KeyValuePair<String, Option<f64>>, Names) {
        (list, jagged, people, zoo, map, Dictionary(ordered), KeyValuePair { key, value }, Names(names))
    }
}

/// An `object` of different built-in types.
fn anything(how: i32, x: i32) -> Option<AnyType> {
    match how {
        0 => None,
        1 => Some(AnyType::Object),
        2 => Some(vec![1u8, 2].into()),
        3 => Some(QName::new("", "local").into()),
        4 => Some(QName::new("urn:x", "other").into()),
        _ => Some(x.into()),
    }
}

prop_compose! {
    fn one()(
        scalars in scalars(), moments in moments(), collections in collections(),
        text in text(), bytes in few(any::<u8>()), namespace in "(urn:[a-z]{1,4})?", local in "[a-z_][a-z0-9.-]{0,5}",
        maybe: Option<i32>, blue: bool, plain in few(any::<bool>()), perm in 0..8u32, how in 0..6, x: i32, y in proptest::option::of(text()),
        point in (finite(), finite()),
    ) -> Everything {
        let (flag, small, unsigned, signed, byte, single, double, decimal, character) = scalars;
        let (moment, offset, span, guid) = moments;
        let (list, jagged, people, zoo, map, ordered, pair, names) = collections;
        Everything {
            flag, small: Box::new(small), unsigned, signed, byte, single, double, decimal, character, text, moment, offset,
            span, guid, bytes, name: QName::new(namespace, local), maybe, list, jagged, people, zoo, map, ordered, pair,
            color: if blue { Color::Blue } else { Color::Red },
            plain: plain.iter().map(|two| if *two { Plain::Two } else { Plain::One }).collect(),
            perm: Perm(perm),
            structure: St { x, y },
            generic: Gen { value: Gen { value: Point { x: point.0, y: point.1 } } },
            names,
            nowhere: plain.iter().map(|two| NoNs { a: i32::from(*two) }).collect(),
            anything: anything(how, x),
            child: None,
        }
    }
}

fn everything() -> impl Strategy<Value = Everything> {
    (one(), proptest::option::of(one()))
        .prop_map(|(outer, child)| Everything { child: child.map(Box::new), ..outer })
}

fn round_trip<T: DataContract + PartialEq + std::fmt::Debug>(
    value: &T,
) -> Result<(), TestCaseError> {
    let xml = to_xml(value).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read = from_xml::<T>(xml.as_bytes());
    prop_assert_eq!(read.as_ref(), Ok(value), "{}", xml);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_it_was(value in everything()) {
        round_trip(&value)?;
    }

    #[test]
    fn an_object_holds_everything(value in one()) {
        let any = waxwing_datacontract::AnyType::of(&value).unwrap();
        let xml = to_xml(&any).unwrap();
        let read: waxwing_datacontract::AnyType = from_xml(xml.as_bytes()).unwrap();
        let read = read.to::<Everything>();
        prop_assert_eq!(read.as_ref(), Ok(&value), "{}", xml);
    }

    /// A contract that only `i:type` tells survives inside another, with and without a namespace of its own.
    #[test]
    fn objects_of_all_contracts_survive(zname in proptest::option::of(text()), age: i32) {
        let dog = Dog { animal: Animal { zname }, age };
        let (nowhere, list) = (NoNs { a: age }, vec![dog.clone()]);
        let objects = [AnyType::of(&nowhere), AnyType::of(&dog), AnyType::of(&list)];
        let objects: Vec<_> = objects.into_iter().map(Result::unwrap).collect();
        let xml = to_xml(&objects).unwrap();
        let read: Vec<AnyType> = from_xml(xml.as_bytes()).unwrap();
        prop_assert_eq!(read[0].to::<NoNs>(), Ok(nowhere));
        prop_assert_eq!(read[1].to::<Dog>(), Ok(dog));
        prop_assert_eq!(read[2].to::<Vec<Dog>>(), Ok(list));
        prop_assert!(read[1].to::<NoNs>().is_err());
    }

    /// One element is left out, doubled, renamed, emptied or made null: it is read or refused, never a panic.
    #[test]
    fn damage_is_read_or_refused(value in one(), at: prop::sample::Index, how in 0..5) {
        let xml = to_xml(&value).unwrap();
        let mut document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        let all: Vec<_> = document.root().descendants_and_self().map(|element| element.id()).collect();
        let element = *at.get(&all);
        if element != document.root().id() {
            match how {
                0 => document.detach(element),
                1 => {
                    let copy = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
                    let parent = document.element(element).parent().unwrap().id();
                    document.import(parent, copy.element(element));
                }
                2 => document.clear(element),
                3 => document.append_text(element, "x"),
                _ => document.set_attribute(
                    element,
                    waxwing_xml::Name::new("i", "nil", "http://www.w3.org/2001/XMLSchema-instance"),
                    "true",
                ),
            }
        }
        if let Ok(read) = from_xml::<Everything>(document.to_xml().as_bytes()) {
            round_trip(&read)?;
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace(']', "&#93;");
        let built_in = |name: &str| {
            format!("<{name} xmlns='http://schemas.microsoft.com/2003/10/Serialization/'>{escaped}</{name}>")
        };
        let _ = from_xml::<DateTime>(built_in("dateTime").as_bytes());
        let _ = from_xml::<TimeSpan>(built_in("duration").as_bytes());
        let _ = from_xml::<Vec<u8>>(built_in("base64Binary").as_bytes());
        let _ = from_xml::<QName>(built_in("QName").as_bytes());
        let _ = from_xml::<Perm>(built_in("Perm").as_bytes());
    }
}

/// A value that nobody needs any more is written as every other, and what is large in it stays where it is.
#[test]
fn an_owned_value_is_written_as_every_other_without_a_copy() {
    fn written<T: DataContract + Clone>(value: T, owned: bool) -> (Document, String) {
        let mut document = Document::new(Name::local("a"));
        let (root, name) = (document.root().id(), ContractName::new("part", "urn:part"));
        let options = WriteOptions::default();
        let mut writer = Writer::new(&mut document, root, &options);
        match owned {
            true => writer.owned_child(root, &name, value).unwrap(),
            false => writer.child(root, &name, &value).unwrap(),
        }
        let text = document.to_xml();
        (document, text)
    }
    fn same<T: DataContract + Clone>(value: T) {
        assert_eq!(written(value.clone(), true).1, written(value, false).1);
    }
    same(Some(3));
    same(vec![String::new(), "b".to_owned()]);
    for length in [0, 1, 100_000] {
        let (text, octets) = ("x".repeat(length), vec![7_u8; length]);
        same(text.clone());
        same(octets.clone());
        same(Some(text.clone()));
        same(Some(octets.clone()).filter(|octets| !octets.is_empty()));
        if length < 100_000 {
            continue;
        }
        let places = [text.as_ptr(), octets.as_ptr()];
        let (of_text, _) = written(text, true);
        let (of_octets, _) = written(Some(octets), true);
        let Some(Value::Octets(octets)) = of_octets.root().first_element().unwrap().value() else {
            panic!("octets");
        };
        let text = of_text.root().first_element().unwrap().text();
        assert_eq!([text.as_ptr(), octets.as_ptr()], places);
    }
}

#[derive(Clone, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:large")]
struct Base {
    title: Option<String>,
}

#[derive(Clone, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:large")]
struct Large {
    #[data_member(base)]
    base: Base,
    data: Vec<u8>,
    #[data_member(emit_default = false)]
    more: Option<Vec<u8>>,
    text: String,
    parts: Vec<Base>,
    inner: Option<Box<Base>>,
}

/// The same of the members of a class, of its base, of items and of what is inside them.
#[test]
fn what_is_large_in_an_owned_class_is_not_copied() {
    for (length, is_large) in [(10, false), (100_000, true)] {
        let text = || "x".repeat(length);
        let base = || Base { title: Some(text()) };
        let large = Large {
            base: base(),
            data: vec![1; length],
            more: is_large.then(|| vec![2; length]),
            text: text(),
            parts: vec![base(), Base { title: None }, base()],
            inner: Some(Box::new(base())),
        };
        let title =
            |base: &Base| base.title.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        let places = [
            title(&large.base),
            large.data.as_ptr(),
            large.text.as_ptr(),
            title(&large.parts[0]),
            title(&large.parts[2]),
            large.inner.as_deref().map_or(std::ptr::null(), title),
        ];
        let [copied, moved] = [false, true].map(|owned| {
            let mut document = Document::new(Name::local("a"));
            let (root, name) = (document.root().id(), ContractName::new("part", "urn:part"));
            let options = WriteOptions::default();
            let mut writer = Writer::new(&mut document, root, &options);
            match owned {
                true => writer.owned_child(root, &name, large.clone()).unwrap(),
                false => writer.child(root, &name, &large).unwrap(),
            }
            document.to_xml()
        });
        assert_eq!(copied, moved);
        let mut document = Document::new(Name::local("a"));
        let (root, name) = (document.root().id(), ContractName::new("part", "urn:part"));
        let options = WriteOptions::default();
        Writer::new(&mut document, root, &options).owned_child(root, &name, large).unwrap();
        let part = document.root().first_element().unwrap();
        let member = |name: &str| {
            part.elements().find(|child| child.local_name().eq_ignore_ascii_case(name)).unwrap()
        };
        let place = |element: Element<'_>| match element.value() {
            Some(Value::Octets(octets)) => octets.as_ptr(),
            _ => match element.text() {
                Cow::Borrowed(text) => text.as_ptr(),
                Cow::Owned(_) => std::ptr::null(),
            },
        };
        let items: Vec<_> =
            member("parts").elements().filter_map(|item| item.first_element()).collect();
        let found = [
            place(member("title")),
            place(member("data")),
            place(member("text")),
            place(items[0]),
            place(items[2]),
            place(member("inner").first_element().unwrap()),
        ];
        assert_eq!(found == places, is_large, "{length}");
    }
}
