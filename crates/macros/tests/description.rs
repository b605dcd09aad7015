//! What the contract macro says of operations: elements, types, documentation.

#![allow(missing_docs, unreachable_pub)]

use waxwing::DataContract;
use waxwing::contract::{
    BodyDescription, Delivery, MessageDescription, OperationDescription, OperationFault,
    PartDescription, PartForm, RawBody, service_contract,
};
use waxwing::datacontract::{TypeDescriptions, TypeKind};

/// A place to send to.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:shop")]
pub struct Address {
    /// With the number of the house.
    pub street: String,
}

#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:shop")]
pub struct Refusal {
    pub reason: String,
}

mod base {
    use super::*;

    #[service_contract(namespace = "urn:base", name = "IBase")]
    pub trait Base {
        /// Whether anybody is there.
        async fn ping(&self, text: &str) -> Result<(), OperationFault>;
    }
}

/// Where people order.
///
/// Open on Sundays.
#[service_contract(namespace = "urn:shop", name = "IShop", session_mode = Required)]
pub trait Shop: base::Base {
    /// Orders some of an article.
    #[operation(
        faults(Refusal, Address(name = "Nowhere", namespace = "urn:faults")),
        results(
            header("Status", repeated),
            "Number",
            part("Price", namespace = "urn:money", optional)
        )
    )]
    async fn order(
        &self,
        /// As in the catalogue.
        article: &str,
        #[param(header)] ticket: Option<i32>,
        #[param(repeated)] to: &[Address],
    ) -> Result<(Vec<String>, i32, Option<f64>), OperationFault>;

    #[operation(one_way, is_initiating = false, is_terminating = true, delivery = "once")]
    async fn leave(&self) -> Result<(), OperationFault>;

    #[operation(bare, reply_bare)]
    async fn find(
        &self,
        #[param(name = "Wanted")] wanted: Address,
    ) -> Result<Address, OperationFault>;

    async fn raw(&self, body: RawBody) -> Result<RawBody, OperationFault>;
}

fn operation(name: &str) -> &'static OperationDescription {
    SHOP_CONTRACT.operations.iter().find(|operation| operation.name == name).expect(name)
}

/// `{namespace}local form type?` of each part.
fn parts(parts: &[PartDescription]) -> String {
    let mut types = TypeDescriptions::new();
    let parts = parts.iter().map(|part| {
        let used = (part.describe)(&mut types);
        let form = match part.form {
            PartForm::Once => "",
            PartForm::Optional => " optional",
            PartForm::Repeated => " repeated",
        };
        let null = if used.nullable { "?" } else { "" };
        format!("{{{}}}{}{form}:{}{null}", part.namespace, part.local, used.contract.local)
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn messages_have_elements_with_types() {
    let order = operation("Order");
    let MessageDescription { body, parts: request, headers, .. } = order.request;
    assert_eq!(body, BodyDescription::wrapped("Order", "urn:shop"));
    assert_eq!(parts(request), "{urn:shop}article:string {urn:shop}to repeated:Address");
    assert_eq!(parts(headers), "{urn:shop}ticket:int?");
    assert_eq!(order.reply.body, BodyDescription::wrapped("OrderResponse", "urn:shop"));
    assert_eq!(parts(order.reply.parts), "{urn:shop}Number:int {urn:money}Price optional:double?");
    assert_eq!(parts(order.reply.headers), "{urn:shop}Status repeated:string");
    let find = operation("Find");
    assert_eq!(
        (find.request.body, find.reply.body),
        (BodyDescription::Bare, BodyDescription::Bare)
    );
    assert_eq!(parts(find.request.parts), "{urn:shop}Wanted:Address");
    assert_eq!(parts(find.reply.parts), "{urn:shop}FindResult:Address");
    let raw = operation("Raw");
    assert_eq!((raw.request.body, raw.reply.body), (BodyDescription::Raw, BodyDescription::Raw));
    assert_eq!(parts(raw.request.parts), "{urn:shop}body:MessageBody?");
    assert_eq!(parts(raw.reply.parts), "{urn:shop}RawResult:MessageBody?");
    let leave = operation("Leave");
    assert_eq!(leave.request.body, BodyDescription::wrapped("Leave", "urn:shop"));
    assert!(leave.one_way && leave.request.parts.is_empty() && leave.reply.parts.is_empty());
    assert!(!leave.is_initiating && leave.is_terminating);
    assert_eq!((find.delivery, leave.delivery), (None, Some(Delivery::Once)));
}

#[test]
fn faults_have_elements_with_types() {
    let [refusal, nowhere] = operation("Order").faults else { panic!("two faults") };
    assert_eq!((refusal.name, nowhere.name), ("RefusalFault", "Nowhere"));
    assert_eq!(refusal.detail_element().to_string(), "{urn:shop}Refusal");
    assert_eq!(nowhere.detail_element().to_string(), "{urn:faults}Nowhere");
    let mut types = TypeDescriptions::new();
    let used = (nowhere.describe)(&mut types);
    let TypeKind::Class(class) = &types.get(&used.contract).unwrap().kind else {
        panic!("a class")
    };
    assert_eq!(&*class.members[0].documentation, "With the number of the house.");
}

#[test]
fn doc_comments_are_documentation() {
    assert_eq!(SHOP_CONTRACT.documentation, "Where people order.\n\nOpen on Sundays.");
    let order = operation("Order");
    assert_eq!(order.documentation, "Orders some of an article.");
    let documentation: Vec<_> = order.request.parts.iter().map(|part| part.documentation).collect();
    assert_eq!(documentation, ["As in the catalogue.", ""]);
    assert_eq!(operation("Leave").documentation, "");
}

#[test]
fn inherited_operations_keep_what_they_say() {
    let ping = operation("Ping");
    assert_eq!(ping.inherited_from.map(|declaring| declaring.name), Some("IBase"));
    assert_eq!(ping.documentation, "Whether anybody is there.");
    assert_eq!(ping.request.body, BodyDescription::wrapped("Ping", "urn:base"));
    assert_eq!(parts(ping.request.parts), "{urn:base}text:string");
    assert_eq!(
        (ping.reply.body, ping.reply.parts.len()),
        (BodyDescription::wrapped("PingResponse", "urn:base"), 0)
    );
}
