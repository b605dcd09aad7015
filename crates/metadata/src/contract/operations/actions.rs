//! Actions: WS-Addressing 1.0 – WSDL Binding §4.4, and what WCF makes of `soapAction`.

use crate::name::QName;
use crate::wsdl::{Direction, OperationMessage, PortTypeOperation};

/// The actions of an operation.
pub(super) struct Actions {
    /// Of the first message.
    pub(super) request: String,
    /// Of the second; none when any is taken.
    pub(super) reply: Option<String>,
}

/// The actions of the messages: written, else the `soapAction` (any reply is taken then), else made of names.
pub(super) fn actions(
    port_type: &QName,
    operation: &PortTypeOperation,
    soap_action: Option<&str>,
) -> Actions {
    let soap_action = soap_action.filter(|action| !action.is_empty());
    let [request, reply] = [0, 1].map(|at| operation.messages.get(at));
    let default = |message: Option<&OperationMessage>| {
        message.map(|message| default_action(port_type, &message_name(operation, message)))
    };
    let written = |message: Option<&OperationMessage>| {
        message.and_then(|message| message.action.clone()).filter(|action| !action.is_empty())
    };
    let request = written(request)
        .or_else(|| soap_action.map(str::to_owned))
        .or_else(|| default(request))
        .unwrap_or_default();
    let reply_default = || default(reply).filter(|_| soap_action.is_none());
    Actions { request, reply: written(reply).or_else(reply_default) }
}

/// The action of a fault.
pub(super) fn fault_action(
    port_type: &QName,
    operation: &PortTypeOperation,
    fault: &OperationMessage,
) -> String {
    if let Some(action) = fault.action.as_ref().filter(|action| !action.is_empty()) {
        return action.clone();
    }
    let delimiter = delimiter(port_type);
    let name = fault.name.as_deref().unwrap_or_default();
    let last = format!("{}{delimiter}Fault{delimiter}{name}", operation.name);
    default_action(port_type, &last)
}

/// The name of a message: written, or by WSDL 1.1 §2.4.5.
pub(super) fn message_name(operation: &PortTypeOperation, message: &OperationMessage) -> String {
    if let Some(name) = &message.name {
        return name.clone();
    }
    let suffix = match (operation.messages.len(), operation.messages.first(), message.direction) {
        (0 | 1, ..) => "",
        (_, Some(first), Direction::Input) if first.direction == Direction::Input => "Request",
        (_, Some(first), Direction::Output) if first.direction == Direction::Output => "Solicit",
        _ => "Response",
    };
    format!("{}{suffix}", operation.name)
}

fn delimiter(port_type: &QName) -> char {
    let is_urn =
        port_type.namespace.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    if is_urn { ':' } else { '/' }
}

fn default_action(port_type: &QName, last: &str) -> String {
    let (delimiter, namespace) = (delimiter(port_type), &port_type.namespace);
    let namespace = namespace.strip_suffix(delimiter).unwrap_or(namespace);
    format!("{namespace}{delimiter}{}{delimiter}{last}", port_type.local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::At;

    fn operation(directions: &[Direction]) -> PortTypeOperation {
        let message = |direction: &Direction| OperationMessage {
            direction: *direction,
            name: None,
            message: QName::new("", "M"),
            action: None,
            policies: Default::default(),
            at: At::nowhere(),
        };
        PortTypeOperation {
            name: "Add".to_owned(),
            messages: directions.iter().map(message).collect(),
            faults: Vec::new(),
            parameter_order: Vec::new(),
            is_initiating: None,
            is_terminating: None,
            policies: Default::default(),
            documentation: None,
            at: At::nowhere(),
        }
    }

    #[test]
    fn actions_are_made_of_names() {
        use Direction::{Input, Output};
        let of = |port_type: &QName, directions: &[Direction]| {
            let actions = actions(port_type, &operation(directions), None);
            (actions.request, actions.reply.unwrap_or_default())
        };
        let url = QName::new("http://example.org/stock", "Quotes");
        assert_eq!(
            of(&url, &[Input, Output]),
            (
                "http://example.org/stock/Quotes/AddRequest".to_owned(),
                "http://example.org/stock/Quotes/AddResponse".to_owned()
            )
        );
        assert_eq!(of(&url, &[Input]).0, "http://example.org/stock/Quotes/Add");
        assert_eq!(of(&url, &[Output]).0, "http://example.org/stock/Quotes/Add");
        assert_eq!(of(&url, &[Output, Input]).0, "http://example.org/stock/Quotes/AddSolicit");
        let slash = QName::new("http://tempuri.org/", "I");
        assert_eq!(of(&slash, &[Input]).0, "http://tempuri.org/I/Add");
        let urn = QName::new("urn:stock", "I");
        assert_eq!(of(&urn, &[Input, Output]).1, "urn:stock:I:AddResponse");
    }

    #[test]
    fn a_soap_action_is_the_action_and_any_reply_is_taken() {
        let operation = operation(&[Direction::Input, Direction::Output]);
        let actions = actions(&QName::new("urn:a", "I"), &operation, Some("urn:it"));
        assert_eq!((actions.request.as_str(), actions.reply), ("urn:it", None));
        let empty = super::actions(&QName::new("urn:a", "I"), &operation, Some(""));
        assert_eq!(empty.request, "urn:a:I:AddRequest");
    }

    #[test]
    fn faults_have_actions_of_their_own() {
        let of = operation(&[Direction::Input, Direction::Output]);
        let mut fault = of.messages[0].clone();
        fault.name = Some("Bad".to_owned());
        assert_eq!(
            fault_action(&QName::new("http://a/", "I"), &of, &fault),
            "http://a/I/Add/Fault/Bad"
        );
        fault.action = Some("urn:bad".to_owned());
        assert_eq!(fault_action(&QName::new("http://a/", "I"), &of, &fault), "urn:bad");
    }
}
