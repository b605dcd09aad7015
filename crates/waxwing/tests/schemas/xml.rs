//! The schemas of XML types.

use waxwing::XmlType;
use waxwing::datacontract::{DataContract, Nullable, QName, XmlElement, xsd};
use waxwing_metadata::contract::{ContractSet, Particle, Shape, Structure, Tier};
use waxwing_metadata::export::SchemaExporter;
use waxwing_metadata::load::{LoadOptions, Loader};
use waxwing_metadata::schema::write;
use waxwing_metadata::{Location, QName as Name};

/// An order.
#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Order {
    #[xml(attribute, name = "id")]
    id: u32,
    #[xml(attribute, default = "open")]
    state: State,
    #[xml(attribute, name = "lang", namespace = "http://www.w3.org/XML/1998/namespace")]
    language: Option<String>,
    #[xml(attribute, name = "days")]
    days: Vec<xsd::Date>,
    /// When.
    placed: xsd::Date,
    sum: Option<Nullable<f64>>,
    note: Nullable<String>,
    #[xml(choice)]
    lines: Vec<Line>,
    #[xml(group)]
    address: Option<Address>,
    #[xml(array(item = "Tag"))]
    tags: Vec<String>,
    #[xml(list)]
    numbers: Vec<i32>,
    #[xml(namespace = "urn:other")]
    foreign: Option<Price>,
    pet: Option<AnyPet>,
    #[xml(any)]
    extensions: Vec<XmlElement>,
    #[xml(any_attribute)]
    others: Vec<(QName, String)>,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
enum State {
    #[xml(value = "open")]
    Open,
    #[xml(value = "on-hold")]
    Held,
}

