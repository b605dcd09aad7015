//! `#[service_contract(…)]` and the trait as a whole.

use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::parse::Parser as _;
use syn::{ItemTrait, LitStr, Path, Result, TraitItem, Visibility, parse_quote};

use super::base::{Base, bases, calls_of, client_of, constant_of, replies_of, service_of};
use super::names::ContractNames;
use super::operation::Operation;
use crate::attributes::{
    Level, Mode, Options, contract_path, documentation, level, path, session_mode, switch, text,
};
use crate::names::{Case, constant_case, encode};

const OPTIONS: Options = Options(&[
    "namespace",
    "name",
    "configuration_name",
    "protection_level",
    "session_mode",
    "dispatch_by_body",
    "callback",
    "crate",
]);

/// The namespace of a contract that does not say one.
const DEFAULT_NAMESPACE: &str = "http://tempuri.org/";

/// A service contract.
pub(super) struct Contract {
    /// `::waxwing::contract::__private`.
    pub(super) private: Path,
    pub(super) visibility: Visibility,
    pub(super) ident: Ident,
    pub(super) names: ContractNames,
    pub(super) protection_level: Option<Level>,
    pub(super) session_mode: Mode,
    /// The contract in which the service calls its clients.
    pub(super) callback: Option<Base>,
    /// The contracts that it inherits from.
    pub(super) bases: Vec<Base>,
    pub(super) operations: Vec<Operation>,
    /// The doc comment of the trait.
    pub(super) documentation: String,
}

impl Contract {
    pub(super) fn parse(arguments: TokenStream, item: &ItemTrait) -> Result<Self> {
        let (mut namespace, mut name, mut configuration_name) = (None::<LitStr>, None, None);
        let (mut crate_path, mut protection_level, mut mode) = (None, None, None);
        let (mut by_body, mut callback) = (None, None);
        let parser = syn::meta::parser(|meta| {
            let option = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match option.as_str() {
                "namespace" => text(&meta, &mut namespace),
                "name" => text(&meta, &mut name),
                "configuration_name" => text(&meta, &mut configuration_name),
                "protection_level" => level(&meta, &mut protection_level),
                "session_mode" => session_mode(&meta, &mut mode),
                "dispatch_by_body" => switch(&meta, &mut by_body),
                "callback" => contract_path(&meta, &mut callback),
                "crate" => path(&meta, &mut crate_path),
                _ => Err(OPTIONS.unknown(&meta)),
            }
        });
        parser.parse2(arguments)?;
        refuse_generics(item)?;
        let value = |text: Option<LitStr>| text.map(|text| text.value());
        let name = value(name).unwrap_or_else(|| Case::Same.name(&item.ident));
        let names = ContractNames {
            namespace: value(namespace).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            configuration_name: value(configuration_name).unwrap_or_else(|| name.clone()),
            name: encode(&name),
        };
        let crate_path = crate_path.unwrap_or_else(|| parse_quote!(::waxwing));
        let operations = item.items.iter().map(|item| match item {
            TraitItem::Fn(method) => Operation::parse(method, &names),
            other => Err(syn::Error::new_spanned(
                other,
                "a service contract has operations only: `async fn` with `&self`",
            )),
        });
        let operations = operations.collect::<Result<Vec<_>>>()?;
        refuse_same_action(&operations, by_body == Some(true))?;
        let bases = bases(&item.supertraits)?;
        let session_mode = mode.unwrap_or(Mode::Allowed);
        refuse_demarcation(&operations, &names.name, session_mode, &bases)?;
        Ok(Self {
            private: parse_quote!(#crate_path::contract::__private),
            visibility: item.vis.clone(),
            ident: item.ident.clone(),
            names,
            protection_level,
            session_mode,
            callback: callback.map(Base::of),
            bases,
            operations,
            documentation: documentation(&item.attrs),
        })
    }

    /// `CalculatorClient`.
    pub(super) fn client(&self) -> Ident {
        client_of(&self.ident)
    }

    /// `CalculatorCalls`.
    pub(super) fn calls(&self) -> Ident {
        calls_of(&self.ident)
    }

    /// `CalculatorReplies`.
    pub(super) fn replies(&self) -> Ident {
        replies_of(&self.ident)
    }

    /// `CalculatorService`.
    pub(super) fn service(&self) -> Ident {
        service_of(&self.ident)
    }

    /// `CALCULATOR_CONTRACT`.
    pub(super) fn constant(&self) -> Ident {
        constant_of(&self.ident)
    }

    /// The operations that share their action with another one.
    pub(super) fn sharing(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| {
            let same = self.operations.iter().filter(|other| other.action == operation.action);
            same.count() > 1
        })
    }

