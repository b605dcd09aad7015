//! Code from models that are built by hand: each rule by itself.

use waxwing_build::generate::{Options, generate, same_code};
use waxwing_metadata::contract::{
    Body, Class, Contract, ContractSet, Enumeration, EnumerationMember, Fall, Fault, Member,
    Message, Operation, Pattern, Shape, Tier, Type, TypeId,
};
use waxwing_metadata::wsdl::Style;
use waxwing_metadata::{At, QName, namespaces};

const NS: &str = "urn:shop";

fn name(local: &str) -> QName {
    QName::new(NS, local)
}

fn member(local: &str, type_id: TypeId) -> Member {
    Member {
        name: name(local),
        type_id,
        nillable: false,
        min_occurs: 0,
        max_occurs: Some(1),
        default: None,
        fixed: None,
        emit_default: true,
        order: None,
        substitutes: Vec::new(),
        is_abstract: false,
        recursive: false,
        documentation: None,
        at: At::nowhere(),
    }
}

fn null(local: &str, type_id: TypeId) -> Member {
    Member { nillable: true, ..member(local, type_id) }
}

fn xs(set: &mut ContractSet, local: &str) -> TypeId {
    let name = QName::new(namespaces::XSD, local);
    set.types.add(Type::new(name.clone(), Shape::BuiltIn(name)))
}

fn class(set: &mut ContractSet, local: &str, members: Vec<Member>) -> TypeId {
    set.types.add(Type::new(name(local), Shape::Class(Class { members, ..Class::default() })))
}

fn operation(local: &str, request: Body, reply: Option<Body>) -> Operation {
    let message = |body: Body| Message { body, headers: Vec::new() };
    Operation {
        name: local.to_owned(),
        pattern: match reply {
            Some(_) => Pattern::RequestResponse,
            None => Pattern::OneWay,
        },
        action: format!("{NS}/IShop/{local}"),
        reply_action: reply.is_some().then(|| format!("{NS}/IShop/{local}Response")),
        soap_action: None,
        request: message(request),
        reply: reply.map(message),
        faults: Vec::new(),
        is_initiating: true,
        is_terminating: false,
        tier: Tier::DataContract,
        fall: None,
        blocked: None,
        documentation: None,
        at: At::nowhere(),
    }
}

fn wrapped(wrapper: &str, parts: Vec<Member>) -> Body {
    let style = Style::Document;
    Body::Wrapped { wrapper: name(wrapper), type_id: None, style, parts, returns: true }
}

fn contract(set: &mut ContractSet, operations: Vec<Operation>) {
    set.contracts.push(Contract {
        name: name("IShop"),
        using_session: None,
        operations,
        documentation: None,
        at: At::nowhere(),
    });
}

fn code(set: &ContractSet, options: &Options) -> String {
    let text = generate(set, options).expect("code").text;
    assert_eq!(generate(set, options).expect("code").text, text, "the same each time");
    text
}

#[track_caller]
fn has(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in\n{text}");
}

#[test]
fn members_are_said_as_the_schema_has_them() {
    let mut set = ContractSet::default();
    let (int, string) = (xs(&mut set, "int"), xs(&mut set, "string"));
    class(
        &mut set,
        "Order",
        vec![
            member("Count", int),
            null("Maybe", int),
            Member { min_occurs: 1, ..null("Must", string) },
            Member { min_occurs: 1, ..member("Text", string) },
            member("absent", string),
            Member {
                order: Some(5),
                documentation: Some("The [name].".into()),
                ..null("ship-to", string)
            },
        ],
    );
    let text = code(&set, &Options::default());
    has(
        &text,
        "#[derive(Clone, Debug, Default, PartialEq, DataContract)]\n#[data_contract(namespace = \"urn:shop\")]\npub struct Order {",
    );
    has(&text, "    pub count: i32,\n    pub maybe: Option<i32>,\n");
    has(&text, "    #[data_member(required)]\n    pub must: Option<String>,\n");
    has(&text, "    #[data_member(required)]\n    pub text: String,\n");
    has(
        &text,
        "    #[data_member(name = \"absent\", emit_default = false)]\n    pub absent: Option<String>,\n",
    );
    has(
        &text,
        "    /// The \\[name\\].\n    #[data_member(name = \"ship-to\", order = 5)]\n    pub ship_to: Option<String>,\n",
    );
}

