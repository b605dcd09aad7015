//! `#[operation(…)]` and the method that it stands on.

use proc_macro2::Ident;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, LitStr, Result, Token, TraitItemFn};

use super::faults::{DeclaredFault, faults};
use super::names::ContractNames;
use super::parts::{Input, NamedResult, Naming, Output, Signature, Wrapper};
use crate::attributes::{
    Guarantee, Level, Options, delivery, each_option, level, put, switch, text,
};
use crate::names::{Case, encode};

const OPTIONS: Options = Options(&[
    "name",
    "action",
    "reply_action",
    "one_way",
    "is_initiating",
    "is_terminating",
    "wrapper",
    "wrapper_namespace",
    "reply_wrapper",
    "reply_wrapper_namespace",
    "bare",
    "reply_bare",
    "result",
    "result_namespace",
    "results",
    "faults",
    "protection_level",
    "request_protection_level",
    "reply_protection_level",
    "delivery",
]);

/// An operation: a method and the messages that it stands for.
pub(super) struct Operation {
    pub(super) ident: Ident,
    /// The documentation of the method.
    pub(super) docs: Vec<Attribute>,
    /// True when the method takes the operation context.
    pub(super) context: bool,
    pub(super) name: String,
    pub(super) action: String,
    /// None of a one-way operation; `*` when any is taken.
    pub(super) reply_action: Option<String>,
    /// What a service writes where any reply action is taken.
    default_reply_action: String,
    pub(super) initiating: bool,
    pub(super) terminating: bool,
    pub(super) request: Option<Wrapper>,
    pub(super) reply: Option<Wrapper>,
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) faults: Vec<DeclaredFault>,
    /// Of the operation, of its request, of its reply.
    pub(super) levels: [Option<Level>; 3],
    /// What a durable endpoint promises of its execution, if it says so.
    pub(super) delivery: Option<Guarantee>,
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    action: Option<LitStr>,
    reply_action: Option<LitStr>,
    one_way: Option<bool>,
    is_initiating: Option<bool>,
    is_terminating: Option<bool>,
    wrapper: Option<LitStr>,
    wrapper_namespace: Option<LitStr>,
    reply_wrapper: Option<LitStr>,
    reply_wrapper_namespace: Option<LitStr>,
    bare: Option<bool>,
    reply_bare: Option<bool>,
    result: Option<LitStr>,
    result_namespace: Option<LitStr>,
    results: Option<Vec<NamedResult>>,
    faults: Option<Vec<DeclaredFault>>,
    protection_level: Option<Level>,
    request_protection_level: Option<Level>,
    reply_protection_level: Option<Level>,
    delivery: Option<Guarantee>,
}

impl Operation {
    pub(super) fn parse(method: &TraitItemFn, contract: &ContractNames) -> Result<Self> {
        if let Some(cfg) = method.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
            let message = "an operation cannot be conditional: both ends need the same contract";
            return Err(syn::Error::new_spanned(cfg, message));
        }
        let mut given = Given::default();
        let name = Case::Pascal.name(&method.sig.ident);
        each_option(&method.attrs, "operation", |meta| given.option(&meta))?;
        let name = encode(&given.name.as_ref().map_or(name, LitStr::value));
        given.refuse_nonsense()?;
        let naming = Naming {
            namespace: &contract.namespace,
            result: given.result.as_ref(),
            result_namespace: given.result_namespace.as_ref(),
            results: given.results.as_deref(),
            operation: &name,
        };
        let Signature { context, input, output } = Signature::parse(method, &naming)?;
        let one_way = given.one_way == Some(true);
        given.refuse_one_way(method, &output)?;
        let action = given.action.as_ref().map_or_else(|| contract.action(&name), LitStr::value);
        let message = matches!(input, Input::Message(_));
        if message != (action == "*") {
            let text = "the action `*` and a parameter of type `RawMessage` belong together";
            return Err(syn::Error::new_spanned(&method.sig, text));
        }
        let default_reply_action = contract.action(&format!("{name}Response"));
        let reply_action = reply_action(method, &given, &default_reply_action, &output)?;
        let (request, reply) = given.wrappers(&name, contract);
        let levels =
            [given.protection_level, given.request_protection_level, given.reply_protection_level];
        let faults = given.faults.unwrap_or_default();
        let faults = faults.into_iter().map(|fault| fault.resolved(contract, &name)).collect();
        let docs = |attribute: &&Attribute| attribute.path().is_ident("doc");
        Ok(Self {
            ident: method.sig.ident.clone(),
            docs: method.attrs.iter().filter(docs).cloned().collect(),
            context,
            name,
            action,
            reply_action: (!one_way).then_some(reply_action),
            default_reply_action,
            initiating: given.is_initiating != Some(false),
            terminating: given.is_terminating == Some(true),
            request,
            reply,
            input,
            output,
            faults,
            levels,
            delivery: given.delivery,
        })
    }
}

fn reply_action(
    method: &TraitItemFn,
    given: &Given,
    default: &str,
    output: &Output,
) -> Result<String> {
    let message = matches!(output, Output::Message);
    match &given.reply_action {
        Some(action) if message && action.value() != "*" => Err(syn::Error::new_spanned(
            action,
            "a `RawMessage` says the action of the reply itself: its `reply_action` is `*`",
        )),
        Some(action) => Ok(action.value()),
        None if message => Ok("*".to_owned()),
        None if given.action.as_ref().is_some_and(|action| action.value() == "*")
            && given.one_way != Some(true) =>
        {
            Err(syn::Error::new_spanned(
                &method.sig.output,
                "an operation for every action gives a `RawMessage`, which says the action of the reply, or has a `reply_action`",
            ))
        }
        None => Ok(default.to_owned()),
    }
}

