//! Contracts that inherit from others: the operations of all of them in one list, made and checked by the compiler.
//!
//! The rules are WCF's for interfaces. An operation keeps the names of the contract that declares it in its actions, and
//! comes once, however many ways lead to it.

use waxwing_binding::SessionMode;

use super::description::{ContractDescription, DeclaringContract, OperationDescription};

/// The contracts and operations that one is made of.
#[derive(Clone, Copy)]
pub struct Parts {
    /// The contracts that it inherits from.
    pub bases: &'static [&'static ContractDescription],
    /// The operations that it declares itself.
    pub own: &'static [OperationDescription],
    /// Its own name.
    pub name: &'static str,
    /// Whether it needs a session.
    pub session_mode: SessionMode,
}

/// How many operations there are altogether.
pub const fn count(parts: &Parts) -> usize {
    let (mut count, mut base) = (parts.own.len(), 0);
    while base < parts.bases.len() {
        let mut index = 0;
        while index < parts.bases[base].operations.len() {
            if is_new(parts.bases, base, index) {
                count += 1;
            }
            index += 1;
        }
        base += 1;
    }
    count
}

/// All operations: those of the bases first, each once, then its own.
///
/// # Panics
/// What WCF refuses does not compile: two operations with one name or one action, and, without a session that is
/// required, operations that may not begin one or end it.
pub const fn merge<const N: usize>(parts: &Parts) -> [OperationDescription; N] {
    const NONE: OperationDescription = OperationDescription::new("", "", None);
    let (mut all, mut next, mut base) = ([NONE; N], 0, 0);
    while base < parts.bases.len() {
        let mut index = 0;
        while index < parts.bases[base].operations.len() {
            if is_new(parts.bases, base, index) {
                all[next] = inherited(parts.bases[base], index);
                next += 1;
            }
            index += 1;
        }
        base += 1;
    }
    let mut index = 0;
    while index < parts.own.len() {
        all[next] = parts.own[index];
        next += 1;
        index += 1;
    }
    check(&all, parts);
    all
}

/// The operation of a base, with the contract that declares it.
const fn inherited(base: &ContractDescription, index: usize) -> OperationDescription {
    let mut operation = base.operations[index];
    if operation.inherited_from.is_none() {
        operation.inherited_from = Some(DeclaringContract {
            name: base.name,
            namespace: base.namespace,
            protection_level: base.protection_level,
            trait_path: base.trait_path,
        });
    }
    operation
}

/// Whether no base before has the same operation of the same trait.
const fn is_new(bases: &[&ContractDescription], base: usize, index: usize) -> bool {
    let operation = inherited(bases[base], index);
    let mut before = 0;
    while before < base {
        let mut other = 0;
        while other < bases[before].operations.len() {
            if is_same(&operation, &inherited(bases[before], other)) {
                return false;
            }
            other += 1;
        }
        before += 1;
    }
    true
}

const fn is_same(one: &OperationDescription, other: &OperationDescription) -> bool {
    match (one.inherited_from, other.inherited_from) {
        (Some(a), Some(b)) => equal(a.trait_path, b.trait_path) && equal(one.name, other.name),
        _ => false,
    }
}

const fn check(all: &[OperationDescription], parts: &Parts) {
    let (mut index, mut initiating) = (0, all.is_empty());
    while index < all.len() {
        let operation = &all[index];
        initiating |= operation.is_initiating;
        let demarcates = operation.is_terminating || !operation.is_initiating;
        if demarcates && !matches!(parts.session_mode, SessionMode::Required) {
            Text::new("The contract '").and(parts.name).and("' is not self-consistent -- it has one or more IsTerminating or non-IsInitiating operations, but it does not have the SessionMode property set to SessionMode.Required.  The IsInitiating and IsTerminating attributes can only be used in the context of a session. The operation is '").and(operation.name).and("': write `session_mode = Required`").panic();
        }
        let mut before = 0;
        while before < index {
            refuse_clash(&all[before], operation, parts.name);
            before += 1;
        }
        index += 1;
    }
    if !initiating {
        Text::new("ContractDescription '").and(parts.name).and("' has zero IsInitiating=true operations; a contract must have at least one IsInitiating=true operation.").panic();
    }
}

const fn refuse_clash(before: &OperationDescription, operation: &OperationDescription, own: &str) {
    if equal(before.name, operation.name) {
        Text::new("Cannot inherit two different operations with the same name, operation '")
            .and(operation.name)
            .and("' from contracts '")
            .and(declaring(operation, own))
            .and("' and '")
            .and(declaring(before, own))
            .and("' violate this rule. You can change the name of one of the operations by changing the method name or by using the `name` of `#[operation]`")
            .panic();
    }
    if equal(before.action, operation.action) {
        Text::new("The operations ")
            .and(before.name)
            .and(" and ")
            .and(operation.name)
            .and(" have the same action (")
            .and(operation.action)
            .and(").  Every operation must have a unique action value.")
            .panic();
    }
}

const fn declaring<'n>(operation: &OperationDescription, own: &'n str) -> &'n str {
    match operation.inherited_from {
        Some(declaring) => declaring.name,
        None => own,
    }
}

const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A text that the compiler puts together.
struct Text {
    octets: [u8; MOST],
    length: usize,
}

/// Longer names are cut: it is a message of the compiler.
const MOST: usize = 1024;

impl Text {
    const fn new(text: &str) -> Self {
        Self { octets: [0; MOST], length: 0 }.and(text)
    }

    const fn and(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.length < MOST {
            self.octets[self.length] = text[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    const fn panic(&self) -> ! {
        match std::str::from_utf8(self.octets.split_at(self.length).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("two operations of the contract have the same name or action"),
        }
    }
}
