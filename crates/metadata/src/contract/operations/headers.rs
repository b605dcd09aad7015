//! SOAP headers that a binding declares.

use std::collections::BTreeSet;

use super::outcome::Outcome;
use super::parts::Parts;
use crate::contract::schema::Types;
use crate::contract::types::Member;
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::wsdl::{BindingMessage, PartContent, SoapHeader, Use};

/// The headers of a message, each name once, in order.
pub(super) fn headers(
    parts: &Parts<'_>,
    types: &Types,
    bound: Option<&BindingMessage>,
    outcome: &mut Outcome,
    findings: &mut Vec<Finding>,
) -> Vec<Member> {
    let (mut headers, mut known) = (Vec::new(), BTreeSet::new());
    for header in bound.map_or(&[][..], |bound| &bound.headers) {
        if header.usage == Use::Encoded {
            let reason = format!("the header {} is SOAP encoding (use=\"encoded\")", header.part);
            outcome.block(reason, &header.at);
        }
        let Some(mut member) = header_member(parts, types, header) else {
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
        if known.insert(member.name.clone()) {
            outcome.take(types, &member, &format!("header {}", header.part));
            headers.push(member);
        }
    }
    headers
}

fn header_member(parts: &Parts<'_>, types: &Types, header: &SoapHeader) -> Option<Member> {
    let part = parts.find(&header.message, &header.part)?;
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