impl Operation {
    /// Local name and namespace of the element in the body of a request; none where that is not said, or not one.
    pub(super) fn body_element(&self) -> Option<(&str, &str)> {
        let Input::Parts(parameters) = &self.input else { return None };
        if let Some(wrapper) = &self.request {
            return Some((&wrapper.local, &wrapper.namespace));
        }
        let mut parts = parameters.iter().filter(|parameter| !parameter.header);
        match (parts.next(), parts.next()) {
            (Some(only), None) => Some((&only.local, &only.namespace)),
            _ => None,
        }
    }

    /// The action that a service writes into the reply, unless the result says it; none of a one-way operation.
    pub(super) fn written_action(&self) -> Option<&str> {
        match self.reply_action.as_deref() {
            Some("*") if !matches!(self.output, Output::Message) => {
                Some(&self.default_reply_action)
            }
            action => action,
        }
    }
}

impl Given {
    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "name" => text(meta, &mut self.name),
            "action" => text(meta, &mut self.action),
            "reply_action" => text(meta, &mut self.reply_action),
            "one_way" => switch(meta, &mut self.one_way),
            "is_initiating" => switch(meta, &mut self.is_initiating),
            "is_terminating" => switch(meta, &mut self.is_terminating),
            "wrapper" => text(meta, &mut self.wrapper),
            "wrapper_namespace" => text(meta, &mut self.wrapper_namespace),
            "reply_wrapper" => text(meta, &mut self.reply_wrapper),
            "reply_wrapper_namespace" => text(meta, &mut self.reply_wrapper_namespace),
            "bare" => switch(meta, &mut self.bare),
            "reply_bare" => switch(meta, &mut self.reply_bare),
            "result" => text(meta, &mut self.result),
            "result_namespace" => text(meta, &mut self.result_namespace),
            "results" => {
                let content;
                syn::parenthesized!(content in meta.input);
                let names = Punctuated::<NamedResult, Token![,]>::parse_terminated(&content)?;
                put(meta, &mut self.results, names.into_iter().collect())
            }
            "protection_level" => level(meta, &mut self.protection_level),
            "request_protection_level" => level(meta, &mut self.request_protection_level),
            "reply_protection_level" => level(meta, &mut self.reply_protection_level),
            "delivery" => delivery(meta, &mut self.delivery),
            "faults" => {
                let faults = faults(meta)?;
                put(meta, &mut self.faults, faults)
            }
            _ => Err(OPTIONS.unknown(meta)),
        }
    }

    fn refuse_nonsense(&self) -> Result<()> {
        let wrapper = [&self.wrapper, &self.wrapper_namespace].into_iter().flatten().next();
        let reply =
            [&self.reply_wrapper, &self.reply_wrapper_namespace].into_iter().flatten().next();
        for (bare, wrapper, word) in
            [(self.bare, wrapper, "bare"), (self.reply_bare, reply, "reply_bare")]
        {
            if let (Some(true), Some(wrapper)) = (bare, wrapper) {
                let message = format!("`{word}` means that there is no wrapper");
                return Err(syn::Error::new_spanned(wrapper, message));
            }
        }
        if let (Some(result), Some(_)) = (&self.result, &self.results) {
            let message = "`results` names them all: `result` is one too many";
            return Err(syn::Error::new_spanned(result, message));
        }
        Ok(())
    }

    /// What a message without reply cannot have.
    fn refuse_one_way(&self, method: &TraitItemFn, output: &Output) -> Result<()> {
        if self.one_way != Some(true) {
            return Ok(());
        }
        if !matches!(output, Output::Parts { parts, .. } if parts.is_empty()) {
            return Err(syn::Error::new_spanned(
                &method.sig.output,
                "a one-way operation gives nothing: `Result<(), OperationFault>`",
            ));
        }
        let reply = [&self.reply_action, &self.reply_wrapper, &self.reply_wrapper_namespace];
        if let Some(reply) = reply.into_iter().flatten().next() {
            return Err(syn::Error::new_spanned(reply, "a one-way operation has no reply"));
        }
        if self.reply_protection_level.is_some() {
            let message = "a one-way operation has no reply to be protected";
            return Err(syn::Error::new_spanned(&method.sig.ident, message));
        }
        if self.faults.as_ref().is_some_and(|faults| !faults.is_empty()) {
            return Err(syn::Error::new_spanned(
                &method.sig.ident,
                "a one-way operation cannot declare faults: nothing takes them to the caller",
            ));
        }
        Ok(())
    }

    /// The elements around the parts.
    fn wrappers(&self, name: &str, contract: &ContractNames) -> (Option<Wrapper>, Option<Wrapper>) {
        let wrapper =
            |local: &Option<LitStr>, default: String, namespace: &Option<LitStr>| Wrapper {
                local: encode(&local.as_ref().map_or(default, LitStr::value)),
                namespace: namespace
                    .as_ref()
                    .map_or_else(|| contract.namespace.clone(), LitStr::value),
            };
        let request = wrapper(&self.wrapper, name.to_owned(), &self.wrapper_namespace);
        let reply =
            wrapper(&self.reply_wrapper, format!("{name}Response"), &self.reply_wrapper_namespace);
        (
            (self.bare != Some(true)).then_some(request),
            (self.reply_bare != Some(true)).then_some(reply),
        )
    }
}
