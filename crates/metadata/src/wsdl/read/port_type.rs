//! Messages and port types (WSDL 1.1 §2.3, §2.4).

use waxwing_xml::Element;

use super::reader::Wsdl;
use crate::name::namespaces::{MSC, WSA10, WSA2004, WSAM, WSAW, WSDL};
use crate::policy::read::attached;
use crate::wsdl::model::{
    Direction, Message, OperationMessage, Part, PartContent, PortType, PortTypeOperation,
};

/// The namespaces that `Action` may be in; the first found counts.
const ACTIONS: [&str; 4] = [WSAM, WSAW, WSA10, WSA2004];

pub(super) fn message<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Message> {
    let parts = element.elements().filter(|child| child.is(WSDL, "part"));
    Some(Message {
        name: wsdl.own_name(element)?,
        parts: parts.filter_map(|child| part(wsdl, child)).collect(),
        policies: attached(wsdl.reading, element),
        documentation: wsdl.documentation(element),
        at: wsdl.reading.at(element),
    })
}

fn part<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Part> {
    let reading = wsdl.reading;
    let content = match (reading.qname(element, "element"), reading.qname(element, "type")) {
        (Some(name), _) => PartContent::Element(name),
        (None, Some(name)) => PartContent::Type(name),
        (None, None) => PartContent::None,
    };
    let name = reading.required(element, "name")?.to_owned();
    Some(Part { name, content, at: reading.at(element) })
}

pub(super) fn port_type<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<PortType> {
    let operations = element.elements().filter(|child| child.is(WSDL, "operation"));
    Some(PortType {
        name: wsdl.own_name(element)?,
        operations: operations.filter_map(|child| operation(wsdl, child)).collect(),
        using_session: wsdl.reading.boolean(element, MSC, "usingSession"),
        policies: attached(wsdl.reading, element),
        documentation: wsdl.documentation(element),
        at: wsdl.reading.at(element),
    })
}

fn operation<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<PortTypeOperation> {
    let reading = wsdl.reading;
    let (mut messages, mut faults) = (Vec::new(), Vec::new());
    for child in element.elements().filter(|child| child.namespace() == WSDL) {
        match child.local_name() {
            "input" => messages.extend(operation_message(wsdl, child, Direction::Input)),
            "output" => messages.extend(operation_message(wsdl, child, Direction::Output)),
            "fault" => faults.extend(operation_message(wsdl, child, Direction::Fault)),
            "documentation" => {}
            _ => reading.misplaced(child, "<operation>"),
        }
    }
    let order = element.attribute("parameterOrder").unwrap_or_default();
    Some(PortTypeOperation {
        name: reading.required(element, "name")?.trim().to_owned(),
        messages,
        faults,
        parameter_order: order.split_whitespace().map(str::to_owned).collect(),
        is_initiating: reading.boolean(element, MSC, "isInitiating"),
        is_terminating: reading.boolean(element, MSC, "isTerminating"),
        policies: attached(reading, element),
        documentation: wsdl.documentation(element),
        at: reading.at(element),
    })
}

fn operation_message<'d>(
    wsdl: &Wsdl<'_, 'd>,
    element: Element<'d>,
    direction: Direction,
) -> Option<OperationMessage> {
    let action = ACTIONS.iter().find_map(|namespace| element.attribute_ns(namespace, "Action"));
    Some(OperationMessage {
        direction,
        name: element.attribute("name").map(str::to_owned),
        message: wsdl.required_reference(element, "message")?,
        action: action.map(|text| text.trim().to_owned()),
        policies: attached(wsdl.reading, element),
        at: wsdl.reading.at(element),
    })
}
