//! Operations of services that tell them apart by the element in the body alone: SOAP without WS-Addressing whose `soapAction`
//! is empty or absent. Their action is empty, since such services (CXF's, say) refuse another one.

use std::collections::BTreeSet;

use crate::contract::model::{Body, Operation, Pattern};
use crate::name::QName;
use crate::name::namespaces::{WSAM, WSAW};
use crate::policy::Attached;
use crate::set::MetadataSet;
use crate::wsdl::{Binding, BindingOperation, Extension, PortType, PortTypeOperation};

/// The bindings that have a port of which something says that its messages have addressing headers: a policy, an extension, an
/// endpoint reference.
pub(super) fn addressed_bindings(set: &MetadataSet) -> BTreeSet<&QName> {
    let ports =
        set.services().flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let addressed = ports.filter(|(service, port)| {
        let policies = is_empty(&service.policies) && is_empty(&port.policies);
        !policies || port.endpoint_reference.is_some() || uses_addressing(&port.extensions)
    });
    addressed.map(|(_, port)| &port.binding).collect()
}

/// Whether nothing of a binding and its port type says so either.
pub(super) fn is_unaddressed(binding: &Binding, port_type: &PortType) -> bool {
    is_empty(&binding.policies)
        && is_empty(&port_type.policies)
        && !uses_addressing(&binding.extensions)
}

fn is_empty(policies: &Attached) -> bool {
    policies.references.is_empty() && policies.embedded.is_empty()
}

/// `wsaw:UsingAddressing` outside of a policy, as Axis2, CXF and Metro write it.
fn uses_addressing(extensions: &[Extension]) -> bool {
    extensions.iter().any(|extension| {
        let root = extension.element.root();
        root.is(WSAW, "UsingAddressing") || root.is(WSAM, "Addressing")
    })
}

/// Whether no document gives the request an action.
pub(super) fn has_no_action(operation: &PortTypeOperation, bound: &BindingOperation) -> bool {
    let written = operation.messages.first().and_then(|message| message.action.as_deref());
    let is_empty = |action: Option<&str>| action.is_none_or(str::is_empty);
    is_empty(written) && is_empty(bound.soap_action.as_deref())
}

/// Takes the action from those of `operations` that are candidates and can be told apart without: their bodies differ, and
/// all are answered, or none is. Others keep the action that is made of their names, by which they are told apart.
pub(super) fn take_actions(operations: &mut [Operation], candidates: &[bool]) {
    let mut elements = BTreeSet::new();
    let mut pattern = None;
    for (operation, _) in operations.iter_mut().zip(candidates).filter(|(_, candidate)| **candidate)
    {
        let calls = matches!(operation.pattern, Pattern::RequestResponse | Pattern::OneWay);
        if !calls || operation.blocked.is_some() {
            continue;
        }
        let Some(element) = element(&operation.request.body) else { continue };
        if *pattern.get_or_insert(operation.pattern) == operation.pattern
            && elements.insert(element)
        {
            operation.action = String::new();
            operation.reply_action = None;
            operation.soap_action = None;
        }
    }
}

/// The element in the body.
fn element(body: &Body) -> Option<QName> {
    match body {
        Body::Wrapped { wrapper, .. } => Some(wrapper.clone()),
        Body::Bare(member) => Some(member.name.clone()),
        Body::Stream { wrapper, element } => Some(wrapper.as_ref().unwrap_or(element).clone()),
        Body::Empty | Body::Raw(_) => None,
    }
}
