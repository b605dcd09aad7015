//! What is read and what is refused, as measured with WCF's serializer, and what a Rust reader has to refuse besides.

mod support;

use std::fmt::Debug;

use waxwing_datacontract::{
    AnyType, Char, DataContract, DateTime, DateTimeOffset, Decimal, Guid, ReadErrorKind,
    ReadOptions, Shared, TimeSpan, WriteErrorKind, from_element, from_xml, to_xml,
};
use waxwing_macros::DataContract;
use waxwing_xml::{Document, Limits};

use support::types::*;

const ORDERS: &str = "http://schemas.datacontract.org/2004/07/Contoso.Orders";

/// A document of the CLR namespace of the samples.
fn orders(name: &str, attributes: &str, content: &str) -> String {
    format!(
        r#"<{name} xmlns="{ORDERS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" {attributes}>{content}</{name}>"#
    )
}

fn built_in(name: &str, content: &str) -> String {
    format!(
        r#"<{name} xmlns="http://schemas.microsoft.com/2003/10/Serialization/">{content}</{name}>"#
    )
}

fn person(content: &str) -> Result<(Option<String>, i32), String> {
    let xml = orders("Person", "", content);
    let read = from_xml::<Person>(xml.as_bytes());
    read.map(|person| (person.name, person.age)).map_err(|error| error.to_string())
}

/// `Name` before `Age` in the samples' own order of declaration; on the wire `Age` comes first.
#[test]
fn members_are_read_forward_only() {
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(person("<Age>3</Age><Name>A</Name>"), Ok((some("A"), 3)));
    assert_eq!(person("<Name>A</Name><Age>3</Age>"), Ok((some("A"), 0)), "wrong order");
    assert_eq!(
        person("<Age>3</Age><X><Y/></X><Name>A</Name>"),
        Ok((some("A"), 3)),
        "unknown between"
    );
    assert_eq!(
        person("<Age>3</Age><Name xmlns='urn:x'>A</Name>"),
        Ok((None, 3)),
        "other namespace"
    );
    assert_eq!(person("<Name>A</Name>"), Ok((some("A"), 0)), "missing");
    assert_eq!(person("<Age>3</Age><Age>4</Age>"), Ok((None, 3)), "twice");
    assert_eq!(person(" <Age> 3 </Age> <!-- c --> "), Ok((None, 3)), "blanks");
    assert_eq!(person(""), Ok((None, 0)));
}

#[test]
fn members_may_be_read_in_any_order() {
    let options = ReadOptions { any_member_order: true, ..ReadOptions::default() };
    let xml = orders("Person", "", "<Name>A</Name><Age>3</Age>");
    let document = Document::parse(xml, &Limits::default()).unwrap();
    let read: Person = from_element(document.root(), &options).unwrap();
    assert_eq!(read, Person { name: Some("A".into()), age: 3 });
}

#[test]
fn mistakes_in_a_class_have_wcfs_words() {
    for (content, text) in [
        ("<Age/>", "Content cannot be converted to the type Int."),
        ("<Age>x</Age>", "There was an error deserializing the object of type System.Int32."),
        ("<Age i:nil='true'/>", "ValueType 'System.Int32' cannot be null."),
        ("text", "Expecting state 'Element'.. Encountered 'Text'  with name '', namespace ''."),
        ("<Age>x</Age>", "(at Person/Age)"),
    ] {
        let error = person(content).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
    let wrong = orders("Persona", "", "");
    let error = from_xml::<Person>(wrong.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "Error in line 1 position 2. Expecting element 'Person' from namespace '{ORDERS}'.. Encountered 'Element'  with \
             name 'Persona', namespace '{ORDERS}'."
        )
    );
}

#[test]
fn required_members_are_required() {
    let read = |content: &str| from_xml::<Req>(orders("Req", "", content).as_bytes());
    assert_eq!(read("<Needed>1</Needed>").unwrap().needed, 1);
    let error = read("").unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::RequiredMissing(..)));
    assert!(error.to_string().ends_with(&format!("'EndElement' 'Req' from namespace '{ORDERS}' is not expected. Expecting element 'Needed'. (at Req)")), "{error}");
    let error = read("<Opt>x</Opt><Needed>1</Needed>").unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::RequiredSkipped(..)));
    assert!(
        error.to_string().contains(&format!(
            "'Element' 'Opt' from namespace '{ORDERS}' is not expected. Expecting element 'Needed'."
        )),
        "{error}"
    );
}