#[test]
fn names_hide_nothing_and_clash_with_nothing() {
    let mut set = ContractSet::default();
    let int = xs(&mut set, "int");
    for local in ["Option", "Self", "DateTime", "order", "Order", "ShopClient"] {
        class(&mut set, local, vec![member("Name", int), member("name", int), member("type", int)]);
    }
    let names = ["New", "type", "Add", "add"];
    contract(&mut set, names.map(|local| operation(local, Body::Empty, Some(Body::Empty))).into());
    let text = code(&set, &Options::default());
    has(
        &text,
        "#[data_contract(namespace = \"urn:shop\", name = \"Option\")]\npub struct Option_ {",
    );
    has(&text, "name = \"Self\")]\npub struct Self_ {");
    has(&text, "name = \"DateTime\")]\npub struct DateTime2 {");
    has(&text, "name = \"Order\")]\npub struct Order2 {");
    has(&text, "name = \"ShopClient\")]\npub struct ShopClient2 {");
    has(
        &text,
        "    pub name: i32,\n    #[data_member(name = \"name\")]\n    pub name_2: i32,\n    #[data_member(name = \"type\")]\n    pub r#type: i32,",
    );
    has(
        &text,
        "#[operation(bare, reply_bare)]\n    async fn new_(&self) -> Result<(), OperationFault>;",
    );
    has(&text, "#[operation(name = \"type\", bare, reply_bare)]\n    async fn r#type(");
    has(&text, "#[operation(name = \"add\", bare, reply_bare)]\n    async fn add_2(");
}

#[test]
fn circles_are_boxed_and_bases_are_enums() {
    let mut set = ContractSet::default();
    let string = xs(&mut set, "string");
    let base = class(&mut set, "Party", vec![null("Name", string)]);
    let derived =
        Class { base: Some(base), members: vec![null("Owner", base)], ..Class::default() };
    let derived = set.types.add(Type::new(name("Customer"), Shape::Class(derived)));
    let Shape::Class(party) = &mut set.types.get_mut(base).shape else { unreachable!() };
    party.derived.push(derived);
    let node = class(&mut set, "Node", vec![]);
    let Shape::Class(class) = &mut set.types.get_mut(node).shape else { unreachable!() };
    class.members.push(null("Next", node));
    let shared = class.clone();
    let graph = set.types.add(Type::new(name("Graph"), Shape::Class(shared)));
    let Shape::Class(class) = &mut set.types.get_mut(graph).shape else { unreachable!() };
    class.is_reference = true;
    class.members[0].type_id = graph;
    let text = code(&set, &Options::default());
    has(&text, "    pub next: Option<Box<Node>>,");
    has(
        &text,
        "#[derive(Clone, Debug, Default, DataContract)]\n#[data_contract(namespace = \"urn:shop\", is_reference)]\npub struct Graph {\n    pub next: Option<Shared<Graph>>,",
    );
    has(
        &text,
        "    #[data_member(base)]\n    pub base: Party,\n    pub owner: Option<Box<AnyParty>>,",
    );
    has(
        &text,
        "/// [`Party`], or a type that extends it.\n#[derive(Clone, Debug, PartialEq, DataContract)]\npub enum AnyParty {\n    Party(Party),\n    Customer(Customer),\n}",
    );
    has(&text, "impl From<Customer> for AnyParty {");
}

