//! Random types, and values of them as the table of the mapping says: written without a look at the codec.

use waxwing_metadata::At;
use waxwing_metadata::QName;
use waxwing_metadata::contract::{
    Attribute, Class, Enumeration, EnumerationMember, Member, Occurs, Particle, Shape, Structure,
    TypeId, TypeTable,
};
use waxwing_metadata::json::Json;

use crate::kit::{Types, json, member};

/// A generator of numbers (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("small")
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub(crate) fn text<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const BUILT_IN: &[&str] = &[
    "boolean",
    "byte",
    "unsignedByte",
    "short",
    "int",
    "unsignedInt",
    "long",
    "unsignedLong",
    "integer",
    "positiveInteger",
    "decimal",
    "float",
    "double",
    "string",
    "token",
    "anyURI",
    "dateTime",
    "date",
    "time",
    "duration",
    "gYearMonth",
    "base64Binary",
    "hexBinary",
    "QName",
    "guid",
    "char",
];

/// A table of about `count` types, each of which may use those before it; some use themselves.
pub(crate) fn types(random: &mut Random, count: usize) -> (Types, Vec<TypeId>) {
    let mut types = Types::default();
    let mut ids: Vec<TypeId> = BUILT_IN.iter().map(|name| types.built_in(name)).collect();
    ids.push(types.add("anyType", Shape::Any));
    ids.push(types.add("xml", Shape::Xml { nodes: true }));
    ids.push(types.add("serializable", Shape::Serializable { factory_type: None }));
    for i in 0..count {
        let shape = match random.below(10) {
            0 => Shape::Enumeration(enumeration(random)),
            1 => {
                let id = *random_of(&ids, random);
                Shape::Collection(Box::new(occurring(random, "item", id, true)))
            }
            2 => {
                let key = types.built_in(random.text(&["string", "int", "guid", "long"]));
                dictionary(key, *random_of(&ids, random))
            }
            3 => {
                let base = types.built_in("token");
                Shape::Simple { base, facets: vec![("maxLength".into(), "40".into())] }
            }
            4 => Shape::List(types.built_in(random.text(&["int", "boolean", "guid", "QName"]))),
            5 => Shape::Union(vec![types.built_in("int"), types.built_in("string")]),
            6 | 7 => Shape::Class(class(random, &types.0.types, &ids)),
            _ => Shape::Structure(structure(random, &types.0.types, &ids)),
        };
        let base = match &shape {
            Shape::Class(class) => class.base,
            Shape::Structure(structure) => structure.base,
            _ => None,
        };
        let id = types.add(&format!("T{i}"), shape);
        match base.map(|base| &mut types.0.types.get_mut(base).shape) {
            Some(Shape::Class(class)) => class.derived.push(id),
            Some(Shape::Structure(structure)) => structure.derived.push(id),
            _ => {}
        }
        ids.push(id);
    }
    (types, ids)
}

fn random_of<'a>(ids: &'a [TypeId], random: &mut Random) -> &'a TypeId {
    // Later ones, which are larger, more often.
    let from = if random.one_in(2) { ids.len().saturating_sub(8) } else { 0 };
    random.pick(&ids[from..])
}

fn dictionary(key: TypeId, value: TypeId) -> Shape {
    let entry = QName::new("urn:m", "entry");
    let mut value = member("Value", value);
    value.nillable = true;
    Shape::Dictionary { entry, key: Box::new(member("Key", key)), value: Box::new(value) }
}

fn enumeration(random: &mut Random) -> Enumeration {
    let member =
        |i: i64| EnumerationMember { text: format!("E{i}"), value: i, documentation: None };
    Enumeration { members: (0..4).map(member).collect(), flags: random.one_in(2), underlying: None }
}

fn occurring(random: &mut Random, local: &str, id: TypeId, many: bool) -> Member {
    let mut member = member(local, id);
    if random.one_in(3) {
        member.name = QName::new("", local);
    }
    member.nillable = random.one_in(3);
    member.min_occurs = u32::from(!random.one_in(2));
    if many {
        (member.min_occurs, member.max_occurs) = (0, None);
    } else if random.one_in(4) {
        member.max_occurs = *random.pick(&[None, Some(3)]);
    }
    member
}

fn class(random: &mut Random, table: &TypeTable, ids: &[TypeId]) -> Class {
    let bases: Vec<TypeId> =
        ids.iter().copied().filter(|id| matches!(table.get(*id).shape, Shape::Class(_))).collect();
    let base = (!bases.is_empty() && random.one_in(2)).then(|| *random.pick(&bases));
    let names = unique(random, table, base);
    let members = names.iter().map(|name| {
        let id = *random_of(ids, random);
        occurring(random, name, id, false)
    });
    Class { base, members: members.collect(), is_reference: random.one_in(5), ..Class::default() }
}

