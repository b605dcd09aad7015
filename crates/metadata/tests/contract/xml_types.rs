//! Complex types beyond data contracts, and what hostile schemas do.

use waxwing_metadata::contract::{ContractSet, Occurs, Particle, Structure};

use crate::written::{class, named, structure, types};

const ONCE: Occurs = Occurs { min: 1, max: Some(1) };

/// Content in short: `a b(c|d)* any`.
fn content(structure: &Structure) -> String {
    structure.content.iter().map(particle).collect::<Vec<_>>().join(" ")
}

fn particle(of: &Particle) -> String {
    let all =
        |items: &[Particle], by: &str| items.iter().map(particle).collect::<Vec<_>>().join(by);
    let (text, occurs) = match of {
        Particle::Element(member) => (
            member.name.local.to_string(),
            Occurs { min: member.min_occurs, max: member.max_occurs },
        ),
        Particle::Sequence(items, occurs) => (format!("({})", all(items, " ")), *occurs),
        Particle::Choice(items, occurs) => (format!("({})", all(items, "|")), *occurs),
        Particle::All(items, occurs) => (format!("({})", all(items, "&")), *occurs),
        Particle::Any { namespaces, occurs } => (format!("any[{namespaces}]"), *occurs),
    };
    let suffix = match (occurs.min, occurs.max) {
        _ if occurs == ONCE => String::new(),
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (0, Some(1)) => "?".to_owned(),
        (min, max) => format!("{{{min},{max:?}}}"),
    };
    text + &suffix
}

#[test]
fn groups_choices_and_wildcards_are_resolved() {
    let set = types(
        r###"<xs:group name="G"><xs:choice><xs:element name="c" type="xs:int"/><xs:element name="d" type="xs:int"/></xs:choice></xs:group>
           <xs:element name="g" type="xs:int"/>
           <xs:complexType name="T"><xs:sequence><xs:element name="a" type="xs:int"/><xs:element ref="t:g" minOccurs="0"/>
             <xs:group ref="t:G" minOccurs="0" maxOccurs="unbounded"/><xs:sequence minOccurs="0"><xs:element name="e" type="xs:int"/>
             </xs:sequence><xs:element name="never" maxOccurs="0" minOccurs="0"/>
             <xs:any namespace="##other"/><xs:any minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
           <xs:complexType name="All"><xs:all><xs:element name="x" type="xs:int"/><xs:element name="y" minOccurs="0"/></xs:all></xs:complexType>
           <xs:complexType name="Group"><xs:group ref="t:G" maxOccurs="2"/></xs:complexType>"###,
    );
    assert_eq!(content(structure(&set, "T")), "a g? (c|d)* (e)? any[##any]+");
    assert_eq!(content(structure(&set, "All")), "(x&y?)");
    assert_eq!(content(structure(&set, "Group")), "(c|d){1,Some(2)}");
}

#[test]
fn attributes_with_groups_defaults_and_xml_lang() {
    let set = types(
        r#"<xs:attribute name="global" type="xs:int" default="3"/>
           <xs:attributeGroup name="G"><xs:attribute name="b" type="xs:int" fixed="1"/><xs:attribute ref="xml:lang"/></xs:attributeGroup>
           <xs:complexType name="T"><xs:attribute name="a" use="required"/><xs:attribute ref="t:global"/>
             <xs:attribute name="gone" use="prohibited"/><xs:attributeGroup ref="t:G"/><xs:anyAttribute/></xs:complexType>"#,
    );
    let of = structure(&set, "T");
    let all: Vec<_> = of
        .attributes
        .iter()
        .map(|a| (a.name.to_string(), a.required, a.default.as_deref(), a.fixed.as_deref()))
        .collect();
    assert_eq!(
        all,
        [
            ("a".to_owned(), true, None, None),
            ("{urn:t}global".to_owned(), false, Some("3"), None),
            ("b".to_owned(), false, None, Some("1")),
            ("{http://www.w3.org/XML/1998/namespace}lang".to_owned(), false, None, None),
        ]
    );
    assert!(of.any_attribute);
}

