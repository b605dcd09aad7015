//! The contracts of WCF's captures, rebuilt.

use waxwing::contract::{OperationFault, RawBody, service_contract};
use waxwing::datacontract::{
    AnyType, Char, ContractName, DateTime, DateTimeOffset, Decimal, Dictionary, Guid, KeyValuePair,
    QName, ReadError, Reader, Shared, TimeSpan, TypeDescriptions, TypeKind, TypeUse, Uri,
    WriteError, Writer, XmlElement,
};
use waxwing::xml::{Element, NodeId};
use waxwing::{DataContract, XmlType};

/// Every kind of member.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Everything {
    #[data_member(name = "Bool")]
    pub boolean: bool,
    pub byte: u8,
    pub bytes: Option<Vec<u8>>,
    pub char: Char,
    #[data_member(name = "DateTime")]
    pub date_time: DateTime,
    pub decimal: Decimal,
    pub double: f64,
    pub element: Option<XmlElement>,
    pub flags: Colours,
    pub float: f32,
    pub guid: Guid,
    pub int: i32,
    pub ints: Option<Vec<i32>>,
    pub jagged: Option<Vec<Vec<i32>>>,
    pub key_value: KeyValuePair<String, i32>,
    pub list: Option<Vec<AnyType>>,
    pub long: i64,
    pub map: Option<Dictionary<String, i32>>,
    pub maybe_int: Option<i32>,
    pub maybe_size: Option<Size>,
    pub object: Option<AnyType>,
    pub offset: DateTimeOffset,
    #[data_member(name = "QName")]
    pub qname: Option<QName>,
    #[data_member(name = "SByte")]
    pub sbyte: i8,
    pub short: i16,
    pub span: TimeSpan,
    pub string: Option<String>,
    pub strings: Option<Vec<Option<String>>>,
    pub table: Option<Dictionary<AnyType, Option<AnyType>>>,
    #[data_member(name = "UInt")]
    pub uint: u32,
    #[data_member(name = "ULong")]
    pub ulong: u64,
    #[data_member(name = "UShort")]
    pub ushort: u16,
    pub uri: Option<Uri>,
}

#[derive(Clone, Copy, Debug, DataContract)]
#[data_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    flags(None = 0, Red = 1, Green = 2, Azure = 4)
)]
pub struct Colours(pub i32);

#[derive(Clone, Copy, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub enum Size {
    Small,
    #[enum_member(value = "MEDIUM")]
    Medium = 5,
    Large,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Party {
    pub home: Option<Address>,
    pub name: Option<String>,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Customer {
    #[data_member(base)]
    pub party: Party,
    pub likes: Colours,
    pub others: Option<Vec<Address>>,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:other")]
pub struct Supplier {
    #[data_member(base)]
    pub party: Party,
    pub id: Guid,
    pub site: Option<Uri>,
}

#[derive(Clone, Debug, DataContract)]
pub enum AnyParty {
    Party(Party),
    Customer(Customer),
    Supplier(Supplier),
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Address {
    #[data_member(emit_default = false)]
    pub street: Option<String>,
    #[data_member(order = 1, required)]
    pub city: Option<String>,
    #[data_member(order = 2)]
    pub zip: Option<i32>,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", is_reference)]
pub struct Node {
    pub label: Option<String>,
    pub next: Option<Shared<Node>>,
    pub parent: Option<Shared<Node>>,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "PairOf{0}And{1}")]
pub struct Pair<A, B> {
    pub first: A,
    pub second: B,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct Generic<T> {
    pub value: T,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples", collection(item = "Phone"))]
pub struct Phones(pub Vec<String>);

#[derive(Clone, Debug, DataContract)]
#[data_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    collection(item = "Entry", key = "Article", value = "Price")
)]
pub struct Prices(pub Dictionary<String, Decimal>);

#[derive(Clone, Debug, DataContract)]
pub struct Legacy {
    pub later: Option<String>,
    #[data_member(required)]
    pub number: i32,
    #[data_member(required)]
    pub text: Option<String>,
}

#[derive(Clone, Debug, DataContract)]
pub struct Poco {
    pub names: Option<Vec<Option<String>>>,
    pub x: i32,
}

/// `ISerializable`, written by hand.
#[derive(Clone, Debug)]
pub struct Bag;

impl waxwing::datacontract::DataContract for Bag {
    fn contract_name() -> ContractName {
        ContractName::new("Bag", "http://schemas.datacontract.org/2004/07/")
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| TypeKind::Serializable)
    }

    fn write(&self, _: &mut Writer<'_>, _: NodeId) -> Result<(), WriteError> {
        Ok(())
    }

    fn read(_: &mut Reader, _: Element<'_>) -> Result<Self, ReadError> {
        Ok(Self)
    }
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct MathFault {
    pub operation: Option<String>,
    pub reason: Option<String>,
}

type DeepGeneric = Generic<Option<Pair<i32, Option<Generic<Option<String>>>>>>;
type AddressPair = Pair<Option<String>, Option<Vec<Address>>>;

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
        value: Option<AddressPair>,
    ) -> Result<Option<AddressPair>, OperationFault>;
    async fn echo_generic(
        &self,
        value: Option<DeepGeneric>,
    ) -> Result<Option<DeepGeneric>, OperationFault>;
    async fn echo_phones(&self, value: Option<Phones>) -> Result<Option<Phones>, OperationFault>;
    async fn echo_prices(&self, value: Option<Prices>) -> Result<Option<Prices>, OperationFault>;
    async fn echo_legacy(&self, value: Option<Legacy>) -> Result<Option<Legacy>, OperationFault>;
    async fn echo_bag(&self, value: Option<Bag>) -> Result<Option<Bag>, OperationFault>;
    async fn echo_poco(&self, value: Poco) -> Result<Poco, OperationFault>;
    #[operation(
        bare,
        reply_bare,
        results("Party", header("For"), header("Session"), header("Tags", repeated))
    )]
    async fn echo_unwrapped(
        &self,
        #[param(name = "Party")] party: Option<AnyParty>,
        #[param(header, name = "For", optional)] destination: Option<Address>,
        #[param(header, name = "Session")] session: &str,
        #[param(header, name = "Tags", repeated)] tags: &[String],
    ) -> Result<(AnyParty, Address, String, Vec<String>), OperationFault>;
    #[operation(
        action = "urn:act",
        reply_action = "urn:act-reply",
        results("MixResult", "a", "size")
    )]
    async fn mix(
        &self,
        a: Colours,
        more: &[Colours],
    ) -> Result<(Colours, Colours, Size), OperationFault>;
    #[operation(one_way)]
    async fn fire(&self, at: DateTime) -> Result<(), OperationFault>;
    async fn nothing(&self) -> Result<(), OperationFault>;
    #[operation(results(part("EchoXmlResult", optional)))]
    async fn echo_xml(
        &self,
        #[param(optional)] value: Option<XmlThing>,
    ) -> Result<Option<XmlThing>, OperationFault>;
    async fn raw(&self, m: RawBody) -> Result<RawBody, OperationFault>;
}