#[test]
fn unknown_types_are_refused() {
    let read = |kind: &str| {
        from_xml::<AnyAnimal>(orders("Animal", &format!("i:type='{kind}'"), "").as_bytes())
    };
    assert_eq!(read("Animal").unwrap(), AnyAnimal::Animal(Animal { zname: None }));
    let error = read("Bird").unwrap_err().to_string();
    assert!(
        error.contains(&format!(
            "Element '{ORDERS}:Animal' contains data of the '{ORDERS}:Bird' data contract."
        )),
        "{error}"
    );
    assert!(error.contains("Add the type corresponding to 'Bird' to the list of known types"));
    assert!(read("x:Bird").unwrap_err().to_string().contains("prefix"));
    // Without known types even a derived type is unknown.
    let xml = orders("Animal", "i:type='Dog'", "<Zname>Rex</Zname><Age>3</Age>");
    assert!(matches!(
        from_xml::<Animal>(xml.as_bytes()).unwrap_err().kind,
        ReadErrorKind::UnknownType(..)
    ));
}

#[test]
fn enumerations_are_exact() {
    let perm = |text: &str| from_xml::<Perm>(orders("Perm", "", text).as_bytes());
    assert_eq!(perm("Read Exec").unwrap(), Perm(5));
    assert_eq!(perm("").unwrap(), Perm(0));
    let text = perm("Read Foo").unwrap_err().to_string();
    assert!(
        text.contains(
            "Invalid enum value 'Foo' cannot be deserialized into type 'Contoso.Orders.Perm'."
        ),
        "{text}"
    );
    let plain = |text: &str| from_xml::<Plain>(orders("Plain", "", text).as_bytes());
    assert_eq!(plain("Two").unwrap(), Plain::Two);
    for wrong in ["two", " Two ", "Three", "1", ""] {
        let text = plain(wrong).unwrap_err().to_string();
        assert!(text.contains(&format!("Invalid enum value '{wrong}'")), "{text}");
    }
    assert!(from_xml::<Color>(orders("Color", "", "Hidden").as_bytes()).is_err());
}

fn accepts<T: DataContract + PartialEq + Debug>(name: &str, text: &str, value: T) {
    assert_eq!(
        from_xml::<T>(built_in(name, text).as_bytes()).as_ref(),
        Ok(&value),
        "{name} {text:?}"
    );
}

fn refuses<T: DataContract + Debug>(name: &str, text: &str, words: &str) {
    let error = from_xml::<T>(built_in(name, text).as_bytes()).unwrap_err().to_string();
    assert!(error.contains(words), "{name} {text:?}: {error}");
}

#[test]
fn texts_of_numbers() {
    accepts("double", "INF", f64::INFINITY);
    accepts("double", "-INF", f64::NEG_INFINITY);
    accepts("double", "Infinity", f64::INFINITY);
    accepts("double", "1e5", 100_000.0);
    accepts("double", "1E+20", 1e20);
    accepts("double", " 1.5 ", 1.5);
    accepts("double", ".5", 0.5);
    accepts("double", "1.", 1.0);
    assert!(from_xml::<f64>(built_in("double", "NaN").as_bytes()).unwrap().is_nan());
    for wrong in ["+INF", "1,5", "0x1", ""] {
        refuses::<f64>(
            "double",
            wrong,
            "There was an error deserializing the object of type System.Double.",
        );
    }
    accepts("boolean", "true", true);
    accepts("boolean", "1", true);
    accepts("boolean", "0", false);
    accepts("boolean", " true ", true);
    refuses::<bool>("boolean", "True", "Content cannot be converted to the type Boolean.");
    accepts("int", "+5", 5);
    accepts("int", " 5 ", 5);
    refuses::<i32>("int", "5.0", "Content cannot be converted to the type Int.");
    refuses::<i32>("int", "2147483648", "Value was either too large or too small for an Int32.");
    accepts("decimal", "1.5", "1.5".parse::<Decimal>().unwrap());
    accepts("decimal", "+1", Decimal::from(1));
    accepts("decimal", " 2 ", Decimal::from(2));
    refuses::<Decimal>("decimal", "1E2", "Content cannot be converted to the type Decimal.");
    accepts("char", "65", Char(65));
    refuses::<Char>("char", "A", "Content cannot be converted to the type Int.");
}

