//! Contracts: a trait with a method for each operation.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_metadata::QName;
use waxwing_metadata::contract::names::{self, Scope, Style};
use waxwing_metadata::contract::{Body, Contract, Fault, Operation, Pattern, Tier};

use super::docs::docs_and;
use super::messages::{Content, Part, content, parameter_names, part_docs, result_options};
use super::options::Options;
use super::plan::{Named, Plan};
use super::protection;
use super::rust_type::{Rust, ident};
use super::xml;

/// The namespace that the macro has by default.
const DEFAULT_NAMESPACE: &str = "http://tempuri.org/";

/// How an operation is written.
pub(super) enum Form {
    /// With the types of its messages.
    Typed,
    /// As XML, for this reason.
    Raw(Option<String>),
    /// Not at all, for this reason.
    Absent(String),
}

/// Which end of a contract executes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The service, which its clients call.
    Service,
    /// The client, which the service calls back.
    Client,
}

impl End {
    pub(super) const BOTH: [End; 2] = [End::Service, End::Client];

    fn of(operation: &Operation) -> End {
        match operation.pattern {
            Pattern::Callback | Pattern::CallbackOneWay => End::Client,
            _ => End::Service,
        }
    }
}

/// Whether the service of a contract calls its clients by anything that can be written.
pub(super) fn has_callbacks(options: &Options, contract: &Contract) -> bool {
    let forms = forms(options, contract, End::Client);
    forms.iter().any(|(_, form)| !matches!(form, Form::Absent(_)))
}

/// How an operation is written.
pub(super) fn form(options: &Options, operation: &Operation) -> Form {
    if let Some(blocked) = &operation.blocked {
        return Form::Absent(blocked.reason.clone());
    }
    if options.raw.contains(&operation.name) {
        return Form::Raw(None);
    }
    let reason = || operation.fall.as_ref().map(|fall| fall.reason.clone());
    match operation.tier {
        Tier::DataContract => Form::Typed,
        Tier::Xml if xml::WRITES_TYPES => Form::Typed,
        Tier::Xml | Tier::Raw => Form::Raw(reason()),
    }
}

/// Writes the contracts of the root module.
pub(super) struct Contracts<'p, 's> {
    pub(super) plan: &'p Plan<'s>,
    pub(super) uses: &'p mut BTreeSet<&'static str>,
    /// What was left out or simplified, for who asked for the code.
    pub(super) notes: &'p mut Vec<String>,
}

/// A method: its documentation and attribute, its signature, and the signature without the attributes of parameters.
struct Method {
    attributes: TokenStream,
    signature: TokenStream,
    bare: TokenStream,
}

/// A parameter of a method.
struct Parameter {
    attribute: Option<TokenStream>,
    name: proc_macro2::Ident,
    ty: TokenStream,
}

impl Parameter {
    fn raw() -> Self {
        Self { attribute: None, name: ident("body"), ty: quote!(RawBody) }
    }
}