/// A type of XmlSerializer.
#[derive(Clone, Debug, XmlType)]
#[xml(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct XmlThing {
    #[xml(attribute)]
    pub id: i32,
    #[xml(name = "item")]
    pub items: Vec<String>,
    #[xml(name = "points")]
    pub points: Option<ArrayOfInt>,
    #[xml(text)]
    pub text: Option<String>,
}

#[derive(Clone, Debug, XmlType)]
#[xml(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct ArrayOfInt {
    #[xml(name = "p")]
    pub points: Vec<i32>,
}

/// Octets that come as they are read.
#[derive(Clone, Debug)]
pub struct StreamBody(pub Vec<u8>);

impl waxwing::datacontract::DataContract for StreamBody {
    fn contract_name() -> ContractName {
        ContractName::new("StreamBody", "http://schemas.microsoft.com/Message")
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| TypeKind::Simple(<Vec<u8>>::contract_name()))
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        self.0.write(writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        Vec::read(reader, element).map(Self)
    }
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub trait Kinds2 {
    #[operation(wrapper = "Upload", reply_wrapper = "UploadReply", result = "Length")]
    async fn send(
        &self,
        #[param(header, name = "FileName")] file_name: &str,
        #[param(name = "Data")] data: StreamBody,
    ) -> Result<i64, OperationFault>;
    async fn get(&self, n: i32) -> Result<StreamBody, OperationFault>;
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
pub trait Calculator {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    #[operation(faults(MathFault))]
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn echo(&self, text: &str) -> Result<String, OperationFault>;
    async fn echo_bytes(&self, data: &[u8]) -> Result<Vec<u8>, OperationFault>;
    async fn slow(&self, seconds: f64) -> Result<f64, OperationFault>;
    async fn who(&self) -> Result<String, OperationFault>;
}

/// The contract of the captures of protection levels.
#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "IProtected")]
pub trait Protected {
    #[operation(protection_level = None)]
    async fn open(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(protection_level = Sign)]
    async fn signed(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(protection_level = EncryptAndSign)]
    async fn secret(&self, text: &str) -> Result<String, OperationFault>;
    async fn default(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(
        wrapper = "Order",
        reply_wrapper = "OrderReply",
        request_protection_level = Sign,
        results(header("Status", protection_level = Sign), header("Ticket"), "Price")
    )]
    async fn order(
        &self,
        #[param(header, name = "CardNumber", protection_level = EncryptAndSign)] card: &str,
        #[param(header, name = "Customer")] customer: &str,
        #[param(header, name = "Trace", protection_level = None)] trace: &str,
        #[param(name = "Quantity")] quantity: i32,
    ) -> Result<(String, String, f64), OperationFault>;
    #[operation(protection_level = Sign, faults(MathFault(protection_level = EncryptAndSign)))]
    async fn fault_secret(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(faults(MathFault(protection_level = Sign)))]
    async fn fault_signed(&self, text: &str) -> Result<String, OperationFault>;
}
