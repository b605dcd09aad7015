//! What the contracts of the captured scenarios demand.
#![allow(dead_code, unreachable_pub)]

use waxwing_security::protection::HeaderProtection;
use waxwing_security::{Direction, MessageProtection, ProtectionLevel, ProtectionRequirements};

use ProtectionLevel::{EncryptAndSign, Sign};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

/// What the contract with this name in the scenarios' settings demands. `level` is that of the calculator.
pub fn requirements(contract: Option<&str>, level: Option<&str>) -> ProtectionRequirements {
    match contract {
        Some("protected") => protected(),
        Some("duplex") => duplex(),
        Some("protsign") => operations("IProtSign", &[("Signed", Sign), ("Note", Sign)]),
        Some("protnone") => {
            operations("IProtNone", &[("Open", ProtectionLevel::None), ("Signed", Sign)])
        }
        _ => {
            let level = match level {
                Some("None") => ProtectionLevel::None,
                Some("Sign") => Sign,
                _ => EncryptAndSign,
            };
            let names =
                ["Add", "Subtract", "Multiply", "Divide", "EchoBytes"].map(|name| (name, level));
            operations("ICalculator", &names)
        }
    }
}

fn operations(contract: &str, levels: &[(&str, ProtectionLevel)]) -> ProtectionRequirements {
    let mut requirements = ProtectionRequirements::for_session();
    for (name, level) in levels {
        let action = format!("{SAMPLES}/{contract}/{name}");
        requirements.operation(&action, Some(&format!("{action}Response")), *level);
    }
    requirements
}

/// `ICalculatorDuplex` of the captures, with its callbacks, which go the other way.
fn duplex() -> ProtectionRequirements {
    let both = [("Result", EncryptAndSign), ("SumOfAsked", EncryptAndSign)];
    let mut requirements = operations("ICalculatorDuplex", &both);
    let mut set = |direction, name: &str| {
        let action = format!("{SAMPLES}/ICalculatorDuplex/{name}");
        requirements.set(direction, action, MessageProtection::body(EncryptAndSign));
    };
    for (direction, names) in [
        (Direction::Request, ["AddTo", "Clear", "AskResponse"]),
        (Direction::Reply, ["Equals", "Equation", "Ask"]),
    ] {
        names.iter().for_each(|name| set(direction, name));
    }
    requirements
}

/// `IProtected` of the captures: levels of operations, faults, message contracts and headers.
pub fn protected() -> ProtectionRequirements {
    let levels = [
        ("Open", ProtectionLevel::None),
        ("Signed", Sign),
        ("Secret", EncryptAndSign),
        ("Default", EncryptAndSign),
        ("FaultSecret", Sign),
        ("FaultSigned", EncryptAndSign),
    ];
    let mut requirements = operations("IProtected", &levels);
    let mut set = |direction, name: &str, body, headers: &[(&str, ProtectionLevel)]| {
        let headers = headers.iter().map(|(local, level)| HeaderProtection {
            namespace: SAMPLES.into(),
            local: (*local).into(),
            level: *level,
        });
        let protection = MessageProtection { body, headers: headers.collect() };
        requirements.set(direction, format!("{SAMPLES}/IProtected/{name}"), protection);
    };
    let (request, reply) = (Direction::Request, Direction::Reply);
    let order =
        [("CardNumber", EncryptAndSign), ("Customer", Sign), ("Trace", ProtectionLevel::None)];
    set(request, "Order", Sign, &order);
    set(reply, "OrderResponse", EncryptAndSign, &[("Status", Sign), ("Ticket", EncryptAndSign)]);
    set(reply, "FaultSecretMathFaultFault", EncryptAndSign, &[]);
    set(reply, "FaultSignedMathFaultFault", Sign, &[]);
    requirements
}