#[test]
fn lists_and_dictionaries_are_plain_where_their_names_are_the_usual_ones() {
    let mut set = ContractSet::default();
    let (int, string, byte) =
        (xs(&mut set, "int"), xs(&mut set, "string"), xs(&mut set, "unsignedByte"));
    let arrays = |local: &str| QName::new(namespaces::ARRAYS, local);
    let many = |name: QName, of: Member| {
        Shape::Collection(Box::new(Member { name, max_occurs: None, ..of }))
    };
    let usual = many(arrays("string"), null("x", string));
    let usual = set.types.add(Type::new(arrays("ArrayOfstring"), usual));
    let phones = set.types.add(Type::new(name("Phones"), many(name("Phone"), null("x", string))));
    let octets = many(arrays("unsignedByte"), member("x", byte));
    let octets = set.types.add(Type::new(arrays("ArrayOfunsignedByte"), octets));
    let entries = |entry: QName, key: &str, value: &str| Shape::Dictionary {
        key: Box::new(Member { name: QName::new(&*entry.namespace, key), ..member("x", string) }),
        value: Box::new(Member { name: QName::new(&*entry.namespace, value), ..member("x", int) }),
        entry,
    };
    let map = entries(arrays("KeyValueOfstringint"), "Key", "Value");
    let map = set.types.add(Type::new(arrays("ArrayOfKeyValueOfstringint"), map));
    let prices = entries(name("Price"), "Article", "Amount");
    let prices = set.types.add(Type::new(name("Prices"), prices));
    class(
        &mut set,
        "All",
        vec![
            null("A", usual),
            null("B", phones),
            null("C", octets),
            null("D", map),
            null("E", prices),
        ],
    );
    let text = code(&set, &Options::default());
    has(&text, "pub a: Option<Vec<String>>,");
    has(&text, "collection(item = \"Phone\"))]\n");
    has(&text, "pub struct Phones(pub Vec<String>);");
    has(&text, "pub struct ArrayOfunsignedByte(pub Vec<u8>);");
    has(&text, "pub d: Option<BTreeMap<String, i32>>,");
    has(&text, "collection(item = \"Price\", key = \"Article\", value = \"Amount\")");
    has(&text, "pub struct Prices(pub BTreeMap<String, i32>);");
    let options = Options { nullable_items: true, ..Options::default() };
    has(&code(&set, &options), "pub a: Option<Vec<Option<String>>>,");
}

#[test]
fn enumerations_keep_their_numbers() {
    let mut set = ContractSet::default();
    let known = |text: &str, value: i64| EnumerationMember {
        text: text.to_owned(),
        value,
        documentation: None,
    };
    let members = vec![
        known("Small", 0),
        known("MEDIUM", 5),
        known("Large", 6),
        known("Huge", 6),
        known("of-all", -1),
    ];
    let size = Enumeration { members, ..Enumeration::default() };
    set.types.add(Type::new(name("Size"), Shape::Enumeration(size)));
    let members = vec![known("None", 0), known("Red", 1), known("Blue", 4)];
    let flags = Enumeration { members, flags: true, ..Enumeration::default() };
    set.types.add(Type::new(name("Colours"), Shape::Enumeration(flags)));
    let text = code(&set, &Options::default());
    has(
        &text,
        "pub enum Size {\n    #[default]\n    Small,\n    #[enum_member(value = \"MEDIUM\")]\n    Medium = 5,\n    Large,\n    Huge,\n    #[enum_member(value = \"of-all\")]\n    OfAll = -1,\n}",
    );
    has(&text, "flags(\"None\" = 0, \"Red\" = 1, \"Blue\" = 4)");
    has(&text, "pub struct Colours(pub i32);");
    has(&text, "pub const RED: Self = Self(1);");
    let lenient = Options { lenient_enums: true, ..Options::default() };
    has(&code(&set, &lenient), "    #[enum_member(other)]\n    Other(String),\n}");
}

