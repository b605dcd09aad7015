//! What message security protects, in the words of the macros.

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_binding::ProtectionLevel;
use waxwing_metadata::contract::{Contract, Operation};

use super::options::{Options, Protection};
use super::rust_type::ident;

/// What is said of the messages of an operation.
pub(super) fn of<'o>(
    options: &'o Options,
    contract: &Contract,
    operation: &Operation,
) -> Option<&'o Protection> {
    options.protection.get(&(contract.name.local.to_string(), operation.name.clone()))
}

/// The level that all messages of an operation have; none where they differ or nothing is said.
fn uniform(protection: &Protection, operation: &Operation) -> Option<ProtectionLevel> {
    let level = protection.request?;
    let reply = operation.reply.is_none() || protection.reply == Some(level);
    let faults = operation
        .faults
        .iter()
        .all(|fault| protection.faults.get(&fault.name).is_none_or(|fault| *fault == level));
    (reply && faults).then_some(level)
}

/// The level that all messages of a contract have, where it is not the usual one.
pub(super) fn of_contract(options: &Options, contract: &Contract) -> Option<ProtectionLevel> {
    let mut levels = contract.operations.iter().map(|operation| {
        of(options, contract, operation).and_then(|known| uniform(known, operation))
    });
    let first = levels.next().flatten()?;
    let all = levels.all(|level| level == Some(first));
    (all && first != ProtectionLevel::EncryptAndSign).then_some(first)
}

/// The options of `#[operation(…)]`; nothing that the contract says already.
pub(super) fn of_operation(
    options: &Options,
    contract: &Contract,
    operation: &Operation,
) -> Vec<TokenStream> {
    let usual = of_contract(options, contract).unwrap_or(ProtectionLevel::EncryptAndSign);
    let Some(known) = of(options, contract, operation) else { return Vec::new() };
    let mut found = Vec::new();
    match uniform(known, operation) {
        Some(level) if level == usual => {}
        Some(level) => {
            let level = ident(level.as_str());
            found.push(quote!(protection_level = #level));
        }
        None => {
            if let Some(level) = known.request.filter(|level| *level != usual) {
                let level = ident(level.as_str());
                found.push(quote!(request_protection_level = #level));
            }
            if let Some(level) = known.reply.filter(|level| *level != usual)
                && operation.reply.is_some()
            {
                let level = ident(level.as_str());
                found.push(quote!(reply_protection_level = #level));
            }
        }
    }
    found
}

/// The option of a fault whose level is not that of its operation.
pub(super) fn of_fault(
    options: &Options,
    contract: &Contract,
    operation: &Operation,
    fault: &str,
) -> Option<TokenStream> {
    let known = of(options, contract, operation)?;
    if uniform(known, operation).is_some() {
        return None;
    }
    let usual = of_contract(options, contract).unwrap_or(ProtectionLevel::EncryptAndSign);
    let level = known.faults.get(fault).filter(|level| **level != usual)?;
    let level = ident(level.as_str());
    Some(quote!(protection_level = #level))
}