#[test]
fn text_with_attributes_and_its_extension() {
    let set = types(
        r#"<xs:complexType name="Amount"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="currency"/>
             </xs:extension></xs:simpleContent></xs:complexType>
           <xs:complexType name="Taxed"><xs:simpleContent><xs:extension base="t:Amount"><xs:attribute name="rate"/></xs:extension>
             </xs:simpleContent></xs:complexType>
           <xs:complexType name="Mixed" mixed="true"><xs:sequence><xs:element name="b" minOccurs="0"/></xs:sequence></xs:complexType>"#,
    );
    let amount = structure(&set, "Amount");
    assert!(amount.text.is_some() && amount.base.is_none() && amount.derived.len() == 1);
    let taxed = structure(&set, "Taxed");
    assert!(taxed.text.is_none() && taxed.base.is_some());
    assert!(structure(&set, "Mixed").mixed);
}

#[test]
fn substitution_groups_and_abstract_heads() {
    let set = types(
        r#"<xs:element name="head" type="t:Base" abstract="true"/><xs:complexType name="Base" abstract="true"/>
           <xs:element name="one" substitutionGroup="t:head"/>
           <xs:element name="two" type="t:Two" substitutionGroup="t:one"/>
           <xs:element name="hidden" type="t:Two" abstract="true" substitutionGroup="t:one"/>
           <xs:complexType name="Two"><xs:complexContent><xs:extension base="t:Base"/></xs:complexContent></xs:complexType>
           <xs:complexType name="T"><xs:sequence><xs:element ref="t:head" maxOccurs="unbounded"/></xs:sequence></xs:complexType>"#,
    );
    let Particle::Element(head) = &structure(&set, "T").content[0] else { panic!() };
    assert!(head.is_abstract);
    let names: Vec<_> = head
        .substitutes
        .iter()
        .map(|(name, id)| (&*name.local, set.types.get(*id).title.as_str()))
        .collect();
    assert_eq!(names, [("one", "Base"), ("two", "Two")]);
    assert!(structure(&set, "Base").is_abstract);
}

#[test]
fn a_restriction_is_its_base_with_attributes_of_its_own() {
    let set = types(
        r#"<xs:complexType name="B"><xs:sequence><xs:element name="a" minOccurs="0"/></xs:sequence><xs:anyAttribute/></xs:complexType>
           <xs:complexType name="R"><xs:complexContent><xs:restriction base="t:B"><xs:sequence><xs:element name="a"/></xs:sequence>
             <xs:attribute name="x"/></xs:restriction></xs:complexContent></xs:complexType>"#,
    );
    let of = structure(&set, "R");
    assert!(of.base.is_some() && of.content.is_empty());
    assert_eq!(of.attributes.len(), 1);
}