#[test]
fn operations_say_what_the_macro_would_not_find() {
    let mut set = ContractSet::default();
    let (int, string) = (xs(&mut set, "int"), xs(&mut set, "string"));
    let trouble = class(&mut set, "Trouble", vec![]);
    let plain = operation(
        "Add",
        wrapped("Add", vec![member("n1", int), null("theOther", string)]),
        Some(wrapped("AddResponse", vec![member("AddResult", int)])),
    );
    let local = |local: &str, of: Member| Member { name: QName::new("", local), ..of };
    let mut rpc = operation(
        "sum",
        wrapped("sum", vec![local("n", Member { max_occurs: None, ..member("n", int) })]),
        Some(wrapped("sumReply", vec![local("return", member("x", int)), member("rest", string)])),
    );
    rpc.reply_action = None;
    rpc.action = String::new();
    rpc.request.headers.push(null("Ticket", string));
    rpc.faults.push(Fault {
        name: "f".to_owned(),
        action: "urn:f".to_owned(),
        detail: member("trouble", trouble),
        at: At::nowhere(),
    });
    let mut bare = operation("Ask", Body::Bare(Box::new(null("Question", string))), None);
    bare.action = "urn:ask".to_owned();
    let question = || Body::Bare(Box::new(null("Tell", string)));
    let mut tell = operation("Tell", question(), Some(Body::Empty));
    tell.action = String::new();
    let fall = Fall { reason: "its type has a choice".to_owned(), at: At::nowhere() };
    let raw = Operation {
        tier: Tier::Raw,
        fall: Some(fall.clone()),
        documentation: Some("Does\n   it.".to_owned()),
        ..operation("Do", Body::Raw(Some(name("Do"))), Some(Body::Raw(None)))
    };
    let blocked = Operation {
        blocked: Some(Fall { reason: "it is rpc/encoded".to_owned(), ..fall }),
        ..operation("Old", Body::Empty, None)
    };
    contract(&mut set, vec![plain, rpc, bare, tell, raw, blocked]);
    let generated = generate(&set, &Options::default()).expect("code");
    let text = generated.text;
    has(
        &text,
        "/// Not here: `Old`, since it is rpc/encoded.\n#[service_contract(namespace = \"urn:shop\", name = \"IShop\", dispatch_by_body)]\npub trait Shop {\n",
    );
    has(&text, "    async fn add(");
    has(&text, "        the_other: Option<String>,");
    has(
        &text,
        "name = \"sum\",\n        action = \"\",\n        reply_action = \"*\",\n        reply_wrapper = \"sumReply\",\n",
    );
    has(&text, "results(part(\"return\", namespace = \"\"), part(\"rest\", optional))");
    has(&text, "faults(Trouble(action = \"urn:f\", name = \"trouble\"))");
    has(&text, "#[param(namespace = \"\", repeated)]\n        n: Vec<i32>,");
    has(&text, "#[param(header, name = \"Ticket\", optional)]\n        ticket: Option<String>,");
    has(&text, "#[operation(action = \"urn:ask\", one_way, bare)]\n");
    has(&text, "#[param(name = \"Question\")]");
    has(
        &text,
        "    /// Does\n    /// it.\n    ///\n    /// Its bodies are XML as it is: its type has a choice.\n    ///\n    /// The body is an element {urn:shop}Do.\n    async fn r#do(&self, body: RawBody) -> Result<RawBody, OperationFault>;",
    );
    assert_eq!(
        generated.notes,
        ["Do takes and gives XML: its type has a choice", "Old is left out: it is rpc/encoded"]
    );
    let raw = Options { raw: ["Add".to_owned()].into(), server: true, ..Options::default() };
    let text = code(&set, &raw);
    has(&text, "async fn add(&self, body: RawBody)");
    has(&text, "pub struct ShopServer;");
    has(&text, "impl Shop for ShopServer {");
    let types = Options { types_only: true, ..Options::default() };
    let text = code(&set, &types);
    has(&text, "pub struct Trouble {}");
    assert!(!text.contains("trait"), "{text}");
}

