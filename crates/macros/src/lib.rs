//! Attribute and derive macros for service and data contracts.
//!
//! Use them through `waxwing`, which documents what they make: `#[derive(DataContract)]` for what is in a body,
//! `#[derive(XmlType)]` where the schema is XmlSerializer's, and `#[service_contract]` for the trait of a service.

mod attributes;
mod data_contract;
mod names;
mod service_contract;
mod xml_type;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a struct or an enum a data contract, as WCF's `DataContract` attribute does a class.
///
/// What becomes of a type depends on its shape:
///
/// | Rust | data contract |
/// |---|---|
/// | struct with named fields | a class; with `value_type` a struct of .NET |
/// | enum of plain variants | an enumeration |
/// | enum of variants with one field each | a base type and its known types, told apart by `i:type`; the first is the base |
/// | `struct Name(Vec<…>)` with `collection` | a collection or dictionary with names of its own |
/// | `struct Name(u32)` with `flags(…)` | an enumeration of flags |
///
/// # `#[data_contract(…)]` on the type
///
/// * `name = "…"`: the contract's name; by default the type's. Of a generic type `{0}` is the name of the first argument and
///   `{#}` a digest of foreign namespaces; by default `NameOf{0}{#}`.
/// * `namespace = "…"`: the contract's namespace.
/// * `clr_namespace = "Contoso.Orders"`: instead, the namespace that a .NET class there has by default.
/// * `rename_all = "camelCase"`: how members are called whose name is not given: `PascalCase` (the default, as .NET's
///   properties), `camelCase`, or `none` (as the field).
/// * `is_reference`: `IsReference`; put such objects into `Shared`.
/// * `value_type`: a struct of .NET, which cannot be null and has a zero.
/// * `base = Animal`: of known types, the declared type when none of the variants is it (an abstract class).
/// * `collection`, `collection(item = "…", key = "…", value = "…")`: `CollectionDataContract` with element names.
/// * `flags(Read = 1, "read-write" = 3)`: names and bits in the order of declaration.
/// * `crate = "…"`: where the data contract crate is; by default `::waxwing::datacontract`.
///
/// # `#[data_member(…)]` on a field
///
/// * `name = "…"`: the element's name; what XML cannot hold is escaped as .NET does.
/// * `order = 1`: members are written without order first, then by order, then by name.
/// * `required`: reading fails without it.
/// * `emit_default = false`: left out when null or zero.
/// * `base`: the field is the base class; its members come first.
/// * `extension_data`: the field keeps members of later versions (`ExtensionData`).
/// * `skip`: no member; `Default` when read.
///
/// # `#[enum_member(…)]` on a variant
///
/// * `value = "…"`: the text; by default the variant's name.
/// * `skip`: no member; writing it is an error.
/// * `other`: of one variant that holds a `String`: a text that is none of the others. Without it such a text is an error,
///   as in .NET. Numbers of the other variants are literals, with a `#[repr(i32)]` as Rust wants it.
///
/// # Example
///
/// ```
/// use waxwing::DataContract;
/// use waxwing::datacontract::{from_xml, to_xml};
///
/// #[derive(Debug, PartialEq, DataContract)]
/// #[data_contract(clr_namespace = "Contoso.Orders")]
/// struct Order {
///     #[data_member(required)]
///     number: i32,
///     #[data_member(order = 1, name = "ship-to")]
///     address: Option<String>,
///     #[data_member(emit_default = false)]
///     state: State,
/// }
///
/// #[derive(Debug, PartialEq, DataContract)]
/// #[data_contract(clr_namespace = "Contoso.Orders")]
/// enum State {
///     New,
///     #[enum_member(value = "on-hold")]
///     Held,
/// }
///
/// let order = Order { number: 7, address: None, state: State::Held };
/// let xml = to_xml(&order)?;
/// assert!(xml.contains("<Number>7</Number><State>on-hold</State><ship-to i:nil=\"true\"/>"));
/// assert_eq!(from_xml::<Order>(xml.as_bytes())?, order);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_derive(DataContract, attributes(data_contract, data_member, enum_member))]
pub fn derive_data_contract(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    data_contract::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct or an enum an XML type, as .NET's XmlSerializer knows them: for contracts with `XmlSerializerFormat`, and for
/// schemas that no data contract can say.
///
/// What becomes of a type depends on its shape:
///
/// | Rust | schema |
/// |---|---|
/// | struct with named fields | a complex type, or a group of elements and attributes that other types hold |
/// | `enum` with `choice`: `Name(String)`, … | a choice of elements; the members of a substitution group |
/// | `enum` with `derived`: `Dog(Dog)`, … | a base type and those derived from it, told apart by `xsi:type` |
/// | enum of plain variants | an enumeration |
/// | `enum` with `union`: `Number(i32)`, … | a union of simple types; the first that fits is taken |
/// | `struct Name(String)` | a simple type with a name of its own |
/// | `struct Days(Vec<Day>)` with `list` | a list: values with blanks between them |
///
/// Each is a `DataContract`, too: it can be a parameter, a header, the detail of a fault, a member of a data contract; and any
/// data contract can be a member of an XML type.
///
/// # `#[xml(…)]` on the type
///
/// * `name = "…"`: the type's name in the schema (in `xsi:type`); by default that of the Rust type.
/// * `namespace = "…"`: the namespace of the type and of its elements; by default none.
/// * `unqualified`: elements are in no namespace (`elementFormDefault="unqualified"`).
/// * `rename_all = "camelCase"`: how members are called whose name is not given: `PascalCase` (the default), `camelCase`, or
///   `none` (as the field).
/// * `root = "…"`, `root_namespace = "…"`: the element when a value stands alone; by default called as the type.
/// * `ordered`: elements are looked for in the order of the fields, as XmlSerializer does where `Order` is given; by default in
///   any order. They are written in the order of the fields in any case.
/// * `choice`, `derived`, `union`, `list`: see above. `derived, base = Animal`: the declared type when no variant is it, since
///   it is abstract; by default the first variant.
/// * `crate = "…"`: where the data contract crate is; by default `::waxwing::datacontract`.
///
/// # `#[xml(…)]` on a field
///
/// What it is; a field without any is an element:
///
/// | attribute | type of the field | in the document |
/// |---|---|---|
/// | | `T` | an element |
/// | | `Option<T>` | an element that may be absent; nil is none, too |
/// | | `Nullable<T>`, `Option<Nullable<T>>` | an element that may be nil, and absent |
/// | | `Vec<T>` | any number of elements (`XmlElement` on an array) |
/// | `array(item = "…", item_namespace = "…")` | `Vec<T>`, `Option<Vec<T>>` | an element around elements (`XmlArray`, `XmlArrayItem`) |
/// | `list` | `Vec<T>`, `Option<Vec<T>>` | an element whose text is a list |
/// | `attribute` | `T`, `Option<T>` | an attribute |
/// | `attribute` | `Vec<T>`, `Option<Vec<T>>` | an attribute that is a list |
/// | `text` | `T`, `Option<T>`, `Vec<T>` | the text of the element (simple content) |
/// | `choice` | `C`, `Option<C>`, `Vec<C>` | one of the elements of the enum `C`; with `Vec` any number, mixed |
/// | `group` | `G`, `Option<G>`, `Vec<G>` | the elements and attributes of the struct `G`; with `Vec` any number of such groups |
/// | `base` | `B` | the members of the base type, before the others |
/// | `any` | `XmlElement`, `Option<…>`, `Vec<…>` | elements that no other member names |
/// | `any_attribute` | `Vec<(QName, String)>` | attributes that no other member names |
/// | `skip` | `T` | nothing; `Default` when read |
///
/// Further: `name = "…"`; `namespace = "…"` of an element or attribute; `qualified`: an attribute in the type's namespace;
/// `default = "…"`: the value of what is absent, which is not written; `fixed = "…"`: the same, but written. An `Option` or
/// `Vec` is known by its name: an alias is taken for a single value. `Vec<u8>` is one value, base64.
///
/// # `#[xml(…)]` on a variant
///
/// * Of a choice: `name`, `namespace`; `group` for several elements; `choice`; `any`; `text` for text in mixed content. A
///   variant with a `Vec` is an element that follows itself, one without field an element without content.
/// * Of an enumeration: `value = "…"`; `other` on a variant with a `String`, which takes the values that are not known.
///
/// # Example
///
/// ```
/// use waxwing::XmlType;
/// use waxwing::datacontract::{Decimal, XmlElement, from_xml, to_xml, xsd};
///
/// #[derive(Debug, PartialEq, XmlType)]
/// #[xml(namespace = "urn:orders")]
/// struct Order {
///     #[xml(attribute, name = "id")]
///     id: u32,
///     #[xml(attribute, default = "open")]
///     state: State,
///     placed: xsd::Date,
///     #[xml(choice)]
///     lines: Vec<Line>,
///     #[xml(any)]
///     extensions: Vec<XmlElement>,
/// }
///
/// #[derive(Debug, PartialEq, XmlType)]
/// enum State {
///     #[xml(value = "open")]
///     Open,
///     #[xml(value = "on-hold")]
///     Held,
/// }
///
/// #[derive(Debug, PartialEq, XmlType)]
/// #[xml(choice, namespace = "urn:orders")]
/// enum Line {
///     Article(Article),
///     Remark(String),
/// }
///
/// #[derive(Debug, PartialEq, XmlType)]
/// #[xml(namespace = "urn:orders")]
/// struct Article {
///     #[xml(attribute, name = "currency")]
///     currency: Option<String>,
///     #[xml(text)]
///     price: Decimal,
/// }
///
/// let order = Order {
///     id: 7,
///     state: State::Open,
///     placed: "2026-11-23".parse()?,
///     lines: vec![
///         Line::Remark("fragile".into()),
///         Line::Article(Article { currency: Some("EUR".into()), price: "1.10".parse()? }),
///     ],
///     extensions: Vec::new(),
/// };
/// let xml = to_xml(&order)?;
/// assert_eq!(
///     xml,
///     "<Order id=\"7\" xmlns=\"urn:orders\"><Placed>2026-11-23</Placed><Remark>fragile</Remark>\
///      <Article currency=\"EUR\">1.10</Article></Order>"
/// );
/// assert_eq!(from_xml::<Order>(xml.as_bytes())?, order);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_derive(XmlType, attributes(xml))]
pub fn derive_xml_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    xml_type::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a trait a service contract, as WCF's `ServiceContract` attribute does an interface.
///
/// Each method is an operation: `async fn` with `&self` and parameters that are data contracts, giving
/// `Result<T, OperationFault>`, or another error that converts into an `OperationFault`. A first parameter `&OperationContext` is no part of the message. Of the trait `Calculator`
/// come, beside the trait itself, `CalculatorClient`, `CalculatorService` and the constant `CALCULATOR_CONTRACT`; for outboxes
/// `CalculatorCalls` (calls that are written and not sent) and `CalculatorReplies` (their answers, read).
///
/// # `#[service_contract(…)]` on the trait
///
/// * `namespace = "…"`: by default `http://tempuri.org/`.
/// * `name = "ICalculator"`: by default the trait's name.
/// * `configuration_name = "…"`: what a configuration file calls it; by default the contract's name.
/// * `protection_level = Sign`: how message security protects the contract's messages: `None`, `Sign` or `EncryptAndSign`; by
///   default `EncryptAndSign`. Both ends need the same.
/// * `session_mode = Required`: whether the contract needs a session: `Allowed` (default), `Required` or `NotAllowed`.
/// * `dispatch_by_body`: operations may share an action (an empty `soapAction`, say); which one is meant, the element in the
///   body says, as `RoutingStyle = SoapServiceRoutingStyle.RequestElement` of ASP.NET services does.
/// * `callback = Listener`: the trait in which the service calls its clients: another service contract of the same `name` and
///   `namespace`. An operation gets a `ListenerClient` from its context (`context.callback::<ListenerClient<_>>()`); a client
///   gives a `ListenerService` when it opens its channel.
/// * `crate = "…"`: where `waxwing` is; by default `::waxwing`.
///
/// # Inheritance
///
/// A supertrait is a service contract, too (`trait Orders: Common`), except `Send`, `Sync`, `Debug` and the like. Its
/// operations come before the contract's own and keep their actions; the client calls them, the service executes them on the
/// same object. What the macro made of the supertrait must stand beside it. Two operations of one name or one action do not
/// compile.
///
/// # `#[operation(…)]` on a method
///
/// * `name = "…"`: by default the method's name in PascalCase.
/// * `action = "…"`, `reply_action = "…"`: by default namespace, contract and operation, with `Response` for the reply. The
///   action `*` takes every message that no other operation takes; its parameter is one `RawMessage`. The reply action `*`
///   lets a client take replies with any action; a service writes the default one.
/// * `one_way`: nothing answers.
/// * `is_initiating = false`: never the first operation of a session; `is_terminating`: the last one. Both need
///   `session_mode = Required`.
/// * `wrapper = "…"`, `wrapper_namespace = "…"`, `reply_wrapper = "…"`, `reply_wrapper_namespace = "…"`: the elements around the
///   parts; by default the operation's name, with `Response` for the reply, in the contract's namespace.
/// * `bare`, `reply_bare`: the parts stand in the body without an element around them.
/// * `result = "…"`, `result_namespace = "…"`: the element of the result; by default the operation's name with `Result`.
/// * `results("AddResult", "exact")`: the names of a result and its `out` parameters, of a method that gives a tuple.
///   One of them may be a SOAP header of the reply instead: `results(header("Status"), "Price")`, with
///   `header("Status", protection_level = Sign)` protected by itself. `part("Price", namespace = "…")` says more of a
///   part; both take `namespace`, `optional`, `repeated` and `protection_level`, as `#[param]` has them. Of a result that is
///   no tuple, there is one.
/// * `faults(MathFault, Trouble(action = "…", name = "…", namespace = "…", protection_level = Sign))`: the faults that the
///   operation declares, by the type of their detail.
/// * `protection_level = Sign`: of the operation's messages and faults, instead of the contract's;
///   `request_protection_level = …` and `reply_protection_level = …` of one message (`MessageContract`).
/// * `delivery = "transaction"`: what an endpoint whose sessions are kept in a store promises of the execution across crashes:
///   `"transaction"` (exactly once: with the transaction of the application), `"idempotent"` (at least once, with a key by
///   which the operation knows repetitions; the default) or `"once"` (at most once: after a crash in the middle the caller is
///   told that it is in doubt).
///
/// # `#[param(…)]` on a parameter
///
/// * `name = "…"`: by default the parameter's name in camelCase.
/// * `namespace = "…"`: by default the contract's.
/// * `header`: a SOAP header instead of a part of the body.
/// * `optional`: null is not written, instead of written as `i:nil`; for what the schema calls `minOccurs="0"` and not
///   `nillable`.
/// * `repeated`: of a `Vec<T>` or `&[T]`, each item is an element of the part's name, without one around them
///   (`maxOccurs="unbounded"`).
/// * `protection_level = Sign`: of the header, or of the part of the body, which as a whole gets the highest level of its
///   parts; by default the message's.
///
/// A parameter or result of type `RawBody` is the whole body, as XML.
///
/// Doc comments of the trait, of methods and of parameters are in the description of the contract, as documentation.
///
/// # Example
///
/// ```
/// use waxwing::contract::{OperationContext, OperationFault, service_contract};
///
/// #[service_contract(namespace = "urn:clock", name = "IClock")]
/// trait Clock {
///     /// Sets the time of the zone, and tells the one before.
///     #[operation(faults(String))]
///     async fn set(&self, context: &OperationContext, zone: &str, minutes: i32) -> Result<i32, OperationFault>;
/// }
///
/// struct Stopped;
///
/// impl Clock for Stopped {
///     async fn set(&self, context: &OperationContext, zone: &str, _: i32) -> Result<i32, OperationFault> {
///         if context.caller().is_none() {
///             return Err(OperationFault::new("Who are you?").with_detail(zone.to_owned()));
///         }
///         Ok(0)
///     }
/// }
///
/// let service = ClockService::new(Stopped);
/// # let _ = service;
/// assert_eq!(CLOCK_CONTRACT.operations[0].action, "urn:clock/IClock/Set");
/// assert_eq!(CLOCK_CONTRACT.operations[0].faults[0].action, "urn:clock/IClock/SetStringFault");
/// ```
#[proc_macro_attribute]
pub fn service_contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemTrait);
    service_contract::expand(arguments.into(), item).into()
}
