//! SOAP headers that a binding declares.

use super::outcome::Outcome;
use crate::contract::schema::Types;
use crate::contract::types::Member;
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::set::MetadataSet;
use crate::wsdl::{BindingMessage, PartContent, SoapHeader, Use};

/// The headers of a message, each name once, in order.
pub(super) fn headers(
    set: &MetadataSet,
    types: &Types,
    bound: Option<&BindingMessage>,
    outcome: &mut Outcome,
    findings: &mut Vec<Finding>,
) -> Vec<Member> {
    let mut headers: Vec<Member> = Vec::new();
    for header in bound.map_or(&[][..], |bound| &bound.headers) {
        if header.usage == Use::Encoded {
            let reason = format!("the header {} is SOAP encoding (use=\"encoded\")", header.part);
            outcome.block(reason, &header.at);
        }
        let Some(mut member) = header_member(set, types, header) else {
            let message = format!("the header {} is part of no message that is there", header.part);
            findings.push(
                Finding::new("missing-header", Severity::Warning, message)
                    .at(header.at.clone())
                    .help("It is left out. Does message= name a wsdl:message with that part?"),
            );
            continue;
        };
        // WSDL cannot say that a header must be there.
        member.min_occurs = 0;
        if headers.iter().all(|known| known.name != member.name) {
            outcome.take(types, &member, &format!("header {}", header.part));
            headers.push(member);
        }
    }
    headers
}

fn header_member(set: &MetadataSet, types: &Types, header: &SoapHeader) -> Option<Member> {
    let message = set.message(&header.message)?;
    let part = message.parts.iter().find(|part| part.name == header.part)?;
    match &part.content {
        PartContent::Element(name) => types.element(name).cloned(),
        PartContent::Type(name) => {
            let namespace = header.namespace.as_deref().unwrap_or_default();
            let mut member =
                Member::new(QName::new(namespace, part.name.as_str()), types.named(name)?);
            member.at = part.at.clone();
            Some(member)
        }
        PartContent::None => None,
    }
}
