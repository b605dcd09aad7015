//! The report for machines. Codes and words are stable; members may be added.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};
use waxwing_metadata::contract::{Contract, Message, Operation, Pattern, Tier, Type};
use waxwing_metadata::json::Codec;
use waxwing_metadata::judge::{AssertionRuling, Obstacle, OperationVerdict, PortVerdict};
use waxwing_metadata::{At, Finding, QName, Severity};

use super::report::Report;
use super::text::is_own;
use super::words;
use waxwing::soap::SoapVersion;

pub(super) fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report))?;
    writeln!(out)
}

pub(super) fn value(report: &Report) -> Value {
    let codec = Codec::new(Arc::new(report.contracts.clone()));
    let mut services: Vec<(&QName, Vec<Value>)> = Vec::new();
    for port in &report.ports {
        let value = self::port(report, port, &codec);
        match services.iter_mut().find(|(name, _)| **name == port.service) {
            Some((_, ports)) => ports.push(value),
            None => services.push((&port.service, vec![value])),
        }
    }
    let service = |(name, ports): (&QName, Vec<Value>)| json!({ "name": &*name.local, "namespace": &*name.namespace, "ports": ports });
    let types = report.contracts.types.iter().map(|(_, t)| t).filter(|t| is_own(t));
    json!({
        "sources": sources(report),
        "services": services.into_iter().map(service).collect::<Vec<_>>(),
        "types": types.map(a_type).collect::<Vec<_>>(),
        "diagnostics": report.findings().into_iter().map(finding).collect::<Vec<_>>(),
    })
}

fn sources(report: &Report) -> Vec<Value> {
    let documents = report.set.documents().iter();
    documents
        .map(|document| {
            json!({
                "location": document.location.as_str(),
                "kind": document.kind.as_str(),
                "bytes": document.content.len(),
                "sha256": hex(&document.sha256),
            })
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn port(report: &Report, port: &PortVerdict, codec: &Codec) -> Value {
    let contract = report.contract(port);
    let operations = contract.map(|contract| operations(contract, port, codec));
    json!({
        "name": port.port,
        "address": port.address,
        "soap": port.soap.map(|soap| match soap { SoapVersion::Soap11 => "1.1", SoapVersion::Soap12 => "1.2" }),
        "transport": transport(port),
        "binding": {
            "name": port.binding.to_string(),
            "section": port.configuration.as_ref().map(|binding| binding.section().to_owned()),
            "configuration": port.binding_xml(),
            "endpoint": port.endpoint_xml(),
            "description": words::binding(port),
        },
        "contract": port.port_type.as_ref().map(ToString::to_string),
        "verdict": port.talk.as_str(),
        "needs": port.classes().into_iter().map(|class| class.as_str()).collect::<Vec<_>>(),
        "because": port.because(),
        "given": port.given_in_code,
        "passwordDigest": port.hash_password,
        "alternatives": port.alternatives,
        "chosen": port.chosen,
        "assertions": port.assertions.iter().map(assertion).collect::<Vec<_>>(),
        "obstacles": port.obstacles.iter().map(obstacle).collect::<Vec<_>>(),
        "notes": port.notes.iter().map(finding).collect::<Vec<_>>(),
        "operations": operations.unwrap_or_default(),
        "at": at(&port.at),
    })
}

/// `http` or `https` where that is known.
fn transport(port: &PortVerdict) -> String {
    let scheme = port.effective.as_deref().map(|e| e.transport.scheme.clone());
    scheme.filter(|scheme| !scheme.is_empty()).unwrap_or_else(|| port.transport.clone())
}

fn assertion(ruling: &AssertionRuling) -> Value {
    json!({
        "name": ruling.name.to_string(),
        "label": ruling.label(),
        "verdict": ruling.ruling.as_str(),
        "class": ruling.class.map(|class| class.as_str()),
        "text": ruling.text,
        "fix": ruling.fix,
        "at": at(&ruling.at),
        "subject": ruling.subject.to_string(),
        "within": ruling.within,
    })
}

fn obstacle(obstacle: &Obstacle) -> Value {
    json!({
        "class": obstacle.class.as_str(),
        "text": obstacle.text,
        "fix": obstacle.fix,
        "at": obstacle.at.as_ref().map(at),
    })
}

fn operations(contract: &Contract, port: &PortVerdict, codec: &Codec) -> Vec<Value> {
    let verdict = |name: &str| port.operations.iter().find(|one| one.name == name);
    contract.operations.iter().map(|o| operation(o, verdict(&o.name), codec)).collect()
}

fn operation(operation: &Operation, verdict: Option<&OperationVerdict>, codec: &Codec) -> Value {
    let kind = match operation.pattern {
        Pattern::RequestResponse => "request-response",
        Pattern::OneWay => "one-way",
        Pattern::Callback => "callback",
        Pattern::CallbackOneWay => "callback-one-way",
    };
    let request = |message: &Message| json!({ "schema": codec.request_schema(message).to_value() });
    let reply = |message: &Message| json!({ "schema": codec.reply_schema(message).to_value() });
    let faults: Vec<Value> = operation
        .faults
        .iter()
        .map(|fault| {
            json!({
                "name": fault.name,
                "action": fault.action,
                "detail": fault.detail.name.to_string(),
                "schema": codec.element_schema(&fault.detail).to_value(),
            })
        })
        .collect();
    json!({
        "name": operation.name,
        "kind": kind,
        "action": operation.action,
        "replyAction": operation.reply_action,
        "request": request(&operation.request),
        "response": operation.reply.as_ref().map(reply),
        "faults": faults,
        "tier": tier(operation.tier),
        "why": operation.fall.as_ref().map(|fall| fall.reason.clone()),
        "callable": verdict.is_none_or(|verdict| verdict.obstacles.is_empty()),
        "obstacles": verdict.map(|v| v.obstacles.iter().map(obstacle).collect::<Vec<_>>()).unwrap_or_default(),
        "protection": verdict.map(|verdict| json!({
            "request": verdict.protection.request.map(|level| level.to_string()),
            "reply": verdict.protection.reply.map(|level| level.to_string()),
        })),
    })
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::DataContract => "data-contract",
        Tier::Xml => "xml",
        Tier::Raw => "raw",
    }
}

fn a_type(one: &Type) -> Value {
    json!({
        "name": one.name.as_ref().map(ToString::to_string),
        "tier": tier(one.tier),
        "why": one.fall.as_ref().map(|fall| fall.reason.clone()),
        "at": at(&one.at),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code,
        "severity": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": finding.message,
        "help": finding.help,
        "at": finding.at.as_ref().map(at),
    })
}

fn at(at: &At) -> Value {
    json!({ "file": at.location.as_str(), "line": at.line, "column": at.column })
}
