//! The contracts that WCF exported, as an exporter is told of them.

use std::sync::Arc;

use waxwing_binding::ProtectionLevel;
use waxwing_metadata::export::{
    ContractExport, FaultExport, HeaderExport, MessageExport, OperationExport,
};
use waxwing_metadata::wsdl::{Part, PartContent};
use waxwing_metadata::{At, QName};

pub(crate) const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

pub(crate) fn samples(local: &str) -> QName {
    QName::new(SAMPLES, local)
}

fn message(action: String, element: &str, level: ProtectionLevel) -> MessageExport {
    let part = Part {
        name: "parameters".to_owned(),
        content: PartContent::Element(samples(element)),
        at: At::nowhere(),
    };
    MessageExport {
        name: None,
        action: Some(action),
        parts: vec![part],
        headers: Vec::new(),
        level,
    }
}

/// An operation of `contract`: with a reply unless its name begins with `!`, and with the fault `MathFault` for `?`.
fn operation(contract: &str, name: &str, level: ProtectionLevel) -> OperationExport {
    let one_way = name.starts_with('!');
    let faulty = name.starts_with('?');
    let name = name.trim_start_matches(['!', '?']);
    let action = format!("{SAMPLES}/{contract}/{name}");
    let reply = format!("{action}Response");
    let fault = FaultExport {
        name: "MathFaultFault".to_owned(),
        action: format!("{action}MathFaultFault"),
        element: samples("MathFault"),
        level,
    };
    OperationExport {
        name: name.to_owned(),
        is_callback: false,
        request: message(action, name, level),
        reply: (!one_way).then(|| message(reply, &format!("{name}Response"), level)),
        faults: faulty.then_some(fault).into_iter().collect(),
        is_initiating: true,
        is_terminating: false,
        documentation: None,
    }
}

fn contract(name: &str, operations: Vec<OperationExport>) -> ContractExport {
    ContractExport { name: samples(name), using_session: None, operations, documentation: None }
}

const ALL: ProtectionLevel = ProtectionLevel::EncryptAndSign;

pub(crate) fn calculator() -> Arc<ContractExport> {
    let names = ["Add", "Subtract", "Multiply", "?Divide", "Echo", "EchoBytes", "Slow", "Who"];
    let operations = names.map(|name| operation("ICalculator", name, ALL)).into();
    Arc::new(contract("ICalculator", operations))
}

/// Levels of every kind: operations, headers, faults.
pub(crate) fn protected() -> Arc<ContractExport> {
    use ProtectionLevel::{EncryptAndSign, None as Open, Sign};
    let own = |name, level| operation("IProtected", name, level);
    let mut order = own("Order", Sign);
    let header = |local, level| HeaderExport { element: samples(local), level };
    order.request.name = Some("OrderMessage".to_owned());
    order.request.headers =
        vec![header("CardNumber", EncryptAndSign), header("Customer", Sign), header("Trace", Open)];
    let mut reply = message(format!("{SAMPLES}/IProtected/OrderResponse"), "OrderReply", ALL);
    reply.name = Some("OrderReply".to_owned());
    reply.headers = vec![header("Status", Sign), header("Ticket", EncryptAndSign)];
    order.reply = Some(reply);
    let mut secret = own("?FaultSecret", Sign);
    secret.faults[0].level = EncryptAndSign;
    let mut signed = own("?FaultSigned", EncryptAndSign);
    signed.faults[0].level = Sign;
    let operations = vec![
        own("Open", Open),
        own("Signed", Sign),
        own("Secret", EncryptAndSign),
        own("Default", EncryptAndSign),
        order,
        secret,
        signed,
    ];
    Arc::new(contract("IProtected", operations))
}

pub(crate) fn nothing_encrypted() -> Arc<ContractExport> {
    let own = |name, level| operation("IProtNone", name, level);
    let operations = vec![own("Open", ProtectionLevel::None), own("Signed", ProtectionLevel::Sign)];
    Arc::new(contract("IProtNone", operations))
}

pub(crate) fn signed() -> Arc<ContractExport> {
    let own = |name| operation("IProtSign", name, ProtectionLevel::Sign);
    Arc::new(contract("IProtSign", vec![own("Signed"), own("!Note")]))
}

/// Sessions and callbacks.
pub(crate) fn duplex() -> Arc<ContractExport> {
    let own = |name, initiating, terminating, is_callback| OperationExport {
        is_initiating: initiating,
        is_terminating: terminating,
        is_callback,
        ..operation("KindsDuplex", name, ALL)
    };
    let operations = vec![
        own("Begin", true, false, false),
        own("!Finish", false, true, false),
        own("!Equals", true, false, true),
        own("!Equation", true, false, true),
        own("Ask", true, false, true),
    ];
    let contract = contract("KindsDuplex", operations);
    Arc::new(ContractExport { using_session: Some(true), ..contract })
}