/// Names that no base has.
fn unique(random: &mut Random, table: &TypeTable, base: Option<TypeId>) -> Vec<String> {
    let level = depth(table, base);
    (0..1 + random.below(4)).map(|i| format!("m{level}x{i}")).collect()
}

fn depth(table: &TypeTable, base: Option<TypeId>) -> usize {
    let next = |id: &TypeId| match &table.get(*id).shape {
        Shape::Class(class) => class.base,
        Shape::Structure(structure) => structure.base,
        _ => None,
    };
    std::iter::successors(base, next).count()
}

fn structure(random: &mut Random, table: &TypeTable, ids: &[TypeId]) -> Structure {
    let is_base = |id: &TypeId| matches!(&table.get(*id).shape, Shape::Structure(s) if s.text.is_none() && !s.mixed && !ends_open(s));
    let bases: Vec<TypeId> = ids.iter().copied().filter(is_base).collect();
    let base = (!bases.is_empty() && random.one_in(3)).then(|| *random.pick(&bases));
    let level = depth(table, base);
    let simple: Vec<TypeId> = ids.iter().copied().take(BUILT_IN.len()).collect();
    let attribute = |i: usize, random: &mut Random| Attribute {
        name: QName::new(*random.pick(&["", "urn:a"]), format!("a{level}x{i}")),
        type_id: *random.pick(&simple),
        required: random.one_in(2),
        default: None,
        fixed: None,
        documentation: None,
        at: At::nowhere(),
    };
    let attributes = (0..random.below(3)).map(|i| attribute(i, random)).collect();
    let mut of = Structure { base, attributes, ..Structure::default() };
    match random.below(6) {
        0 if base.is_none() => of.text = Some(*random.pick(&simple)),
        1 if base.is_none() => of.mixed = true,
        _ => {
            let mut next = 0;
            let prefix = format!("e{level}x");
            let mut elements = Elements { prefix, next: &mut next, ids };
            of.content = (0..1 + random.below(3)).map(|_| elements.particle(random, 2)).collect();
            if random.one_in(6) {
                let occurs =
                    *random.pick(&[Occurs { min: 0, max: Some(1) }, Occurs { min: 0, max: None }]);
                of.content.push(Particle::Any { namespaces: "##other".into(), occurs });
            }
        }
    }
    of.any_attribute = random.one_in(5);
    of
}

/// Whether anything may follow its own content: what extends it would not be deterministic.
fn ends_open(structure: &Structure) -> bool {
    structure.content.iter().any(|particle| matches!(particle, Particle::Any { .. }))
}

struct Elements<'a> {
    prefix: String,
    next: &'a mut usize,
    ids: &'a [TypeId],
}

impl Elements<'_> {
    fn particle(&mut self, random: &mut Random, depth: usize) -> Particle {
        let kind = if depth == 0 { 0 } else { random.below(6) };
        let occurs = *random.pick(&[
            Occurs { min: 1, max: Some(1) },
            Occurs { min: 0, max: Some(1) },
            Occurs { min: 0, max: None },
            Occurs { min: 1, max: None },
        ]);
        let inner = |this: &mut Self, random: &mut Random| -> Vec<Particle> {
            (0..1 + random.below(3)).map(|_| this.particle(random, depth - 1)).collect()
        };
        match kind {
            3 => Particle::Sequence(inner(self, random), occurs),
            4 => Particle::Choice(inner(self, random), occurs),
            5 => {
                let elements = (0..2).map(|_| {
                    let mut one = self.element(random);
                    one.max_occurs = Some(1);
                    Particle::Element(one)
                });
                Particle::All(elements.collect(), Occurs { min: 1, max: Some(1) })
            }
            _ => Particle::Element(self.element(random)),
        }
    }

    fn element(&mut self, random: &mut Random) -> Member {
        *self.next += 1;
        let name = format!("{}{}", self.prefix, self.next);
        let id = *random_of(self.ids, random);
        occurring(random, &name, id, false)
    }
}

/// A value of a type, in the form that the codec gives back.
pub(crate) struct Values<'t, 'r> {
    pub(crate) table: &'t TypeTable,
    pub(crate) random: &'r mut Random,
    /// How many values may still be of types that come later.
    pub(crate) left: usize,
}

impl Values<'_, '_> {
    /// An element that is there.
    pub(crate) fn one(&mut self, member: &Member) -> Json {
        if member.nillable && self.random.one_in(4) {
            return Json::Null;
        }
        self.value(member.type_id)
    }

    fn member(&mut self, member: &Member, out: &mut Vec<(String, Json)>) {
        if member.min_occurs == 0 && self.random.one_in(2) {
            return;
        }
        let value = match member.max_occurs {
            Some(1) => self.one(member),
            _ => {
                let items = (0..1 + self.random.below(3)).map(|_| self.one(member));
                Json::Array(items.collect())
            }
        };
        out.push((member.name.local.to_string(), value));
    }