#[test]
fn texts_of_other_built_in_types() {
    let moment = |text: &str| text.parse::<DateTime>().unwrap();
    accepts("dateTime", "2026-11-23", moment("2026-11-23T00:00:00"));
    accepts("dateTime", "2026-11-23T10:00:00.12345678Z", moment("2026-11-23T10:00:00.1234568Z"));
    // .NET turns the offset into its own zone's; here it stays what it was.
    assert_eq!(
        to_xml(&moment("2026-11-23T10:00:00+05:00")).unwrap(),
        built_in("dateTime", "2026-11-23T10:00:00+05:00")
    );
    let zero = to_xml(&DateTimeOffset::default()).unwrap();
    assert!(zero.contains(">0001-01-01T00:00:00Z<"), "{zero}");
    refuses::<DateTime>(
        "dateTime",
        "2026-11-23T24:00:00",
        "Content cannot be converted to the type DateTime.",
    );
    let span = |seconds| TimeSpan::from_seconds(seconds).unwrap();
    accepts("duration", "P1Y", span(365 * 86_400));
    accepts("duration", "P1M", span(30 * 86_400));
    accepts("duration", "PT36H", span(36 * 3_600));
    accepts("duration", "-PT1S", span(-1));
    refuses::<TimeSpan>(
        "duration",
        "P1DT",
        "The value 'P1DT' cannot be parsed as the type 'TimeSpan'.",
    );
    let guid: Guid = "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
    accepts("guid", "{01234567-89AB-CDEF-0123-456789ABCDEF}", guid);
    accepts("guid", "0123456789ABCDEF0123456789ABCDEF", guid);
    accepts("base64Binary", " A Q\n==", vec![1u8]);
    refuses::<Vec<u8>>("base64Binary", "A", "Base64");
    refuses::<String>("string", "<a/>", "'Element' is an invalid XmlNodeType.");
    let nil = r#"<string i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.microsoft.com/2003/10/Serialization/"/>"#;
    assert_eq!(from_xml::<Option<String>>(nil.as_bytes()), Ok(None));
    let error = from_xml::<String>(nil.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("Declare it as Option"), "{error}");
}

#[test]
fn what_has_no_xml_form_is_not_written() {
    let text = |error: waxwing_datacontract::WriteError| error.to_string();
    let error = to_xml(&"a\u{1}".to_owned()).unwrap_err();
    assert!(text(error).contains("hexadecimal value 0x01, is an invalid character."));
    let error = to_xml(&Color::Hidden).unwrap_err();
    assert!(text(error).contains(
        "Enum value 'Hidden' is invalid for type 'Contoso.Orders.Color' and cannot be serialized."
    ));
    let error = to_xml(&Perm(9)).unwrap_err();
    assert!(text(error).contains("Enum value '9' is invalid for type 'Contoso.Orders.Perm'"));
    let nested = Person { name: Some("\u{FFFE}".into()), age: 0 };
    let error = to_xml(&vec![nested]).unwrap_err();
    assert_eq!(error.path, "ArrayOfPerson/Person/Name");
}

#[test]
fn references_that_dangle_are_refused() {
    let z = "xmlns:z='http://schemas.microsoft.com/2003/10/Serialization/'";
    let read = |xml: &str| from_xml::<Shared<Node>>(xml.as_bytes());
    let dangling = orders("Node", &format!("{z} z:Id='i1'"), "<Id>1</Id><Next z:Ref='i7'/>");
    let error = read(&dangling).unwrap_err();
    assert!(error.to_string().contains("reference id 'i7' not found"), "{error}");
    // A reference to an object of another type.
    let xml = format!("<AnyType xmlns='{ORDERS}' {z} z:Ref='i1'/>");
    assert!(read(&xml).is_err());
    // A class that is not shared cannot follow.
    let xml = orders("Person", &format!("{z} z:Ref='i1'"), "");
    assert!(from_xml::<Person>(xml.as_bytes()).unwrap_err().to_string().contains("Shared"));
    // Nobody keeps the object of the circle alive: it has no value any more.
    let lost = {
        let owner: Shared<Node> = Shared::empty();
        owner.downgrade()
    };
    let error = to_xml(&Node { id: "1".into(), next: Some(lost) }).unwrap_err();
    assert!(matches!(error.kind, WriteErrorKind::EmptyReference(_)), "{error}");
}

