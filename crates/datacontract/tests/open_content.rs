//! What a contract leaves open: content as it came, and enumerations with texts that are not known.

use waxwing_datacontract::{OpenContent, from_xml, to_xml};
use waxwing_macros::DataContract;

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:open")]
struct Holder {
    bag: Option<OpenContent>,
    #[data_member(emit_default = false)]
    size: Size,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:open")]
#[repr(i32)]
enum Size {
    #[default]
    Small,
    #[enum_member(value = "X-L")]
    Large = 5,
    #[enum_member(other)]
    Other(String),
}

/// As WCF wrote a class with `ISerializable` (captured).
const BAG: &str = r#"<Holder xmlns="urn:open"><Bag xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="http://www.w3.org/2001/XMLSchema"><a i:type="x:int" xmlns="">1</a><b i:type="x:string" xmlns="">b</b></Bag></Holder>"#;

#[test]
fn members_of_a_class_that_serializes_itself() {
    let holder: Holder = from_xml(BAG.as_bytes()).unwrap();
    let bag = holder.bag.clone().unwrap();
    assert_eq!(bag.get::<i32>("a").unwrap(), Some(1));
    assert_eq!(bag.get::<String>("b").unwrap().as_deref(), Some("b"));
    assert!(bag.get::<i32>("b").is_err());
    let again: Holder = from_xml(to_xml(&holder).unwrap().as_bytes()).unwrap();
    assert_eq!(again.bag.unwrap().get::<i32>("a").unwrap(), Some(1));
    let mut made = OpenContent::new();
    made.add("a", &1).unwrap();
    made.add("with space", &vec![1, 2]).unwrap();
    let text = to_xml(&Holder { bag: Some(made), size: Size::Small }).unwrap();
    assert!(text.contains("with_x0020_space"), "{text}");
    let bag = from_xml::<Holder>(text.as_bytes()).unwrap().bag.unwrap();
    assert_eq!(bag.get::<Vec<i32>>("with space").unwrap(), Some(vec![1, 2]));
}

#[test]
fn attributes_and_nodes_come_back() {
    let text = r#"<o:Holder xmlns:o="urn:open"><o:Bag xmlns:p="urn:p" p:a="1" t="p:x">some <p:b>p:y</p:b> text</o:Bag></o:Holder>"#;
    let holder: Holder = from_xml(text.as_bytes()).unwrap();
    let again: Holder = from_xml(to_xml(&holder).unwrap().as_bytes()).unwrap();
    let bag = again.bag.unwrap();
    let element = bag.element();
    assert_eq!(element.attribute_ns("urn:p", "a"), Some("1"));
    assert_eq!(element.resolve_qname(element.attribute("t").unwrap()), Some(("urn:p", "x")));
    let inner = element.child("urn:p", "b").unwrap();
    assert_eq!(inner.resolve_qname(&inner.text()), Some(("urn:p", "y")));
    assert_eq!(element.text(), "some  text");
}

#[test]
fn a_text_that_is_not_known_is_kept() {
    let sized = |size: &str| format!("<Holder xmlns='urn:open'><Size>{size}</Size></Holder>");
    let read = |size: &str| from_xml::<Holder>(sized(size).as_bytes()).unwrap().size;
    assert_eq!(read("Small"), Size::Small);
    assert_eq!(read("X-L"), Size::Large);
    assert_eq!(read("Huge"), Size::Other("Huge".to_owned()));
    let written = |size| to_xml(&Holder { bag: None, size }).unwrap();
    assert!(written(Size::Large).contains(">X-L<"));
    assert!(written(Size::Other("Huge".to_owned())).contains(">Huge<"));
    assert!(!written(Size::Small).contains("Size"));
    assert_eq!(from_xml::<Holder>(b"<Holder xmlns='urn:open'/>").unwrap(), Holder::default());
}