#[derive(Debug, XmlType)]
#[xml(choice, namespace = "urn:orders")]
enum Line {
    Article(Price),
    Remark(String),
    #[xml(group)]
    Parcel(Parcel),
    Nothing,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Parcel {
    width: i32,
    height: i32,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Address {
    street: String,
    city: Option<String>,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Price {
    #[xml(attribute, name = "currency", fixed = "EUR")]
    currency: String,
    #[xml(text)]
    amount: Amount,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Amount(f64);

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders", union)]
enum Size {
    Number(i32),
    Name(State),
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders", list)]
struct Sizes(Vec<Size>);

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders", unqualified)]
struct Pet {
    name: String,
    sizes: Option<Sizes>,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders")]
struct Dog {
    #[xml(base)]
    pet: Pet,
    friends: Vec<AnyPet>,
}

#[derive(Debug, XmlType)]
#[xml(namespace = "urn:orders", derived, base = Pet)]
enum AnyPet {
    Dog(Dog),
}

const ORDERS: &str = "urn:orders";

const EXPECTED: &[&str] = &[
    r#"<xs:complexType name="Order"><xs:sequence><xs:element name="Placed" type="xs:date"/><xs:element minOccurs="0" name="Sum" nillable="true" type="xs:double"/><xs:element name="Note" nillable="true" type="xs:string"/>"#,
    r#"<xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Article" type="tns:Price"/><xs:element name="Remark" type="xs:string"/><xs:sequence><xs:element name="Width" type="xs:int"/><xs:element name="Height" type="xs:int"/></xs:sequence>"#,
    r#"<xs:element name="Nothing"><xs:complexType/></xs:element></xs:choice>"#,
    r#"<xs:sequence minOccurs="0"><xs:element name="Street" type="xs:string"/><xs:element minOccurs="0" name="City" type="xs:string"/></xs:sequence>"#,
    r#"<xs:element minOccurs="0" name="Tags"><xs:complexType><xs:sequence><xs:element minOccurs="0" maxOccurs="unbounded" name="Tag" type="xs:string"/></xs:sequence></xs:complexType></xs:element>"#,
    r#"<xs:element minOccurs="0" name="Numbers"><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType></xs:element>"#,
    r#"<xs:element minOccurs="0" ref="q1:Foreign"/><xs:element minOccurs="0" name="Pet" type="tns:Pet"/><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence>"#,
    r#"<xs:attribute name="id" type="xs:unsignedInt" use="required"/><xs:attribute name="State" default="open" type="tns:State"/><xs:attribute ref="xml:lang"/>"#,
    r#"<xs:attribute name="days"><xs:simpleType><xs:list itemType="xs:date"/></xs:simpleType></xs:attribute><xs:anyAttribute processContents="lax"/></xs:complexType>"#,
    r#"<xs:simpleType name="State"><xs:restriction base="xs:string"><xs:enumeration value="open"/><xs:enumeration value="on-hold"/></xs:restriction></xs:simpleType>"#,
    r#"<xs:complexType name="Price"><xs:simpleContent><xs:extension base="tns:Amount"><xs:attribute name="currency" fixed="EUR" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>"#,
    r#"<xs:simpleType name="Amount"><xs:restriction base="xs:double"/></xs:simpleType>"#,
    r#"<xs:complexType abstract="true" name="Pet"><xs:sequence><xs:element form="unqualified" name="Name" type="xs:string"/><xs:element minOccurs="0" form="unqualified" name="Sizes" type="tns:Sizes"/></xs:sequence></xs:complexType>"#,
    r#"<xs:simpleType name="Sizes"><xs:list itemType="tns:Size"/></xs:simpleType>"#,
    r#"<xs:simpleType name="Size"><xs:union memberTypes="xs:int tns:State"/></xs:simpleType>"#,
    r#"<xs:complexType name="Dog"><xs:complexContent mixed="false"><xs:extension base="tns:Pet"><xs:sequence><xs:element minOccurs="0" maxOccurs="unbounded" name="Friends" type="tns:Pet"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>"#,
];

fn exporter() -> SchemaExporter {
    let mut schemas = SchemaExporter::new();
    Order::describe(schemas.types());
    schemas
}

#[test]
fn xml_types_have_attributes_choices_and_text() {
    let exported = exporter().finish();
    assert_eq!(exported.conflicts, []);
    let written = |namespace: &str| {
        let schema = exported.schemas.iter().find(|own| own.target_namespace == namespace);
        write(schema.expect("a schema")).to_string()
    };
    let orders = written(ORDERS);
    for part in EXPECTED {
        assert!(orders.contains(part), "{part}\n{orders}");
    }
    let other = written("urn:other");
    assert!(other.contains(r#"<xs:element name="Foreign" type="q1:Price"/>"#), "{other}");
    let xml = r#"<xs:import namespace="http://www.w3.org/XML/1998/namespace"/>"#;
    assert!(orders.contains(xml), "{orders}");
}

#[test]
fn documentation_is_written_where_it_is_asked_for() {
    let plain = exporter().finish();
    let documented = exporter().with_documentation(true).finish();
    let text = |schemas: &[waxwing_metadata::schema::Schema]| -> String {
        schemas.iter().map(|schema| write(schema).to_string()).collect()
    };
    let (plain, documented) = (text(&plain.schemas), text(&documented.schemas));
    assert!(!plain.contains("documentation"));
    for part in ["An order.", "When."] {
        let part =
            format!("<xs:annotation><xs:documentation>{part}</xs:documentation></xs:annotation>");
        assert!(documented.contains(&part), "{documented}");
    }
}

fn elements(particles: &[Particle], found: &mut Vec<String>) {
    for particle in particles {
        match particle {
            Particle::Element(member) => found.push(member.name.local.to_string()),
            Particle::Sequence(inner, _) | Particle::Choice(inner, _) | Particle::All(inner, _) => {
                elements(inner, found);
            }
            Particle::Any { .. } => found.push("*".to_owned()),
        }
    }
}

#[test]
fn xml_types_are_imported_as_xml_types() {
    let mut loader = Loader::new(LoadOptions::default());
    for (at, schema) in exporter().finish().schemas.iter().enumerate() {
        let text = write(schema).to_string();
        loader.give(Location::new(format!("folder/{at}.xsd")), text.into_bytes());
    }
    assert_eq!(loader.want(), None);
    let set = loader.finish();
    let imported = ContractSet::of_bindings(&set, []);
    assert_eq!((set.findings(), &*imported.findings), (&[][..], &[][..]));
    let types = imported.types;
    let structure = |local: &str| -> &Structure {
        let found = types.get(types.find(&Name::new(ORDERS, local)).expect(local));
        assert_eq!(found.tier, Tier::Xml);
        match &found.shape {
            Shape::Structure(structure) => structure,
            other => panic!("{other:?}"),
        }
    };
    let order = structure("Order");
    let mut found = Vec::new();
    elements(&order.content, &mut found);
    assert_eq!(
        found,
        [
            "Placed", "Sum", "Note", "Article", "Remark", "Width", "Height", "Nothing", "Street",
            "City", "Tags", "Numbers", "Foreign", "Pet", "*"
        ]
    );
    let attributes: Vec<_> =
        order.attributes.iter().map(|own| (&*own.name.local, own.required)).collect();
    assert_eq!(attributes, [("id", true), ("State", false), ("lang", false), ("days", false)]);
    assert!(order.any_attribute && structure("Pet").is_abstract && structure("Dog").base.is_some());
    assert!(structure("Price").text.is_some());
}
