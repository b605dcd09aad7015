//! What `waxwing import` made of the metadata of WCF in `wsdl-kinds`, with `--nullable-items`.

use std::collections::BTreeMap;
use waxwing::contract::{OperationFault, RawBody, service_contract};
use waxwing::datacontract::{
    AnyType, Char, DateTime, DateTimeOffset, Decimal, Dictionary, Guid, KeyValuePair, OpenContent,
    QName, Shared, TimeSpan, Uri, XmlElement,
};
use waxwing::{DataContract, XmlType};

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub trait Kinds {
    async fn echo_everything(
        &self,
        value: Option<Everything>,
    ) -> Result<Option<Everything>, OperationFault>;

    #[operation(faults(MathFault, Size))]
    async fn echo_party(&self, value: Option<AnyParty>)
    -> Result<Option<AnyParty>, OperationFault>;

    async fn echo_node(
        &self,
        value: Option<Shared<Node>>,
    ) -> Result<Option<Shared<Node>>, OperationFault>;

    async fn echo_pair(
        &self,
        value: Option<PairOfstringAndArrayOfAddress>,
    ) -> Result<Option<PairOfstringAndArrayOfAddress>, OperationFault>;

    async fn echo_generic(
        &self,
        value: Option<GenericOfPairOfintAndGenericOfstringoSrRxCl3>,
    ) -> Result<Option<GenericOfPairOfintAndGenericOfstringoSrRxCl3>, OperationFault>;

    async fn echo_phones(&self, value: Option<Phones>) -> Result<Option<Phones>, OperationFault>;

    async fn echo_prices(&self, value: Option<Prices>) -> Result<Option<Prices>, OperationFault>;

    async fn echo_legacy(&self, value: Option<Legacy>) -> Result<Option<Legacy>, OperationFault>;

    async fn echo_bag(
        &self,
        value: Option<OpenContent>,
    ) -> Result<Option<OpenContent>, OperationFault>;

    async fn echo_poco(&self, value: Option<Poco>) -> Result<Option<Poco>, OperationFault>;

    #[operation(
        bare,
        reply_bare,
        results(
            "Party",
            header("For", optional),
            header("Session", optional),
            header("Tags", optional)
        )
    )]
    async fn echo_unwrapped(
        &self,
        #[param(name = "Party")] party: Option<AnyParty>,
        #[param(header, name = "For", optional)] r#for: Option<Address>,
        #[param(header, name = "Session", optional)] session: Option<String>,
        #[param(header, name = "Tags", optional)] tags: Option<String>,
    ) -> Result<(Option<AnyParty>, Option<Address>, Option<String>, Option<String>), OperationFault>;

    #[operation(
        action = "urn:act",
        reply_action = "urn:act-reply",
        results("MixResult", "a", "size")
    )]
    async fn mix(
        &self,
        a: Colours,
        more: Option<Vec<Colours>>,
    ) -> Result<(Colours, Colours, Size), OperationFault>;

    #[operation(one_way)]
    async fn fire(&self, at: DateTime) -> Result<(), OperationFault>;

    async fn nothing(&self) -> Result<(), OperationFault>;

    #[operation(results(part("EchoXmlResult", optional)))]
    async fn echo_xml(
        &self,
        #[param(optional)] value: Option<XmlThing>,
    ) -> Result<Option<XmlThing>, OperationFault>;

    /// Its bodies are XML as it is: the body is any XML (MessageBody).
    async fn raw(&self, body: RawBody) -> Result<RawBody, OperationFault>;

    #[operation(result_namespace = "")]
    async fn rpc_add(
        &self,
        #[param(namespace = "")] a: i32,
        #[param(namespace = "")] b: i32,
    ) -> Result<i32, OperationFault>;
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Address {
    #[data_member(emit_default = false)]
    pub street: Option<String>,
    #[data_member(order = 1, required)]
    pub city: Option<String>,
    #[data_member(order = 2)]
    pub zip: Option<i32>,
}

/// [`Party`], or a type that extends it.
#[derive(Clone, Debug, PartialEq, DataContract)]
pub enum AnyParty {
    Party(Party),
    Customer(Customer),
    Supplier(other::Supplier),
}

impl From<Party> for AnyParty {
    fn from(value: Party) -> Self {
        Self::Party(value)
    }
}

impl From<Customer> for AnyParty {
    fn from(value: Customer) -> Self {
        Self::Customer(value)
    }
}

