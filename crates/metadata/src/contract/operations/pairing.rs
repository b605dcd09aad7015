//! Which operation of the port type an operation of the binding is (WSDL 1.1 §2.5).

use super::actions::message_name;
use crate::wsdl::{BindingMessage, BindingOperation, Direction, PortTypeOperation};

/// How well two fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A name that is written on one side only is the default of the other.
    Partial,
    /// All names are the same on both sides.
    Exact,
}

/// The index of the operation of the port type that `bound` is: of overloads the one whose message names agree, an exact
/// match before a partial one.
pub(super) fn find(operations: &[PortTypeOperation], bound: &BindingOperation) -> Option<usize> {
    let named = operations.iter().enumerate().filter(|(_, operation)| operation.name == bound.name);
    let mut best: Option<(usize, Fit)> = None;
    let mut count = 0;
    for (index, operation) in named.clone() {
        count += 1;
        let Some(fit) = fit(operation, bound) else { continue };
        if best.is_none_or(|(_, known)| fit > known) {
            best = Some((index, fit));
        }
    }
    match (best, count) {
        (Some((index, _)), _) => Some(index),
        // Nothing else can be meant, whatever its messages are called.
        (None, 1) => named.map(|(index, _)| index).next(),
        (None, _) => None,
    }
}

fn fit(operation: &PortTypeOperation, bound: &BindingOperation) -> Option<Fit> {
    let input = side(operation, Direction::Input, bound.input.as_ref())?;
    let output = side(operation, Direction::Output, bound.output.as_ref())?;
    Some(input.min(output))
}

fn side(
    operation: &PortTypeOperation,
    direction: Direction,
    bound: Option<&BindingMessage>,
) -> Option<Fit> {
    let own = operation.messages.iter().find(|message| message.direction == direction);
    let (own, bound) = match (own, bound) {
        (None, None) => return Some(Fit::Exact),
        (Some(own), Some(bound)) => (own, bound),
        _ => return None,
    };
    match (&own.name, &bound.name) {
        (None, None) => Some(Fit::Exact),
        (Some(own), Some(bound)) => (own == bound).then_some(Fit::Exact),
        // The default is the same whether it is written or not.
        (None, Some(bound)) => (message_name(operation, own) == *bound).then_some(Fit::Exact),
        // The binding says nothing: it fits, less well when the port type says something else than the default.
        (Some(_), None) => Some(Fit::Partial),
    }
}