/// The macro refuses them: what is not told apart is left out, and said.
/// `StreamBody` is what is read as it comes, in a wrapper or not.
#[test]
fn streams_are_streams() {
    let mut set = ContractSet::default();
    let stream = |wrapper: Option<&str>, element: &str| Body::Stream {
        wrapper: wrapper.map(name),
        element: name(element),
    };
    let operations = vec![
        operation("Put", stream(Some("Put"), "data"), Some(wrapped("PutResponse", vec![]))),
        operation("Get", wrapped("Get", vec![]), Some(stream(Some("GetResponse"), "GetResult"))),
    ];
    contract(&mut set, operations);
    let text = code(&set, &Options::default());
    has(&text, "MessageStream");
    has(&text, "async fn put(&self, data: MessageStream) -> Result<(), OperationFault>;");
    has(&text, "async fn get(&self) -> Result<MessageStream, OperationFault>;");
}

#[test]
fn operations_that_nothing_tells_apart_are_left_out() {
    let mut set = ContractSet::default();
    let string = xs(&mut set, "string");
    let ask = || Body::Bare(Box::new(null("Question", string)));
    let other = || Body::Bare(Box::new(null("Other", string)));
    let doubled = || wrapped("Twice", vec![null("a", string), null("a", string)]);
    let mut all = vec![
        operation("Ask", ask(), Some(Body::Empty)),
        operation("Same", ask(), Some(Body::Empty)),
        operation("OneWay", other(), None),
        operation("Nothing", Body::Empty, Some(Body::Empty)),
        operation("Other", other(), Some(Body::Empty)),
    ];
    all.iter_mut().for_each(|operation| operation.action = String::new());
    all.push(operation("Twice", doubled(), None));
    contract(&mut set, all);
    let generated = generate(&set, &Options::default()).expect("code");
    assert_eq!(
        generated.notes,
        [
            "Same is left out: it has the same SOAP action as `Ask`, and the same element in the body",
            "OneWay is left out: it has the same SOAP action as `Ask`, and only one of the two has an answer",
            "Nothing is left out: it has the same SOAP action as `Ask`, and no element in the body tells the two apart",
            "Twice is left out: two parts of a message are both called {urn:shop}a",
        ]
    );
    has(&generated.text, "dispatch_by_body");
    has(&generated.text, "async fn other(");
}

#[test]
fn each_namespace_has_a_module() {
    let mut set = ContractSet::default();
    let string = xs(&mut set, "string");
    let clr = |clr: &str, local: &str| {
        QName::new(format!("http://schemas.datacontract.org/2004/07/{clr}"), local)
    };
    let inner = Shape::Class(Class { members: vec![null("A", string)], ..Class::default() });
    let inner = set.types.add(Type::new(clr("Shop.Orders", "Line"), inner));
    let outer = Shape::Class(Class { members: vec![null("Line", inner)], ..Class::default() });
    set.types.add(Type::new(clr("Shop.Parties", "Party"), outer));
    class(&mut set, "Root", vec![null("Line", inner)]);
    let text = code(&set, &Options::default());
    has(&text, "pub mod shop {\n");
    has(
        &text,
        "        #[data_contract(clr_namespace = \"Shop.Orders\")]\n        pub struct Line {",
    );
    has(&text, "pub line: Option<super::orders::Line>,");
    let namespaces = [
        (NS.to_owned(), String::new()),
        ("http://schemas.datacontract.org/2004/07/Shop.Orders".to_owned(), "o".to_owned()),
    ];
    let options = Options { namespaces: namespaces.into(), ..Options::default() };
    let text = code(&set, &options);
    has(&text, "\npub struct Root {");
    has(&text, "pub line: Option<o::Line>,");
    has(&text, "pub line: Option<super::super::o::Line>,");
}

#[test]
fn layout_is_no_difference_and_words_are_one() {
    let one = "// Made of a\n\npub struct A { pub a: i32 }\n";
    assert!(same_code(one, "// Made of a\npub struct A {\n    pub a: i32,\n}\n"));
    assert!(!same_code(one, "// Made of b\npub struct A { pub a: i32 }\n"));
    assert!(!same_code(one, "// Made of a\npub struct A { pub b: i32 }\n"));
    assert!(!same_code(one, "// Made of a\npub struct A { pub a: i32"));
}