impl From<other::Supplier> for AnyParty {
    fn from(value: other::Supplier) -> Self {
        Self::Supplier(value)
    }
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", collection(item = "p"))]
pub struct ArrayOfInt(pub Vec<i32>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, DataContract)]
#[data_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    flags("None" = 0, "Red" = 1, "Green" = 2, "Azure" = 4)
)]
pub struct Colours(pub i32);

impl Colours {
    /// `None`.
    pub const NONE: Self = Self(0);

    /// `Red`.
    pub const RED: Self = Self(1);

    /// `Green`.
    pub const GREEN: Self = Self(2);

    /// `Azure`.
    pub const AZURE: Self = Self(4);
}

impl ::core::ops::BitOr for Colours {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Customer {
    #[data_member(base)]
    pub base: Party,
    pub likes: Colours,
    pub others: Option<Vec<Option<Address>>>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Everything {
    pub bool: bool,
    pub byte: u8,
    pub bytes: Option<Vec<u8>>,
    pub char: Char,
    pub date_time: DateTime,
    pub decimal: Decimal,
    pub double: f64,
    pub element: Option<XmlElement>,
    pub flags: Colours,
    pub float: f32,
    pub guid: Guid,
    pub int: i32,
    pub ints: Option<Vec<i32>>,
    pub jagged: Option<Vec<Option<Vec<i32>>>>,
    pub key_value: KeyValuePair<Option<String>, i32>,
    pub list: Option<Vec<Option<AnyType>>>,
    pub long: i64,
    pub map: Option<BTreeMap<String, i32>>,
    pub maybe_int: Option<i32>,
    pub maybe_size: Option<Size>,
    pub object: Option<AnyType>,
    pub offset: DateTimeOffset,
    pub q_name: Option<QName>,
    pub s_byte: i8,
    pub short: i16,
    pub span: TimeSpan,
    pub string: Option<String>,
    pub strings: Option<Vec<Option<String>>>,
    pub table: Option<Dictionary<AnyType, Option<AnyType>>>,
    pub u_int: u32,
    pub u_long: u64,
    pub u_short: u16,
    pub uri: Option<Uri>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "GenericOfPairOfintAndGenericOfstringo_SRRxCL3"
)]
pub struct GenericOfPairOfintAndGenericOfstringoSrRxCl3 {
    pub value: Option<PairOfintAndGenericOfstring>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct GenericOfstring {
    pub value: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(clr_namespace = "")]
pub struct Legacy {
    pub later: Option<String>,
    #[data_member(required)]
    pub number: i32,
    #[data_member(required)]
    pub text: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct MathFault {
    pub operation: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", is_reference)]
pub struct Node {
    pub label: Option<String>,
    pub next: Option<Shared<Node>>,
    pub parent: Option<Shared<Node>>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct PairOfintAndGenericOfstring {
    pub first: i32,
    pub second: Option<GenericOfstring>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct PairOfstringAndArrayOfAddress {
    pub first: Option<String>,
    pub second: Option<Vec<Option<Address>>>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Party {
    pub home: Option<Address>,
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", collection(item = "Phone"))]
pub struct Phones(pub Vec<Option<String>>);

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(clr_namespace = "")]
pub struct Poco {
    pub names: Option<Vec<Option<String>>>,
    pub x: i32,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    collection(item = "Entry", key = "Article", value = "Price")
)]
pub struct Prices(pub BTreeMap<String, Decimal>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub enum Size {
    #[default]
    Small,
    #[enum_member(value = "MEDIUM")]
    Medium = 5,
    Large,
}

#[derive(Clone, Debug, Default, PartialEq, XmlType)]
#[xml(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct XmlThing {
    #[xml(attribute)]
    pub id: i32,
    #[xml(choice)]
    pub content: Vec<XmlThingContent>,
}

/// One of several elements of [`XmlThing`].
#[derive(Clone, Debug, PartialEq, XmlType)]
#[xml(choice, namespace = "http://Microsoft.ServiceModel.Samples")]
pub enum XmlThingContent {
    #[xml(text)]
    Text(String),
    #[xml(name = "item")]
    Item(String),
    #[xml(name = "points")]
    Points(ArrayOfInt),
}

pub mod other {
    use waxwing::DataContract;
    use waxwing::datacontract::{Guid, Uri};

    #[derive(Clone, Debug, Default, PartialEq, DataContract)]
    #[data_contract(namespace = "urn:other")]
    pub struct Supplier {
        #[data_member(base)]
        pub base: super::Party,
        pub id: Guid,
        pub site: Option<Uri>,
    }
}