#[test]
fn depth_and_items_are_bounded() {
    let deep = |levels: usize| {
        let (open, close) = ("<Next>".repeat(levels), "</Next>".repeat(levels));
        format!("<Loop xmlns='http://schemas.datacontract.org/2004/07/'>{open}{close}</Loop>")
    };
    let read = |xml: &str, options: &ReadOptions| {
        let limits = Limits { max_depth: 10_000, ..Limits::default() };
        let document = Document::parse(xml.as_bytes(), &limits).unwrap();
        from_element::<Loop>(document.root(), options).map(drop)
    };
    let options = ReadOptions::default();
    assert!(read(&deep(100), &options).is_ok());
    let error = read(&deep(5_000), &options).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::TooDeep(128)), "{error}");
    let few = ReadOptions { max_items: 50, ..ReadOptions::default() };
    let error = read(&deep(100), &few).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::TooManyItems(50)), "{error}");
    // A value that holds itself is not written without end.
    let looped = Shared::empty();
    looped.set(Loop { next: Some(looped.downgrade()) }).ok().unwrap();
    let error = to_xml(&looped).unwrap_err();
    assert!(matches!(error.kind, WriteErrorKind::TooDeep(_)), "{error}");
}

/// Holds itself without `is_reference`.
#[derive(Clone, Debug, DataContract)]
#[data_contract(crate = "waxwing_datacontract")]
struct Loop {
    next: Option<Shared<Loop>>,
}

#[test]
fn duplicate_keys_are_refused_by_maps() {
    let entry = "<KeyValueOfstringint><Key>a</Key><Value>1</Value></KeyValueOfstringint>";
    let xml = format!(
        r#"<ArrayOfKeyValueOfstringint xmlns="http://schemas.microsoft.com/2003/10/Serialization/Arrays">{entry}{entry}</ArrayOfKeyValueOfstringint>"#
    );
    let error = from_xml::<std::collections::BTreeMap<String, i32>>(xml.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("An item with the same key has already been added."),
        "{error}"
    );
    let list = from_xml::<waxwing_datacontract::Dictionary<String, i32>>(xml.as_bytes()).unwrap();
    assert_eq!(list.0.len(), 2);
}

#[test]
fn an_object_of_an_unknown_contract_survives() {
    let xml = orders(
        "Holder",
        "xmlns:u='urn:u'",
        "<O i:type='u:Thing' xmlns:v='urn:v'><v:x k='u:y'>v:z</v:x></O>",
    );
    let holder: Holder = from_xml(xml.as_bytes()).unwrap();
    let Some(AnyType::Typed(typed)) = &holder.o else { panic!("{holder:?}") };
    assert!(typed.contract.is("urn:u", "Thing"));
    let again = to_xml(&holder).unwrap();
    assert_eq!(support::infoset(&again), support::infoset(&xml), "{again}");
}

#[test]
fn a_struct_of_dot_net_is_zero_when_missing() {
    #[derive(Debug, PartialEq, DataContract)]
    #[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
    struct WithStruct {
        st: St,
        #[data_member(emit_default = false)]
        hidden: St,
    }
    let read: WithStruct = from_xml(orders("WithStruct", "", "").as_bytes()).unwrap();
    assert_eq!(read, WithStruct { st: St::default(), hidden: St::default() });
    assert!(!to_xml(&read).unwrap().contains("Hidden"));
    let nil = orders("WithStruct", "", "<Hidden i:nil='true'/>");
    assert!(
        from_xml::<WithStruct>(nil.as_bytes()).unwrap_err().to_string().contains("cannot be null")
    );
}

