//! How the body of a message is built: wrapped, bare, a stream, raw.

use super::outcome::{Budget, Outcome};
use super::parts::body_parts;
use crate::contract::model::Body;
use crate::contract::schema::Types;
use crate::contract::types::{Member, Particle, Shape, Structure, TypeId};
use crate::name::{QName, namespaces};
use crate::wsdl::{BindingMessage, Message, Part, PartContent, Style, Use};

/// The MIME extension of WSDL 1.1 §5.
const MIME: &str = "http://schemas.xmlsoap.org/wsdl/mime/";

/// A message, and what is known of the place that it has.
pub(super) struct Situation<'a> {
    pub(super) types: &'a Types,
    pub(super) message: &'a Message,
    pub(super) bound: Option<&'a BindingMessage>,
    pub(super) style: Style,
    /// What the element around the parts is called by custom: the operation, with `Response` for a reply.
    pub(super) wrapper: String,
}

impl Situation<'_> {
    /// The body, with what it does to the operation.
    pub(super) fn body(&self, budget: &mut Budget, outcome: &mut Outcome) -> Body {
        if !budget.is_spent() {
            let body = self.unlimited(outcome);
            let members = match &body {
                Body::Wrapped { parts, .. } => &parts[..],
                Body::Bare(member) => std::slice::from_ref(&**member),
                _ => &[],
            };
            if budget.take(members) {
                return body;
            }
        }
        let reason = "the messages of all operations have more than 200,000 parts together";
        outcome.fall(reason, &self.message.at);
        Body::Raw(None)
    }

    fn unlimited(&self, outcome: &mut Outcome) -> Body {
        let parts = body_parts(self.message, self.bound);
        self.refuse_encoded(outcome);
        self.refuse_attachments(outcome);
        match self.style {
            Style::Rpc => self.rpc(&parts, outcome),
            Style::Document => self.document(&parts, outcome),
        }
    }

    fn refuse_encoded(&self, outcome: &mut Outcome) {
        let body = self.bound.and_then(|bound| bound.body.as_ref());
        let Some(body) = body.filter(|body| body.usage == Use::Encoded) else { return };
        let style = match self.style {
            Style::Rpc => "rpc",
            Style::Document => "document",
        };
        let reason = format!(
            "{style}/encoded: its messages are SOAP encoding (section 5), with types and references in every element. Ask for \
             an endpoint with use=\"literal\"; WCF's is [XmlSerializerFormat(Use = OperationFormatUse.Literal)]"
        );
        outcome.block(reason, &body.at);
    }

    /// Parts that are attachments (WSDL 1.1 §5). One MIME part around the body alone is plain SOAP.
    fn refuse_attachments(&self, outcome: &mut Outcome) {
        for extension in self.bound.map_or(&[][..], |bound| &bound.extensions) {
            let mut elements = extension.element.root().descendants_and_self();
            let Some(content) = elements.find(|element| element.is(MIME, "content")) else {
                continue;
            };
            let part = content.attribute("part").unwrap_or_default();
            let reason = format!(
                "the part {part} is an attachment (mime:content). Ask for an endpoint that has it as xs:base64Binary in the body; \
                 MTOM keeps that as short"
            );
            outcome.block(reason, &extension.at);
        }
    }

    /// Parts inside an element that is called like the operation (WSDL 1.1 §3.5).
    fn rpc(&self, parts: &[&Part], outcome: &mut Outcome) -> Body {
        let namespace = self.bound.and_then(|bound| bound.body.as_ref()?.namespace.as_deref());
        let wrapper = QName::new(namespace.unwrap_or_default(), self.wrapper.as_str());
        let members = parts.iter().filter_map(|part| {
            let member = self.rpc_part(part)?;
            outcome.take(self.types, &member, &format!("part {}", part.name));
            Some(member)
        });
        let parts = members.collect();
        Body::Wrapped { wrapper, type_id: None, style: Style::Rpc, parts, returns: false }
    }

    fn rpc_part(&self, part: &Part) -> Option<Member> {
        match &part.content {
            PartContent::Type(name) => {
                let mut member =
                    Member::new(QName::new("", part.name.as_str()), self.types.named(name)?);
                member.at = part.at.clone();
                Some(member)
            }
            PartContent::Element(name) => self.types.element(name).cloned(),
            PartContent::None => None,
        }
    }

    fn document(&self, parts: &[&Part], outcome: &mut Outcome) -> Body {
        match parts {
            [] => Body::Empty,
            [part] => self.document_part(part, outcome),
            [first, second, ..] => {
                let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
                let reason = format!(
                    "{} parts in the body ({}): only one element may be there. Should \"{}\" be a header (soap:header), or be \
                     left out (soap:body parts)? A message contract of WCF needs IsWrapped = true for several members",
                    parts.len(),
                    names.join(", "),
                    second.name,
                );
                outcome.block(reason, &first.at);
                Body::Raw(None)
            }
        }
    }

    fn document_part(&self, part: &Part, outcome: &mut Outcome) -> Body {
        let name = match &part.content {
            PartContent::Element(name) => name,
            PartContent::Type(name) if name.is(namespaces::MESSAGE, "MessageBody") => {
                outcome.fall("the body is any XML (MessageBody)", &part.at);
                return Body::Raw(None);
            }
            PartContent::Type(name) => {
                let reason = format!(
                    "part {} is of the type {name} and has no element, which document style needs",
                    part.name
                );
                outcome.fall(reason, &part.at);
                return Body::Raw(None);
            }
            PartContent::None => {
                outcome.fall(format!("part {} has neither element nor type", part.name), &part.at);
                return Body::Raw(None);
            }
        };
        let Some(member) = self.types.element(name) else {
            outcome.fall(format!("the element {name} is in none of the schemas"), &part.at);
            return Body::Raw(Some(name.clone()));
        };
        if is_stream(self.types, member.type_id) {
            return Body::Stream { wrapper: None, element: name.clone() };
        }
        let by_custom = part.name == "parameters" || *member.name.local == *self.wrapper;
        match by_custom.then(|| self.unwrapped(member)).flatten() {
            Some(parts) => self.wrapped(member, parts, outcome),
            None => {
                outcome.take(self.types, member, &format!("element {}", member.name.local));
                Body::Bare(Box::new(member.clone()))
            }
        }
    }

    fn wrapped(&self, wrapper: &Member, parts: Vec<Member>, outcome: &mut Outcome) -> Body {
        if let [only] = &parts[..]
            && is_stream(self.types, only.type_id)
        {
            let element = only.name.clone();
            return Body::Stream { wrapper: Some(wrapper.name.clone()), element };
        }
        for part in &parts {
            outcome.take(self.types, part, &format!("part {}", part.name.local));
        }
        Body::Wrapped {
            wrapper: wrapper.name.clone(),
            type_id: Some(wrapper.type_id),
            style: Style::Document,
            parts,
            returns: false,
        }
    }

    /// The parts inside a wrapper: elements of a sequence and nothing else. More than WCF unwraps: whatever the part is called,
    /// and with repeated elements.
    fn unwrapped(&self, wrapper: &Member) -> Option<Vec<Member>> {
        if wrapper.nillable || wrapper.is_abstract || !wrapper.substitutes.is_empty() {
            return None;
        }
        let structure = self.types.table.get(wrapper.type_id).structure()?;
        if !is_plain(structure) {
            return None;
        }
        structure.content.iter().map(plain_element).collect()
    }
}

