//! Which operation of the port type an operation of the binding is (WSDL 1.1 §2.5).

use std::collections::BTreeMap;

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

/// How many operations of one name are told apart.
const MAX_OVERLOADS: usize = 64;

/// The operations of a port type by their names.
pub(super) struct ByName<'a> {
    operations: &'a [PortTypeOperation],
    indexes: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> ByName<'a> {
    pub(super) fn of(operations: &'a [PortTypeOperation]) -> Self {
        let mut indexes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, operation) in operations.iter().enumerate() {
            let named = indexes.entry(operation.name.as_str()).or_default();
            if named.len() < MAX_OVERLOADS {
                named.push(index);
            }
        }
        Self { operations, indexes }
    }

    /// The index of the operation of the port type that `bound` is: of overloads the one whose message names agree, an exact
    /// match before a partial one.
    pub(super) fn find(&self, bound: &BindingOperation) -> Option<usize> {
        let named = self.indexes.get(bound.name.as_str())?;
        let mut best: Option<(usize, Fit)> = None;
        for &index in named {
            let Some(fit) = fit(&self.operations[index], bound) else { continue };
            if best.is_none_or(|(_, known)| fit > known) {
                best = Some((index, fit));
            }
        }
        // Where there is but one, nothing else can be meant, whatever its messages are called.
        let only = (named.len() == 1).then(|| named[0]);
        best.map(|(index, _)| index).or(only)
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