    /// The operations that the contract declares itself.
    pub(super) fn own(&self) -> Ident {
        format_ident!("__{}_OPERATIONS", constant_case(&self.ident))
    }
}

fn refuse_generics(item: &ItemTrait) -> Result<()> {
    if item.generics.params.is_empty() && item.generics.where_clause.is_none() {
        return Ok(());
    }
    let message = "a service contract cannot be generic: its messages have fixed types";
    Err(syn::Error::new_spanned(&item.generics, message))
}

fn refuse_same_action(operations: &[Operation], by_body: bool) -> Result<()> {
    for (index, operation) in operations.iter().enumerate() {
        let same = |before: &&Operation| before.action == operation.action;
        if by_body {
            let same = operations[..index].iter().filter(same);
            same.into_iter().try_for_each(|first| refuse_same_body(first, operation))?;
        } else if let Some(before) = operations[..index].iter().find(same) {
            let (action, first) = (&operation.action, &before.ident);
            let message = format!("the operation `{first}` has the action `{action}`, too");
            return Err(syn::Error::new_spanned(&operation.ident, message));
        }
    }
    Ok(())
}

/// Operations that share an action differ in the element in the body, and in nothing that is decided before it is read.
fn refuse_same_body(first: &Operation, second: &Operation) -> Result<()> {
    let described = |operation: &Operation| {
        (
            operation.reply_action.is_some(),
            operation.initiating,
            operation.terminating,
            operation.levels,
        )
    };
    let message = match (first.body_element(), second.body_element()) {
        (Some(one), Some(other)) if one == other => {
            format!(
                "the operation `{}` has the same action and the same element in the body",
                first.ident
            )
        }
        (Some(_), Some(_)) if described(first) != described(second) => format!(
            "the operation `{}` has the same action: both need the same `one_way`, protection levels and place in a session",
            first.ident
        ),
        (Some(_), Some(_)) => return Ok(()),
        _ => format!(
            "the operation `{}` has the same action, and one of the two has not one element in its body by which to tell them \
             apart",
            first.ident
        ),
    };
    Err(syn::Error::new_spanned(&second.ident, message))
}

/// Operations that begin or end sessions need one; a contract without bases needs one that begins them.
fn refuse_demarcation(
    operations: &[Operation],
    name: &str,
    mode: Mode,
    bases: &[Base],
) -> Result<()> {
    let demarcating = |operation: &&Operation| operation.terminating || !operation.initiating;
    if mode != Mode::Required
        && let Some(operation) = operations.iter().find(demarcating)
    {
        let message = format!(
            "The contract '{name}' is not self-consistent -- it has one or more IsTerminating or non-IsInitiating \
             operations, but it does not have the SessionMode property set to SessionMode.Required.  The IsInitiating and \
             IsTerminating attributes can only be used in the context of a session. Write `session_mode = Required` on \
             the trait"
        );
        return Err(syn::Error::new_spanned(&operation.ident, message));
    }
    match operations.first() {
        Some(first) if bases.is_empty() && !operations.iter().any(|known| known.initiating) => {
            let message = format!(
                "ContractDescription '{name}' has zero IsInitiating=true operations; a contract must have at least one \
                 IsInitiating=true operation."
            );
            Err(syn::Error::new_spanned(&first.ident, message))
        }
        _ => Ok(()),
    }
}