#[test]
fn only_members_that_close_a_circle_need_a_box() {
    let set = types(
        r#"<xs:complexType name="Node"><xs:sequence><xs:element name="a_leaf" type="t:Leaf"/><xs:element name="b_next" type="t:Node" minOccurs="0"/>
             <xs:element name="c_list" type="t:Nodes"/></xs:sequence></xs:complexType>
           <xs:complexType name="Leaf"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType>
           <xs:complexType name="Nodes"><xs:sequence><xs:element name="n" type="t:Node" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
           <xs:complexType name="Base"><xs:sequence/></xs:complexType>
           <xs:complexType name="Derived"><xs:complexContent><xs:extension base="t:Base"><xs:sequence><xs:element name="any" type="t:Base"/>
             </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
           <xs:complexType name="X"><xs:choice maxOccurs="unbounded"><xs:element name="x" type="t:X"/></xs:choice></xs:complexType>
           <xs:complexType name="Y"><xs:choice><xs:element name="y" type="t:Y"/><xs:element name="z" type="xs:int"/></xs:choice></xs:complexType>"#,
    );
    let recursive =
        |title: &str| class(&set, title).members.iter().map(|m| m.recursive).collect::<Vec<_>>();
    assert_eq!(recursive("Node"), [false, true, false]);
    // What is declared as Base may hold a Derived.
    assert_eq!(recursive("Derived"), [true]);
    let inside = |title: &str| match &structure(&set, title).content[0] {
        Particle::Choice(items, _) => items
            .iter()
            .map(|p| matches!(p, Particle::Element(m) if m.recursive))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(inside("X"), [false], "a list is on the heap");
    assert_eq!(inside("Y"), [true, false]);
}

#[test]
fn circles_of_bases_groups_and_restrictions_end() {
    let set = types(
        r#"<xs:complexType name="A"><xs:complexContent><xs:extension base="t:B"/></xs:complexContent></xs:complexType>
           <xs:complexType name="B"><xs:complexContent><xs:extension base="t:A"/></xs:complexContent></xs:complexType>
           <xs:complexType name="Own"><xs:complexContent><xs:extension base="t:Own"/></xs:complexContent></xs:complexType>
           <xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group>
           <xs:complexType name="T"><xs:group ref="t:G"/></xs:complexType>
           <xs:attributeGroup name="H"><xs:attributeGroup ref="t:H"/></xs:attributeGroup>
           <xs:complexType name="U"><xs:attributeGroup ref="t:H"/></xs:complexType>
           <xs:simpleType name="S"><xs:restriction base="t:S2"><xs:enumeration value="a"/></xs:restriction></xs:simpleType>
           <xs:simpleType name="S2"><xs:restriction base="t:S"/></xs:simpleType>
           <xs:element name="e" substitutionGroup="t:f"/><xs:element name="f" substitutionGroup="t:e"/>
           <xs:complexType name="V"><xs:sequence><xs:element ref="t:e"/></xs:sequence></xs:complexType>"#,
    );
    let codes: Vec<_> = set.findings.iter().map(|f| f.code).collect();
    assert!(codes.contains(&"circular-base") && codes.contains(&"schema-too-complex"), "{codes:?}");
    assert!(structure(&set, "A").base.is_none());
    let _ = named(&set, "S");
}

#[test]
fn groups_that_double_each_other_are_too_complex() {
    let mut schema =
        r#"<xs:group name="G0"><xs:sequence><xs:element name="a"/></xs:sequence></xs:group>"#
            .to_owned();
    for level in 1..40 {
        let before = level - 1;
        schema += &format!(
            r#"<xs:group name="G{level}"><xs:sequence><xs:group ref="t:G{before}"/><xs:group ref="t:G{before}"/></xs:sequence></xs:group>"#
        );
    }
    schema += r#"<xs:complexType name="T"><xs:group ref="t:G39"/></xs:complexType>"#;
    let set = types(&schema);
    assert_eq!(set.findings.iter().filter(|f| f.code == "schema-too-complex").count(), 1);
}

#[test]
fn large_schemas_take_no_quadratic_time_and_no_stack() {
    let mut schema = String::new();
    for index in 0..20_000 {
        let next = index + 1;
        schema += &format!(
            r#"<xs:complexType name="T{index}"><xs:sequence><xs:element name="n" type="t:T{next}"/></xs:sequence></xs:complexType>"#
        );
    }
    schema += r#"<xs:complexType name="T20000"><xs:choice/></xs:complexType><xs:complexType name="Wide"><xs:sequence>"#;
    for index in 0..20_000 {
        schema += &format!(r#"<xs:element name="m{index:05}" type="xs:int"/>"#);
    }
    schema += "</xs:sequence></xs:complexType>";
    let set: ContractSet = types(&schema);
    assert_eq!(class(&set, "Wide").members.len(), 20_000);
    let first = crate::written::reason(&set, "T0");
    assert_eq!(first, "member n: choice instead of sequence");
}