    fn value(&mut self, id: TypeId) -> Json {
        let table = self.table;
        match &table.get(id).shape {
            Shape::BuiltIn(name) => built_in(&name.local, self.random),
            Shape::Any => self.any(),
            Shape::Xml { .. } => json(self.random.text(&[
                r#""""#,
                r#""a &lt; b""#,
                r#""<a xmlns=\"urn:x\">1<b/></a>t""#,
            ])),
            Shape::Enumeration(of) if of.flags => {
                let texts = of.members.iter().map(|member| member.text.as_str());
                Json::array(texts.filter(|_| self.random.one_in(2)))
            }
            Shape::Enumeration(of) => Json::from(self.random.pick(&of.members).text.as_str()),
            Shape::Collection(item) => {
                let items = (0..self.random.below(4)).map(|_| self.one(item));
                Json::Array(items.collect())
            }
            Shape::Dictionary { key, value, .. } => {
                let Shape::BuiltIn(name) = &table.get(key.type_id).shape else { panic!("a key") };
                let mut entries: Vec<(String, Json)> = Vec::new();
                for _ in 0..self.random.below(4) {
                    let key = match built_in(&name.local, self.random) {
                        Json::String(text) => text,
                        key => key.to_string(),
                    };
                    if entries.iter().all(|(known, _)| *known != key) {
                        let value = self.one(value);
                        entries.push((key, value));
                    }
                }
                Json::Object(entries)
            }
            Shape::Serializable { .. } => {
                let members = (0..self.random.below(3)).map(|i| (format!("s{i}"), self.any()));
                Json::Object(members.collect())
            }
            Shape::Simple { .. } => Json::from(self.random.text(&["", "x", "ünï"])),
            Shape::List(item) => {
                let items = (0..self.random.below(4)).map(|_| self.value(*item));
                Json::Array(items.collect())
            }
            Shape::Union(_) => Json::from(self.random.text(&["5", "five"])),
            Shape::Class(_) | Shape::Structure(_) => self.complex(id, false),
        }
    }

    fn any(&mut self) -> Json {
        let type_name = |local: &str, value: &str| {
            json(&format!("{{\"@type\":\"{local}\",\"#value\":{value}}}"))
        };
        match self.random.below(8) {
            0 => Json::from("text"),
            1 => Json::Bool(true),
            2 => json("-5"),
            3 => json("1.50"),
            4 => type_name("xs:decimal", "\"1.50\""),
            5 => type_name("xs:long", "\"9007199254740993\""),
            6 if self.left > 0 => {
                self.left -= 1;
                let is_class = |id: &TypeId| matches!(self.table.get(*id).shape, Shape::Class(_));
                let classes: Vec<TypeId> =
                    self.table.iter().map(|(id, _)| id).filter(is_class).take(1).collect();
                match classes.first() {
                    Some(id) => self.complex(*id, true),
                    None => Json::Object(Vec::new()),
                }
            }
            _ => Json::Object(Vec::new()),
        }
    }

    /// An object of a type or of one that extends it; `named`: with the name in any case.
    fn complex(&mut self, declared: TypeId, named: bool) -> Json {
        let mut id = declared;
        while let Shape::Class(Class { derived, .. }) | Shape::Structure(Structure { derived, .. }) =
            &self.table.get(id).shape
            && !derived.is_empty()
            && self.left > 0
            && self.random.one_in(2)
        {
            self.left -= 1;
            id = *self.random.pick(derived);
        }
        let mut out = Vec::new();
        if id != declared || named {
            let name = self.table.get(id).name.as_ref().expect("a name");
            out.push(("@type".to_owned(), Json::from(&*name.local)));
        }
        let mut chain = vec![id];
        while let Shape::Class(Class { base: Some(base), .. })
        | Shape::Structure(Structure { base: Some(base), .. }) =
            &self.table.get(*chain.last().expect("one")).shape
        {
            chain.push(*base);
        }
        chain.reverse();
        self.content(&chain, &mut out);
        Json::Object(out)
    }