/// A message of many small unknown elements, in the scope of as many declarations as the parser lets through.
#[test]
fn many_unknown_elements_are_kept_in_one_pass() {
    let declarations: String = (0..200).map(|i| format!(" xmlns:p{i}='urn:{i}'")).collect();
    let unknown: String = (0..20_000).map(|i| format!("<x k='p{}:y'>p7:z</x>", i % 200)).collect();
    let xml = orders("Ext", &declarations, &format!("<Known>1</Known>{unknown}"));
    let read: Ext1 = from_xml(xml.as_bytes()).unwrap();
    assert_eq!(read.rest.len(), 20_000);
    let last = read.rest.elements().last().unwrap();
    assert_eq!(last.resolve_qname(last.attribute("k").unwrap()), Some(("urn:199", "y")));
    assert_eq!(last.resolve_qname("p7:z"), Some(("urn:7", "z")));
    assert_eq!(last.resolve_prefix("p8"), None, "what is not mentioned is not copied");
    let few = ReadOptions { max_items: 1_000, ..ReadOptions::default() };
    let document = Document::parse(xml, &Limits::default()).unwrap();
    let error = from_element::<Ext1>(document.root(), &few).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::TooManyItems(1_000)), "{error}");
}

#[derive(Debug, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", is_reference)]
struct Leaf {
    #[data_member(base)]
    node: Node,
    green: bool,
}

/// What is declared as `Node`.
#[derive(Debug, DataContract)]
#[data_contract(crate = "waxwing_datacontract")]
enum AnyNode {
    Node(Node),
    Leaf(Leaf),
}

#[test]
fn shared_objects_may_be_of_known_types() {
    let node = Node { id: "1".into(), next: None };
    let leaf = Shared::new(AnyNode::Leaf(Leaf { node, green: true }));
    let xml = to_xml(&vec![leaf.clone(), leaf]).unwrap();
    assert_eq!(xml.matches("Ref=").count(), 1, "{xml}");
    let read: Vec<Shared<AnyNode>> = from_xml(xml.as_bytes()).unwrap();
    assert!(read[0].is_same(&read[1]));
    assert!(matches!(&*read[0].get().unwrap(), AnyNode::Leaf(leaf) if leaf.green));
}

#[test]
fn octets_and_arrays_of_values_have_a_longest_length() {
    let most = |max_array_length| ReadOptions { max_array_length, ..ReadOptions::default() };
    fn read<T: DataContract>(xml: &str, options: &ReadOptions) -> Result<T, ReadErrorKind> {
        let document = Document::parse(xml.as_bytes().to_vec(), &Limits::default()).unwrap();
        from_element(document.root(), options).map_err(|error| error.kind)
    }
    for size in 0..12 {
        let octets = vec![9_u8; size as usize];
        let xml = to_xml(&octets).unwrap();
        assert_eq!(read::<Vec<u8>>(&xml, &most(size)).unwrap(), octets);
        let numbers = vec![9_i32; size as usize];
        let array = to_xml(&numbers).unwrap();
        assert_eq!(read::<Vec<i32>>(&array, &most(size)).unwrap(), numbers);
        if let Some(fewer) = size.checked_sub(1) {
            let error = read::<Vec<u8>>(&xml, &most(fewer)).unwrap_err();
            assert_eq!(error, ReadErrorKind::TooManyOctets(fewer));
            let error = read::<Vec<i32>>(&array, &most(fewer)).unwrap_err();
            assert_eq!(error, ReadErrorKind::ArrayTooLong(fewer));
        }
    }
    let short = ReadOptions { max_string_length: 3, ..ReadOptions::default() };
    assert_eq!(read::<String>(&to_xml(&"äöü".to_owned()).unwrap(), &short).unwrap(), "äöü");
    // One character of two UTF-16 units.
    assert!(read::<String>(&to_xml(&"a\u{1F99C}".to_owned()).unwrap(), &short).is_ok());
    let long = to_xml(&"ab\u{1F99C}".to_owned()).unwrap();
    assert_eq!(read::<String>(&long, &short).unwrap_err(), ReadErrorKind::StringTooLong(3));
    assert_eq!(read::<Vec<u8>>(&to_xml(&vec![9_u8; 30]).unwrap(), &short).unwrap().len(), 30);
    let words = to_xml(&vec!["a".to_owned(); 9]).unwrap();
    assert_eq!(read::<Vec<String>>(&words, &most(3)).unwrap().len(), 9);
}