impl Contracts<'_, '_> {
    /// The trait of a contract, and the one in which its service calls back, if there is any.
    pub(super) fn contract(&mut self, named: &Named<'_>) -> TokenStream {
        let Named { contract, name, callback } = named;
        let mut options = match callback {
            None => Vec::new(),
            Some(callback) => {
                let callback = ident(callback);
                vec![quote!(callback = #callback)]
            }
        };
        match contract.using_session {
            Some(true) => options.push(quote!(session_mode = Required)),
            Some(false) => options.push(quote!(session_mode = NotAllowed)),
            None => {}
        }
        let documentation = contract.documentation.clone();
        let service = self.side(contract, name, End::Service, documentation, options);
        let callback = callback.as_ref().map(|callback| {
            let about = format!("What the service of [`{name}`] calls at its clients.");
            self.side(contract, callback, End::Client, Some(about), Vec::new())
        });
        quote!(#service #callback)
    }

    /// The trait of the operations that one end executes.
    fn side(
        &mut self,
        contract: &Contract,
        name: &str,
        end: End,
        documentation: Option<String>,
        more: Vec<TokenStream>,
    ) -> TokenStream {
        self.uses.insert("waxwing::contract::service_contract");
        let mut scope = Scope::new(Style::Snake);
        let (mut methods, mut absent) = (Vec::new(), Vec::new());
        for (operation, form) in forms(self.plan.mapping.options, contract, end) {
            match form {
                Form::Absent(reason) => {
                    absent.push(format!("Not here: `{}`, since {reason}.", operation.name));
                    self.notes.push(format!("{} is left out: {reason}", operation.name));
                }
                form => methods.push(self.method(contract, operation, &form, &mut scope)),
            }
        }
        if !methods.is_empty() {
            self.uses.insert("waxwing::contract::OperationFault");
        }
        let by_body = shares_actions(contract, self.plan.mapping.options, end);
        let mut options = contract_options(contract, name, by_body);
        options.extend(more);
        if let Some(level) = protection::of_contract(self.plan.mapping.options, contract) {
            let level = ident(level.as_str());
            options.push(quote!(protection_level = #level));
        }
        let docs = docs_and(documentation.as_deref(), &[]);
        let absent = absent.iter().map(|line| format!(" {line}"));
        let absent = absent.map(|line| quote!(#[doc = ""] #[doc = #line]));
        let ident_of_trait = ident(name);
        let server = match end {
            End::Service => self.server(name, &methods),
            End::Client => TokenStream::new(),
        };
        let methods = methods
            .iter()
            .map(|Method { attributes, signature, .. }| quote!(#attributes #signature;));
        quote! {
            #docs
            #(#absent)*
            #[service_contract(#(#options),*)]
            pub trait #ident_of_trait {
                #(#methods)*
            }

            #server
        }
    }

    /// A struct that implements the contract, for `--server`.
    fn server(&self, name: &str, methods: &[Method]) -> TokenStream {
        if !self.plan.mapping.options.server {
            return TokenStream::new();
        }
        let (contract, server) = (ident(name), ident(&format!("{name}Server")));
        let doc = format!(" The service: an implementation of [`{name}`] to be filled in.");
        let methods = methods.iter().map(|Method { bare, .. }| {
            quote! {
                #bare {
                    Err(OperationFault::new("This operation is not written yet."))
                }
            }
        });
        quote! {
            #[doc = #doc]
            #[derive(Clone, Copy, Debug, Default)]
            pub struct #server;

            #[allow(unused_variables)]
            impl #contract for #server {
                #(#methods)*
            }
        }
    }

    fn method(
        &mut self,
        contract: &Contract,
        operation: &Operation,
        form: &Form,
        scope: &mut Scope,
    ) -> Method {
        let name = scope.give(&names::method(&operation.name));
        let mut options = Vec::new();
        let wire = names::decode(&operation.name);
        if names::default_wire_name(&name) != wire {
            options.push(quote!(name = #wire));
        }
        options.extend(actions(contract, operation));
        options.extend(protection::of_operation(self.plan.mapping.options, contract, operation));
        if contract.using_session == Some(true) && End::of(operation) == End::Service {
            if !operation.is_initiating {
                options.push(quote!(is_initiating = false));
            }
            if operation.is_terminating {
                options.push(quote!(is_terminating));
            }
        }
        let (parameters, result, mut paragraphs) = match form {
            Form::Raw(reason) => self.raw(operation, reason.as_deref()),
            _ => self.typed(contract, operation, &mut options),
        };
        let faults = self.faults(contract, operation, &mut paragraphs);
        options.extend(faults);
        let attribute = (!options.is_empty()).then(|| quote!(#[operation(#(#options),*)]));
        let docs = docs_and(operation.documentation.as_deref(), &paragraphs);
        let name = ident(&name);
        let with = parameters
            .iter()
            .map(|Parameter { attribute, name, ty }| quote!(, #attribute #name: #ty));
        let without = parameters.iter().map(|Parameter { name, ty, .. }| quote!(, #name: #ty));
        Method {
            attributes: quote!(#docs #attribute),
            signature: quote! {
                async fn #name(&self #(#with)*) -> Result<#result, OperationFault>
            },
            bare: quote! {
                async fn #name(&self #(#without)*) -> Result<#result, OperationFault>
            },
        }
    }

    /// An operation whose bodies are XML.
    fn raw(
        &mut self,
        operation: &Operation,
        reason: Option<&str>,
    ) -> (Vec<Parameter>, TokenStream, Vec<String>) {
        self.uses.insert("waxwing::contract::RawBody");
        let mapping = self.plan.mapping;
        let mut paragraphs = Vec::new();
        if let Some(reason) = reason {
            paragraphs.push(format!("Its bodies are XML as it is: {reason}."));
            self.notes.push(format!("{} takes and gives XML: {reason}", operation.name));
        }
        for (what, message) in
            [("body", Some(&operation.request)), ("reply", operation.reply.as_ref())]
        {
            let Some(message) = message else { continue };
            if let Content::Raw(Some(element)) = content(mapping, message, None) {
                paragraphs.push(format!("The {what} is an element {element}."));
            }
            let headers: Vec<String> =
                message.headers.iter().map(|header| header.name.to_string()).collect();
            if !headers.is_empty() {
                let headers = headers.join(", ");
                paragraphs.push(match what {
                    "body" => format!("Headers, to be given with `with_header`: {headers}."),
                    _ => format!(
                        "Headers of the reply, to be asked for with `ReplyHeaders`: {headers}."
                    ),
                });
            }
        }
        let result = match operation.reply {
            Some(_) => quote!(RawBody),
            None => quote!(()),
        };
        (vec![Parameter::raw()], result, paragraphs)
    }

    /// An operation with the types of its messages.
    fn typed(
        &mut self,
        contract: &Contract,
        operation: &Operation,
        options: &mut Vec<TokenStream>,
    ) -> (Vec<Parameter>, TokenStream, Vec<String>) {
        let mapping = self.plan.mapping;
        let (wire, namespace) = (names::decode(&operation.name), &*contract.name.namespace);
        let protection = protection::of(mapping.options, contract, operation);
        let mut paragraphs = Vec::new();
        let parameters = match content(mapping, &operation.request, protection) {
            Content::Raw(_) => {
                self.uses.insert("waxwing::contract::RawBody");
                vec![Parameter::raw()]
            }
            Content::Parts(wrapper, parts) => {
                options.extend(wrapper_options(wrapper.as_ref(), &wire, namespace, false));
                let names = parameter_names(&parts);
                paragraphs.extend(part_docs(parts.iter().zip(names.iter().map(String::as_str))));
                let parameters = parts.iter().zip(&names);
                parameters.map(|(part, name)| self.parameter(part, name, namespace)).collect()
            }
        };
        let Some(reply) = &operation.reply else { return (parameters, quote!(()), paragraphs) };
        let result = match content(mapping, reply, protection) {
            Content::Raw(_) => {
                self.uses.insert("waxwing::contract::RawBody");
                quote!(RawBody)
            }
            Content::Parts(wrapper, parts) => {
                options.extend(wrapper_options(
                    wrapper.as_ref(),
                    &format!("{wire}Response"),
                    namespace,
                    true,
                ));
                options.extend(result_options(&parts, &wire, namespace));
                paragraphs.extend(part_docs(parts.iter().map(|part| (part, part.name.as_str()))));
                let types: Vec<TokenStream> =
                    parts.iter().map(|part| self.tokens(&part.rust)).collect();
                match types.as_slice() {
                    [only] => only.clone(),
                    types => quote!((#(#types),*)),
                }
            }
        };
        (parameters, result, paragraphs)
    }

    fn parameter(&mut self, part: &Part, name: &str, namespace: &str) -> Parameter {
        let attribute = part.attribute(name, namespace);
        Parameter { attribute, name: ident(name), ty: self.tokens(&part.rust) }
    }

    fn faults(
        &mut self,
        contract: &Contract,
        operation: &Operation,
        paragraphs: &mut Vec<String>,
    ) -> Option<TokenStream> {
        let mut faults = Vec::new();
        for fault in &operation.faults {
            let of = self.plan.mapping.get(fault.detail.type_id);
            if operation.reply.is_none() {
                paragraphs.push(format!("Its fault {} cannot come: nothing answers.", fault.name));
            } else if of.tier == Tier::DataContract || xml::WRITES_TYPES && of.tier == Tier::Xml {
                faults.push(self.fault(contract, operation, fault));
            } else {
                paragraphs.push(format!(
                    "It has a fault {}, too, whose detail is the element {} of no data contract.",
                    fault.name, fault.detail.name
                ));
            }
        }
        (!faults.is_empty()).then(|| quote!(faults(#(#faults),*)))
    }

    fn fault(&mut self, contract: &Contract, operation: &Operation, fault: &Fault) -> TokenStream {
        let mapping = self.plan.mapping;
        let (rust, element) = (mapping.plain(fault.detail.type_id), &fault.detail.name);
        let action = &fault.action;
        let clr = self.clr_name(&rust);
        let wire = names::decode(&operation.name);
        let default = default_action(contract, &format!("{wire}{clr}Fault"));
        let mut options = Vec::new();
        if *action != default {
            options.push(quote!(action = #action));
        }
        if *element != mapping.contract(fault.detail.type_id) {
            let (name, namespace) = (names::decode(&element.local), &*element.namespace);
            options.push(quote!(name = #name));
            if namespace != &*contract.name.namespace {
                options.push(quote!(namespace = #namespace));
            }
        }
        let of = protection::of_fault(mapping.options, contract, operation, &fault.name);
        options.extend(of);
        let ty = self.tokens(&rust);
        match options.is_empty() {
            true => ty,
            false => quote!(#ty(#(#options),*)),
        }
    }

    /// The name that the macro puts into the default action of a fault; none where it is not worth knowing.
    fn clr_name(&self, rust: &Rust) -> String {
        let place = match rust {
            Rust::Item(id) => self.plan.items.get(id),
            Rust::Polymorphic(id) => self.plan.polymorphic.get(id),
            _ => None,
        };
        place.map(|place| place.ident.clone()).unwrap_or_default()
    }

    fn tokens(&mut self, rust: &Rust) -> TokenStream {
        let plan = self.plan;
        rust.tokens(&|rust| plan.path(rust, &[]), self.uses)
    }
}

/// The options of `#[service_contract(…)]`.
fn contract_options(contract: &Contract, ident: &str, by_body: bool) -> Vec<TokenStream> {
    let namespace = &*contract.name.namespace;
    let mut options = Vec::new();
    if namespace != DEFAULT_NAMESPACE {
        options.push(quote!(namespace = #namespace));
    }
    let name = names::decode(&contract.name.local);
    if name != ident {
        options.push(quote!(name = #name));
    }
    if by_body {
        options.push(quote!(dispatch_by_body));
    }
    options
}

/// Whether several operations have one action: the element in the body tells them apart.
fn shares_actions(contract: &Contract, options: &Options, end: End) -> bool {
    let mut seen = BTreeSet::new();
    let forms = forms(options, contract, end);
    let mut present = forms.iter().filter(|(_, form)| !matches!(form, Form::Absent(_)));
    present.any(|(operation, _)| !seen.insert(operation.action.as_str()))
}

/// How each operation that one end executes is written. Of two with one action that nothing else tells apart, the second is not.
pub(super) fn forms<'c>(
    options: &Options,
    contract: &'c Contract,
    end: End,
) -> Vec<(&'c Operation, Form)> {
    let mut first_of: BTreeMap<&str, Vec<(&Operation, Option<QName>)>> = BTreeMap::new();
    let mut forms = Vec::new();
    for operation in contract.operations.iter().filter(|operation| End::of(operation) == end) {
        let mut form = form(options, operation);
        if let (Form::Typed, Some(name)) = (&form, doubled(operation)) {
            form = Form::Absent(format!("two parts of a message are both called {name}"));
        }
        if !matches!(form, Form::Absent(_)) {
            let element = body_element(operation, &form);
            let before = first_of.entry(operation.action.as_str()).or_default();
            match before.iter().find_map(|(first, other)| clash(first, other, operation, &element))
            {
                Some(reason) => form = Form::Absent(reason),
                None => before.push((operation, element)),
            }
        }
        forms.push((operation, form));
    }
    forms
}

/// The name that two parts of one message have.
fn doubled(operation: &Operation) -> Option<&QName> {
    let messages = [Some(&operation.request), operation.reply.as_ref()];
    messages.into_iter().flatten().find_map(|message| {
        let Body::Wrapped { parts, .. } = &message.body else { return None };
        let mut seen = BTreeSet::new();
        parts.iter().map(|part| &part.name).find(|name| !seen.insert(*name))
    })
}

/// Why two operations with one action cannot be in one contract.
fn clash(
    first: &Operation,
    element_of_first: &Option<QName>,
    second: &Operation,
    element: &Option<QName>,
) -> Option<String> {
    let same = format!("it has the same SOAP action as `{}`", first.name);
    match (element_of_first, element) {
        (Some(one), Some(other)) if one == other => {
            Some(format!("{same}, and the same element in the body"))
        }
        (Some(_), Some(_)) => {
            let answers = first.reply.is_some() != second.reply.is_some();
            answers.then(|| format!("{same}, and only one of the two has an answer"))
        }
        _ => Some(format!("{same}, and no element in the body tells the two apart")),
    }
}

/// The element in the body of a request, where there is one and code says it.
fn body_element(operation: &Operation, form: &Form) -> Option<QName> {
    if !matches!(form, Form::Typed) {
        return None;
    }
    match &operation.request.body {
        Body::Wrapped { wrapper, .. } => Some(wrapper.clone()),
        Body::Bare(member) => Some(member.name.clone()),
        Body::Stream { wrapper, element } => Some(wrapper.as_ref().unwrap_or(element).clone()),
        Body::Empty | Body::Raw(_) => None,
    }
}

/// The options that say actions, as far as the macro has others by default.
fn actions(contract: &Contract, operation: &Operation) -> Vec<TokenStream> {
    let (action, wire) = (&operation.action, names::decode(&operation.name));
    let mut options = Vec::new();
    if *action != default_action(contract, &wire) {
        options.push(quote!(action = #action));
    }
    if operation.reply.is_none() {
        options.push(quote!(one_way));
        return options;
    }
    match &operation.reply_action {
        Some(action) if *action == default_action(contract, &format!("{wire}Response")) => {}
        Some(action) => options.push(quote!(reply_action = #action)),
        None => options.push(quote!(reply_action = "*")),
    }
    options
}

/// The action that the macro makes of the names of the contract.
fn default_action(contract: &Contract, last: &str) -> String {
    let (namespace, name) = (&*contract.name.namespace, &contract.name.local);
    match namespace {
        "" => format!("urn:{name}/{last}"),
        namespace if namespace.ends_with('/') => format!("{namespace}{name}/{last}"),
        namespace => format!("{namespace}/{name}/{last}"),
    }
}

/// The options that name the element around parts.
fn wrapper_options(
    wrapper: Option<&waxwing_metadata::QName>,
    default: &str,
    namespace: &str,
    reply: bool,
) -> Vec<TokenStream> {
    let Some(wrapper) = wrapper else {
        return vec![if reply { quote!(reply_bare) } else { quote!(bare) }];
    };
    let (local, own) = (names::decode(&wrapper.local), &*wrapper.namespace);
    let mut options = Vec::new();
    if local != default {
        options.push(if reply { quote!(reply_wrapper = #local) } else { quote!(wrapper = #local) });
    }
    if own != namespace {
        options.push(match reply {
            true => quote!(reply_wrapper_namespace = #own),
            false => quote!(wrapper_namespace = #own),
        });
    }
    options
}