    fn content(&mut self, chain: &[TypeId], out: &mut Vec<(String, Json)>) {
        let table = self.table;
        let mut any_attribute = false;
        for id in chain {
            let Shape::Structure(of) = &table.get(*id).shape else { continue };
            any_attribute |= of.any_attribute;
            for attribute in &of.attributes {
                if attribute.required || self.random.one_in(2) {
                    out.push((format!("@{}", attribute.name.local), self.value(attribute.type_id)));
                }
            }
        }
        if any_attribute && self.random.one_in(2) {
            out.push(("@{urn:other}more".to_owned(), Json::from("m")));
        }
        for id in chain {
            match &table.get(*id).shape {
                Shape::Class(class) => {
                    class.members.iter().for_each(|member| self.member(member, out));
                }
                Shape::Structure(Structure { text: Some(text), .. }) => {
                    out.push(("#text".to_owned(), self.value(*text)));
                }
                Shape::Structure(Structure { mixed: true, .. }) => {
                    out.push((
                        "#xml".to_owned(),
                        Json::from("a <b xmlns=\"urn:x\">c</b>".replace("a ", "a")),
                    ));
                }
                Shape::Structure(of) => self.particles(&of.content, out),
                _ => {}
            }
        }
    }

    fn particles(&mut self, particles: &[Particle], out: &mut Vec<(String, Json)>) {
        particles.iter().for_each(|particle| self.particle(particle, out));
    }

    fn particle(&mut self, particle: &Particle, out: &mut Vec<(String, Json)>) {
        match particle {
            Particle::Element(member) => self.member(member, out),
            Particle::Any { occurs, .. } => {
                let any = Json::from("<any xmlns=\"urn:any\">1</any>");
                match (self.random.one_in(2), occurs.max) {
                    (true, _) => {}
                    (false, Some(1)) => out.push(("#any".to_owned(), any)),
                    (false, _) => out.push(("#any".to_owned(), Json::Array(vec![any; 2]))),
                }
            }
            Particle::Sequence(inner, occurs)
            | Particle::Choice(inner, occurs)
            | Particle::All(inner, occurs) => {
                self.group(particle, inner, *occurs, out);
            }
        }
    }

    fn group(
        &mut self,
        particle: &Particle,
        inner: &[Particle],
        occurs: Occurs,
        out: &mut Vec<(String, Json)>,
    ) {
        if occurs.min == 0 && self.random.one_in(2) {
            return;
        }
        let once = |this: &mut Self, out: &mut Vec<(String, Json)>| match particle {
            Particle::Choice(..) => {
                let chosen = this.random.below(inner.len());
                this.particle(&inner[chosen], out);
            }
            _ => this.particles(inner, out),
        };
        // What has one piece only is that piece, repeated: tested by name in the mapping.
        if inner.len() == 1 || occurs.max == Some(1) {
            once(self, out);
            return;
        }
        let mut items = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let mut members = Vec::new();
            once(self, &mut members);
            // Nothing leaves no trace in XML.
            if !members.is_empty() {
                items.push(Json::Object(members));
            }
        }
        if !items.is_empty() {
            let taken = out.iter().filter(|(key, _)| key.starts_with("#items")).count();
            assert_eq!(taken, 0, "one list of a kind in a type of this test");
            out.push(("#items".to_owned(), Json::Array(items)));
        }
    }
}

fn built_in(local: &str, random: &mut Random) -> Json {
    let options: &[&str] = match local {
        "boolean" => &["true", "false"],
        "byte" => &["-128", "127", "0"],
        "unsignedByte" => &["0", "255"],
        "short" => &["-32768", "5"],
        "int" => &["-2147483648", "2147483647", "7"],
        "unsignedInt" => &["4294967295"],
        "long" => &["\"9007199254740993\"", "\"-9223372036854775808\""],
        "unsignedLong" => &["\"18446744073709551615\""],
        "integer" => &["\"-123456789012345678901234567890\"", "\"0\""],
        "positiveInteger" => &["\"1\""],
        "decimal" => &["\"0.10\"", "\"-79228162514264337593543950335\"", "\"5\""],
        "float" | "double" => &["1.5", "-0.0", "1E+20", "5", "\"NaN\"", "\"-INF\""],
        "token" | "anyURI" => &["\"urn:x\"", "\"\"", "\"a b\""],
        "dateTime" => &[
            "\"2026-01-31T12:00:00Z\"",
            "\"0001-01-01T00:00:00\"",
            "\"2026-01-31T12:00:00.1234567+02:00\"",
        ],
        "date" => &["\"2026-01-31\""],
        "time" => &["\"12:00:00.5\""],
        "duration" => &["\"PT1H30M\"", "\"-P1DT0.5S\""],
        "gYearMonth" => &["\"2026-01\""],
        "base64Binary" => &["\"\"", "\"AQID\""],
        "hexBinary" => &["\"0aFF\""],
        "QName" => &["\"{urn:q}a\"", "\"{urn:r}b\""],
        "guid" => &[
            "\"e21e1dc6-f0eb-4a2c-9f58-3e2e6b1a2b3c\"",
            "\"00000000-0000-0000-0000-000000000000\"",
        ],
        "char" => &["\"A\"", "\"ü\"", "55357"],
        _ => &["\"\"", "\" a<b&c \"", "\"😀\\n\\t\\r\"", "\"]]>\""],
    };
    json(random.text(options))
}
