//! The rules of WCF's `SchemaImporter`, one by one.

use waxwing_metadata::contract::{ContractSet, Shape, Tier};

use crate::written::{class, named, reason, types};

/// A complex type `T` with these attributes and this inside.
fn complex(attributes: &str, inside: &str) -> ContractSet {
    types(&format!(r#"<xs:complexType name="T" {attributes}>{inside}</xs:complexType>"#))
}

fn sequence(inside: &str) -> ContractSet {
    complex("", &format!("<xs:sequence>{inside}</xs:sequence>"))
}

fn orders(set: &ContractSet) -> Vec<(String, Option<i32>)> {
    class(set, "T").members.iter().map(|m| (m.name.local.to_string(), m.order)).collect()
}

#[test]
fn a_sequence_of_elements_or_nothing_is_a_class() {
    assert_eq!(class(&sequence(r#"<xs:element name="a" type="xs:int"/>"#), "T").members.len(), 1);
    assert!(class(&complex("", "<xs:sequence/>"), "T").members.is_empty());
    assert!(class(&complex("", ""), "T").members.is_empty());
}

#[test]
fn other_particles_fall() {
    let a = r#"<xs:element name="a" type="xs:int"/>"#;
    assert_eq!(
        reason(&complex("", &format!("<xs:choice>{a}</xs:choice>")), "T"),
        "choice instead of sequence"
    );
    assert_eq!(
        reason(&complex("", &format!("<xs:all>{a}</xs:all>")), "T"),
        "all instead of sequence"
    );
    let nested = sequence(&format!("<xs:choice>{a}</xs:choice>"));
    assert_eq!(reason(&nested, "T"), "choice in the sequence");
    assert_eq!(
        reason(&sequence(&format!("<xs:sequence>{a}</xs:sequence>")), "T"),
        "sequence in the sequence"
    );
    let repeated = complex("", &format!(r#"<xs:sequence maxOccurs="2">{a}</xs:sequence>"#));
    assert_eq!(reason(&repeated, "T"), "sequence minOccurs/maxOccurs");
    let optional = complex("", &format!(r#"<xs:sequence minOccurs="0">{a}</xs:sequence>"#));
    assert_eq!(reason(&optional, "T"), "sequence minOccurs/maxOccurs");
    let group = types(&format!(
        r#"<xs:group name="G"><xs:sequence>{a}</xs:sequence></xs:group>
           <xs:complexType name="T"><xs:group ref="t:G"/></xs:complexType>
           <xs:complexType name="U"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:complexType>"#
    ));
    assert_eq!(reason(&group, "T"), "group instead of sequence");
    assert_eq!(reason(&group, "U"), "group in the sequence");
    assert_eq!(reason(&sequence(&format!("{a}<xs:any/>")), "T"), "any in the sequence");
}

#[test]
fn members_occur_once_are_qualified_and_plain() {
    let with = |attributes: &str| {
        sequence(&format!(
            r#"<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" {attributes}/>"#
        ))
    };
    assert_eq!(reason(&with(r#"maxOccurs="unbounded""#), "T"), "repeated element among others");
    assert_eq!(
        reason(&with(r#"minOccurs="2" maxOccurs="2""#), "T"),
        "repeated element among others"
    );
    assert_eq!(reason(&with(r#"form="unqualified""#), "T"), "unqualified element");
    assert_eq!(reason(&with(r#"default="1""#), "T"), "member b: default");
    assert_eq!(reason(&with(r#"fixed="1""#), "T"), "member b: fixed");
    let twice =
        sequence(r#"<xs:element name="a" type="xs:int"/><xs:element name="a" type="xs:int"/>"#);
    assert_eq!(reason(&twice, "T"), "repeated element among others");
    let reference = types(
        r#"<xs:element name="g" type="xs:int"/>
           <xs:complexType name="T"><xs:sequence><xs:element ref="t:g"/></xs:sequence></xs:complexType>"#,
    );
    assert_eq!(reason(&reference, "T"), "ref");
}

#[test]
fn optional_references_into_the_serialization_namespace_are_skipped() {
    let set = sequence(
        r#"<xs:element name="a" type="xs:int"/><xs:element minOccurs="0" ref="ser:Later"/>"#,
    );
    assert_eq!(class(&set, "T").members.len(), 1);
    let needed = sequence(r#"<xs:element name="a" type="xs:int"/><xs:element ref="ser:Later"/>"#);
    assert_eq!(reason(&needed, "T"), "ref");
    let known = sequence(
        r#"<xs:element name="a" type="xs:int"/><xs:element minOccurs="0" ref="ser:int"/>"#,
    );
    assert_eq!(reason(&known, "T"), "ref");
}

#[test]
fn one_repeated_element_is_a_collection() {
    let set = sequence(
        r#"<xs:element name="item" type="xs:int" nillable="true" minOccurs="0" maxOccurs="unbounded"/>"#,
    );
    let Shape::Collection(item) = &named(&set, "T").shape else { panic!() };
    assert!(item.nillable && item.is_repeated());
    assert_eq!(&*item.name.local, "item");
    let bounded = sequence(r#"<xs:element name="item" type="xs:int" maxOccurs="3"/>"#);
    assert!(matches!(named(&bounded, "T").shape, Shape::Collection(_)));
    let unqualified =
        sequence(r#"<xs:element name="item" form="unqualified" type="xs:int" maxOccurs="3"/>"#);
    assert_eq!(reason(&unqualified, "T"), "unqualified element");
}

/// A collection `T` annotated as a dictionary whose entries hold this.
fn dictionary(entry: &str) -> ContractSet {
    complex(
        "",
        &format!(
            r#"<xs:annotation><xs:appinfo><ser:IsDictionary>true</ser:IsDictionary></xs:appinfo></xs:annotation>
               <xs:sequence><xs:element name="entry" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
               {entry}</xs:sequence></xs:complexType></xs:element></xs:sequence>"#
        ),
    )
}

#[test]
fn annotated_collections_of_two_members_are_dictionaries() {
    let set = dictionary(
        r#"<xs:element name="Article" nillable="true" type="xs:string"/><xs:element name="Price" type="xs:decimal"/>"#,
    );
    let Shape::Dictionary { entry, key, value } = &named(&set, "T").shape else { panic!() };
    assert_eq!(
        (&*entry.local, &*key.name.local, &*value.name.local),
        ("entry", "Article", "Price")
    );
    let one = dictionary(r#"<xs:element name="Article" type="xs:string"/>"#);
    assert!(reason(&one, "T").starts_with("IsDictionary"));
    let optional = dictionary(
        r#"<xs:element name="a" type="xs:string"/><xs:element minOccurs="0" name="b" type="xs:decimal"/>"#,
    );
    assert!(reason(&optional, "T").starts_with("IsDictionary"));
    let fallen = dictionary(r#"<xs:element name="a" type="xs:string"/><xs:choice/>"#);
    assert_eq!(reason(&fallen, "T"), "item: choice in the sequence");
}

#[test]
fn extensions_of_classes_are_classes() {
    let derived = |base: &str| {
        types(&format!(
            r#"<xs:complexType name="B">{base}</xs:complexType>
               <xs:complexType name="D" abstract="true"><xs:complexContent><xs:extension base="t:B"><xs:sequence>
               <xs:element name="own" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>"#
        ))
    };
    let set = derived(r#"<xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence>"#);
    assert!(class(&set, "D").base.is_some());
    assert_eq!(class(&set, "B").derived.len(), 1);
    let choice = derived("<xs:choice/>");
    assert_eq!(reason(&choice, "D"), "base: choice instead of sequence");
    let list =
        derived(r#"<xs:sequence><xs:element name="a" type="xs:int" maxOccurs="9"/></xs:sequence>"#);
    assert_eq!(reason(&list, "D"), "base: not a class");
}

#[test]
fn a_class_falls_with_what_extends_it() {
    let set = types(
        r#"<xs:complexType name="B"><xs:sequence/></xs:complexType>
           <xs:complexType name="D"><xs:complexContent><xs:extension base="t:B"><xs:attribute name="x"/></xs:extension>
           </xs:complexContent></xs:complexType>"#,
    );
    assert_eq!(reason(&set, "D"), "attribute x");
    assert_eq!(reason(&set, "B"), "known type D: attribute x");
}

#[test]
fn restrictions_are_of_any_type_only() {
    let restriction = |base: &str| {
        types(&format!(
            r#"<xs:complexType name="B"><xs:sequence/></xs:complexType>
               <xs:complexType name="T"><xs:complexContent><xs:restriction base="{base}"><xs:sequence>
               <xs:element name="a" type="xs:int"/></xs:sequence></xs:restriction></xs:complexContent></xs:complexType>"#
        ))
    };
    assert_eq!(class(&restriction("xs:anyType"), "T").members.len(), 1);
    assert_eq!(reason(&restriction("t:B"), "T"), "restriction of a complex type");
}

#[test]
fn attributes_are_those_of_the_serialization_schema() {
    let with = |attributes: &str| complex("", &format!("<xs:sequence/>{attributes}"));
    assert!(
        class(&with(r#"<xs:attribute ref="ser:Id"/><xs:attribute ref="ser:Ref"/>"#), "T")
            .is_reference
    );
    assert!(!class(&with(r#"<xs:attribute ref="ser:Id"/>"#), "T").is_reference);
    assert!(class(&with(r#"<xs:attribute name="x" use="prohibited"/>"#), "T").members.is_empty());
    assert_eq!(reason(&with(r#"<xs:attribute name="x" type="xs:int"/>"#), "T"), "attribute x");
    assert_eq!(
        reason(&with(r#"<xs:attribute ref="ser:Size" use="required"/>"#), "T"),
        "attribute Size"
    );
    assert_eq!(reason(&with("<xs:anyAttribute/>"), "T"), "anyAttribute");
    let group = types(
        r#"<xs:attributeGroup name="G"><xs:attribute name="x"/></xs:attributeGroup>
           <xs:complexType name="T"><xs:sequence/><xs:attributeGroup ref="t:G"/></xs:complexType>"#,
    );
    assert_eq!(reason(&group, "T"), "attributeGroup G");
}

#[test]
fn is_reference_is_inherited() {
    let set = types(
        r#"<xs:complexType name="D"><xs:complexContent><xs:extension base="t:B"><xs:sequence/></xs:extension>
           </xs:complexContent></xs:complexType>
           <xs:complexType name="B"><xs:sequence/><xs:attribute ref="ser:Id"/><xs:attribute ref="ser:Ref"/></xs:complexType>"#,
    );
    assert!(class(&set, "D").is_reference);
}

#[test]
fn abstract_mixed_simple_content_and_redefinitions_fall() {
    assert_eq!(reason(&complex(r#"abstract="true""#, "<xs:sequence/>"), "T"), "abstract");
    assert_eq!(reason(&complex(r#"mixed="true""#, "<xs:sequence/>"), "T"), "mixed");
    let simple =
        complex("", r#"<xs:simpleContent><xs:extension base="xs:int"/></xs:simpleContent>"#);
    assert_eq!(reason(&simple, "T"), "simpleContent");
}

#[test]
fn enumerations_are_restrictions_of_texts() {
    let set = types(
        r#"<xs:simpleType name="E"><xs:annotation><xs:appinfo>
             <ser:ActualType Name="unsignedByte" Namespace="http://www.w3.org/2001/XMLSchema"/></xs:appinfo></xs:annotation>
           <xs:restriction base="xs:string"><xs:enumeration value="a"/><xs:enumeration value="b"><xs:annotation><xs:appinfo>
             <ser:EnumerationValue>7</ser:EnumerationValue></xs:appinfo></xs:annotation></xs:enumeration>
             <xs:enumeration value="c"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="Again"><xs:restriction base="t:E"><xs:enumeration value="c"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="Token"><xs:restriction base="xs:token"><xs:enumeration value="x"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="Short"><xs:restriction base="xs:string"><xs:maxLength value="3"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="Numbers"><xs:restriction base="xs:int"><xs:enumeration value="1"/></xs:restriction></xs:simpleType>"#,
    );
    let members = |title: &str| match &named(&set, title).shape {
        Shape::Enumeration(of) => {
            of.members.iter().map(|m| (m.text.clone(), m.value)).collect::<Vec<_>>()
        }
        other => panic!("{title}: {other:?}"),
    };
    assert_eq!(members("E"), [("a".to_owned(), 0), ("b".to_owned(), 7), ("c".to_owned(), 2)]);
    let Shape::Enumeration(of) = &named(&set, "E").shape else { panic!() };
    assert_eq!(of.underlying.as_ref().map(|name| &*name.local), Some("unsignedByte"));
    assert_eq!(members("Again").len() + members("Token").len(), 2);
    for title in ["Short", "Numbers"] {
        let of = named(&set, title);
        assert!(matches!(&of.shape, Shape::Simple { facets, .. } if facets.len() == 1), "{title}");
        assert_eq!(of.tier, Tier::DataContract);
    }
}

#[test]
fn lists_are_flags_if_their_enumeration_is_anonymous() {
    let set = types(
        r#"<xs:simpleType name="E"><xs:restriction base="xs:string"><xs:enumeration value="a"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="F"><xs:list><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="a"/>
             <xs:enumeration value="b"/><xs:enumeration value="c"/></xs:restriction></xs:simpleType></xs:list></xs:simpleType>
           <xs:simpleType name="L"><xs:list itemType="t:E"/></xs:simpleType>
           <xs:simpleType name="U"><xs:union memberTypes="t:E xs:int"/></xs:simpleType>
           <xs:complexType name="T"><xs:sequence><xs:element name="m" type="t:L"/></xs:sequence></xs:complexType>"#,
    );
    let Shape::Enumeration(flags) = &named(&set, "F").shape else { panic!() };
    assert_eq!(flags.members.iter().map(|m| m.value).collect::<Vec<_>>(), [1, 2, 4]);
    assert!(flags.flags);
    assert!(matches!(named(&set, "L").shape, Shape::List(_)));
    assert_eq!(reason(&set, "U"), "union");
    assert_eq!(reason(&set, "T"), "member m: list that is not of an anonymous enumeration");
}

#[test]
fn anonymous_types_are_called_after_their_place() {
    let set = sequence(
        r#"<xs:element name="inner"><xs:complexType><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence>
           </xs:complexType></xs:element><xs:element name="nothing"/>"#,
    );
    assert_eq!(class(&set, "T.inner").members.len(), 1);
    let nothing = &class(&set, "T").members[1];
    assert!(matches!(set.types.get(nothing.type_id).shape, Shape::Any));
}

#[test]
fn wildcards_alone_are_xml() {
    let member = |inside: &str| {
        let set = sequence(&format!(
            r#"<xs:element name="m"><xs:complexType>{inside}</xs:complexType></xs:element>"#
        ));
        let of = set
            .types
            .get(set.types.iter().find_map(|(id, of)| (of.title == "T.m").then_some(id)).unwrap());
        (of.shape.clone(), of.tier)
    };
    let one = member("<xs:sequence><xs:any processContents=\"lax\"/></xs:sequence>");
    assert!(matches!(one, (Shape::Xml { nodes: false }, Tier::DataContract)));
    let many =
        member(r#"<xs:sequence><xs:any maxOccurs="unbounded"/></xs:sequence><xs:anyAttribute/>"#);
    assert!(matches!(many, (Shape::Xml { nodes: true }, Tier::DataContract)));
    // What a DataSet is: its schema and its rows. WCF takes XmlSerializer for it.
    let data_set = member(r#"<xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence>"#);
    assert!(matches!(data_set, (Shape::Xml { nodes: true }, Tier::Xml)));
    assert_eq!(reason(&sequence("<xs:any/>"), "T"), "any in the sequence", "a named type is none");
}

#[test]
fn a_factory_type_is_of_a_class_that_serializes_itself() {
    let any = r###"<xs:any minOccurs="0" maxOccurs="unbounded" namespace="##local" processContents="skip"/>"###;
    let factory = r#"<xs:attribute ref="ser:FactoryType"/>"#;
    let set = complex("", &format!("<xs:sequence>{any}</xs:sequence>{factory}"));
    assert!(matches!(named(&set, "T").shape, Shape::Serializable { .. }));
    assert_eq!(
        reason(&complex("", &format!("<xs:sequence><xs:any/></xs:sequence>{factory}")), "T"),
        "any in the sequence"
    );
    let derived = types(&format!(
        r#"<xs:complexType name="B"><xs:sequence>{any}</xs:sequence>{factory}</xs:complexType>
           <xs:complexType name="D"><xs:complexContent><xs:extension base="t:B"><xs:sequence/></xs:extension></xs:complexContent>
           </xs:complexType>"#
    ));
    assert!(matches!(named(&derived, "D").shape, Shape::Serializable { .. }));
}

#[test]
fn an_element_of_the_name_of_a_type_has_that_type() {
    let with = |element: &str| {
        types(&format!(r#"{element}<xs:complexType name="T"><xs:sequence/></xs:complexType>"#))
    };
    assert!(class(&with(r#"<xs:element name="T" type="t:T"/>"#), "T").members.is_empty());
    assert_eq!(
        reason(&with(r#"<xs:element name="T" type="xs:int"/>"#), "T"),
        "element T has another type"
    );
    assert_eq!(reason(&with(r#"<xs:element name="T"/>"#), "T"), "element T has another type");
}

#[test]
fn members_get_an_order_where_names_do_not_give_it() {
    let of = |names: &[&str]| {
        let elements: Vec<_> =
            names.iter().map(|n| format!(r#"<xs:element name="{n}" type="xs:int"/>"#)).collect();
        orders(&sequence(&elements.concat()))
            .into_iter()
            .map(|(_, order)| order)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&["A", "B", "a"]), [None, None, None]);
    assert_eq!(of(&["A", "C", "B", "D"]), [None, None, Some(2), Some(3)]);
    assert_eq!(of(&["b", "_", "Z"]), [None, Some(1), Some(2)]);
}

#[test]
fn null_absence_and_defaults() {
    let set = sequence(
        r#"<xs:element name="a" type="xs:string"/><xs:element name="b" minOccurs="0" type="xs:string"/>
           <xs:element name="c" nillable="true" type="xs:string"/><xs:element name="d" minOccurs="0" type="xs:int"/>
           <xs:element name="e" minOccurs="0" type="xs:int"><xs:annotation><xs:appinfo>
             <ser:DefaultValue EmitDefaultValue="false"/></xs:appinfo></xs:annotation></xs:element>"#,
    );
    let of: Vec<_> = class(&set, "T")
        .members
        .iter()
        .map(|m| (m.min_occurs, m.nillable, m.emit_default))
        .collect();
    assert_eq!(
        of,
        [
            (1, false, false),
            (0, false, false),
            (1, true, true),
            (0, false, true),
            (0, false, false)
        ]
    );
}

#[test]
fn value_types_and_actual_types_by_annotation() {
    let note =
        |inside: &str| format!("<xs:annotation><xs:appinfo>{inside}</xs:appinfo></xs:annotation>");
    let value = note("<ser:IsValueType>true</ser:IsValueType>");
    let set = complex("", &format!("{value}<xs:sequence/>"));
    assert!(class(&set, "T").is_value_type);
    let extended = types(&format!(
        r#"<xs:complexType name="T">{value}<xs:sequence/></xs:complexType><xs:complexType name="D"><xs:complexContent>
           <xs:extension base="t:T"><xs:sequence/></xs:extension></xs:complexContent></xs:complexType>"#
    ));
    assert!(!class(&extended, "T").is_value_type);
    let actual = note(
        r#"<ser:ActualType Name="char" Namespace="http://schemas.microsoft.com/2003/10/Serialization/"/>"#,
    );
    let set = sequence(&format!(r#"<xs:element name="a" type="xs:int">{actual}</xs:element>"#));
    let of = &set.types.get(class(&set, "T").members[0].type_id).shape;
    assert!(matches!(of, Shape::BuiltIn(name) if &*name.local == "char"));
}

#[test]
fn arrays_of_built_in_types_need_no_schema() {
    let set = types(
        r#"<xs:complexType name="T"><xs:sequence><xs:element name="a" type="a:ArrayOfArrayOfint"
             xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"/></xs:sequence></xs:complexType>"#,
    );
    let Shape::Collection(outer) = &set.types.get(class(&set, "T").members[0].type_id).shape else {
        panic!()
    };
    let Shape::Collection(inner) = &set.types.get(outer.type_id).shape else { panic!() };
    assert!(outer.nillable && !inner.nillable);
    assert!(set.findings.is_empty());
}

#[test]
fn a_type_that_nobody_declares_is_any_xml() {
    let set = types(
        r#"<xs:complexType name="T"><xs:sequence><xs:element name="a" type="t:Missing"/></xs:sequence></xs:complexType>"#,
    );
    assert_eq!(reason(&set, "T"), "member a: the type {urn:t}Missing is in none of the schemas");
    assert!(matches!(named(&set, "Missing").shape, Shape::Xml { nodes: true }));
    assert_eq!(set.findings[0].code, "missing-type");
    assert!(set.findings[0].at.as_ref().is_some_and(|at| at.line > 0));
}