/// Nothing but a sequence.
fn is_plain(structure: &Structure) -> bool {
    structure.base.is_none()
        && structure.text.is_none()
        && structure.attributes.is_empty()
        && !(structure.any_attribute || structure.mixed || structure.is_abstract)
}

/// An element that always has this name.
fn plain_element(particle: &Particle) -> Option<Member> {
    match particle {
        Particle::Element(member) if !member.is_abstract && member.substitutes.is_empty() => {
            Some(member.clone())
        }
        _ => None,
    }
}

/// `StreamBody`.
fn is_stream(types: &Types, id: TypeId) -> bool {
    let of = types.table.get(id);
    of.name.as_ref().is_some_and(|name| name.is(namespaces::MESSAGE, "StreamBody"))
        && !matches!(of.shape, Shape::Structure(_))
}

/// Marks the first part of a reply as what the operation returns, unless it is a parameter that comes back (`ref`).
pub(super) fn decide_result(request: &Body, reply: &mut Body) {
    let Body::Wrapped { parts: results, returns, .. } = reply else { return };
    let Some(first) = results.first() else { return };
    let given = match request {
        Body::Wrapped { parts, .. } => &parts[..],
        _ => &[],
    };
    let comes_back =
        given.iter().any(|part| part.name == first.name && part.type_id == first.type_id);
    *returns = !comes_back;
}
