//! The constant that describes the contract.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use super::base::Base;
use super::contract::Contract;
use super::operation::Operation;
use super::parts::{Form, Input, Output, Parameter, ResultPart, Wrapper};
use crate::attributes::{Guarantee, Level, Mode, documentation};

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let private = &contract.private;
    let (visibility, constant) = (&contract.visibility, contract.constant());
    let doc = format!("The contract of [`{}`]: its names and operations.", contract.ident);
    let names = &contract.names;
    let (name, namespace) = (&names.name, &names.namespace);
    let configuration_name = &names.configuration_name;
    let protection_level = optional_level(private, contract.protection_level);
    let mode = match contract.session_mode {
        Mode::Allowed => quote!(Allowed),
        Mode::Required => quote!(Required),
        Mode::NotAllowed => quote!(NotAllowed),
    };
    let mode = quote!(#private::SessionMode::#mode);
    let operations = contract.operations.iter().map(|operation| describe(contract, operation));
    let (own, ident, documentation) = (contract.own(), &contract.ident, &contract.documentation);
    let all = all_operations(contract, &mode);
    let callback = contract.callback.as_ref().map(|callback| {
        let constant = callback.constant();
        quote!(.with_callback(&#constant))
    });
    let bases = contract.bases.iter().map(Base::constant);
    let inherited =
        (!contract.bases.is_empty()).then(|| quote!(.with_inherited_callback(&[#(&#bases),*])));
    let check = contract.callback.as_ref().map(|callback| {
        let known = callback.constant();
        // The error stands at the name of the callback trait.
        quote_spanned! {callback.path().span()=>
            const _: () = #private::check_callback(&#constant, &#known);
        }
    });
    quote! {
        #[doc(hidden)]
        #[allow(dead_code)]
        #visibility const #own: &[#private::OperationDescription] = &[#(#operations),*];

        #[doc = #doc]
        #[allow(dead_code)]
        #visibility const #constant: #private::ContractDescription = {
            #private::ContractDescription::new(#name, #namespace, #all)
                .with_configuration_name(#configuration_name)
                .with_protection_level(#protection_level)
                .with_session_mode(#mode)
                .with_documentation(#documentation)
                .of_trait(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)))
                #callback
                #inherited
        };

        #check
    }
}

/// The operations of the contract and of those that it inherits from.
fn all_operations(contract: &Contract, mode: &TokenStream) -> TokenStream {
    let (private, own, name) = (&contract.private, contract.own(), &contract.names.name);
    if contract.bases.is_empty() {
        return quote!(#own);
    }
    let bases = contract.bases.iter().map(Base::constant);
    quote! {{
        const PARTS: #private::Parts = #private::Parts {
            bases: &[#(&#bases),*],
            own: #own,
            name: #name,
            session_mode: #mode,
        };
        const ALL: [#private::OperationDescription; #private::count(&PARTS)] = #private::merge(&PARTS);
        &ALL
    }}
}

fn describe(contract: &Contract, operation: &Operation) -> TokenStream {
    let private = &contract.private;
    let (name, action) = (&operation.name, &operation.action);
    let reply_action = match &operation.reply_action {
        Some(action) => quote!(::core::option::Option::Some(#action)),
        None => quote!(::core::option::Option::None),
    };
    let faults = operation.faults.iter().map(|fault| {
        let (name, action, detail) = (&fault.name, &fault.action, &fault.detail);
        let element = match &fault.element {
            Some((local, namespace)) => quote!(.with_element(#local, #namespace)),
            None => TokenStream::new(),
        };
        let level = optional_level(private, fault.protection_level);
        quote! {
            #private::FaultDescription::of::<#detail>(#name, #action)
                #element
                .with_protection_level(#level)
        }
    });
    let [level, request_level, reply_level] =
        operation.levels.map(|level| optional_level(private, level));
    let (raw_request, parameters) = match &operation.input {
        Input::Parts(parameters) => (false, parameters.iter().map(Part::of_parameter).collect()),
        Input::Raw(only) | Input::Message(only) => (true, vec![Part::of_parameter(only)]),
    };
    let raw_result = format!("{name}Result");
    let (raw_reply, results) = match &operation.output {
        Output::Parts { parts, .. } => (false, parts.iter().map(Part::of_result).collect()),
        Output::Raw | Output::Message => {
            (true, vec![Part::raw(&raw_result, &contract.names.namespace)])
        }
    };
    let body = |raw: bool, wrapper: Option<&Wrapper>| match wrapper {
        _ if raw => quote!(#private::BodyDescription::Raw),
        None => quote!(#private::BodyDescription::Bare),
        Some(Wrapper { local, namespace }) => {
            quote!(#private::BodyDescription::wrapped(#local, #namespace))
        }
    };
    let request = body(raw_request, operation.request.as_ref());
    let request = message(private, &request, raw_request, &request_level, &parameters);
    let reply = match operation.reply_action {
        Some(_) => {
            let reply = body(raw_reply, operation.reply.as_ref());
            message(private, &reply, raw_reply, &reply_level, &results)
        }
        None => quote!(#private::MessageDescription::EMPTY),
    };
    let (initiating, terminating) = (operation.initiating, operation.terminating);
    let documentation = documentation(&operation.docs);
    let delivery = operation.delivery.map(|delivery| {
        let name = match delivery {
            Guarantee::Transaction => quote!(Transaction),
            Guarantee::Idempotent => quote!(Idempotent),
            Guarantee::Once => quote!(Once),
        };
        quote!(.with_delivery(#private::Delivery::#name))
    });
    quote! {
        #private::OperationDescription::new(#name, #action, #reply_action)
            .with_messages(#request, #reply, &[#(#faults),*])
            .with_protection_level(#level)
            .in_session(#initiating, #terminating)
            .with_documentation(#documentation)
            #delivery
    }
}

/// A part of a message: of its body, or a header.
struct Part<'p> {
    namespace: &'p str,
    local: &'p str,
    header: bool,
    form: Form,
    level: Option<Level>,
    documentation: &'p str,
    ty: Option<&'p Type>,
}

impl<'p> Part<'p> {
    fn of_parameter(part: &'p Parameter) -> Self {
        let Parameter { namespace, local, header, form, protection_level, owned, .. } = part;
        let (header, form, level) = (*header, *form, *protection_level);
        let documentation = &part.documentation;
        Self { namespace, local, header, form, level, documentation, ty: Some(owned) }
    }

    fn of_result(part: &'p ResultPart) -> Self {
        let ResultPart { namespace, local, header, form, protection_level, ty } = part;
        let (header, form, level) = (*header, *form, *protection_level);
        Self { namespace, local, header, form, level, documentation: "", ty: Some(ty) }
    }

    fn raw(local: &'p str, namespace: &'p str) -> Self {
        let (header, form, level) = (false, Form::Once, None);
        Self { namespace, local, header, form, level, documentation: "", ty: None }
    }

    fn describe(&self, private: &syn::Path, raw: bool) -> TokenStream {
        let Self { namespace, local, documentation, .. } = self;
        let level = optional_level(private, self.level);
        let (form, describe) = match (self.form, self.ty) {
            (_, Some(_)) if raw => (quote!(Once), quote!(#private::describe_raw)),
            (_, None) => (quote!(Once), quote!(#private::describe_raw)),
            (Form::Stream, Some(_)) => (quote!(Once), quote!(#private::describe_stream)),
            (Form::Once, Some(ty)) => {
                (quote!(Once), quote!(<#ty as #private::DataContract>::describe))
            }
            (Form::Optional, Some(ty)) => {
                (quote!(Optional), quote!(<#ty as #private::DataContract>::describe))
            }
            (Form::Repeated, Some(ty)) => {
                (quote!(Repeated), quote!(<#ty as #private::Items>::describe_item))
            }
        };
        let stream = (self.form == Form::Stream).then(|| quote!(.as_stream()));
        quote! {
            #private::PartDescription::new(#local, #namespace, #describe)
                .with_form(#private::PartForm::#form)
                .with_protection_level(#level)
                .with_documentation(#documentation)
                #stream
        }
    }
}

fn message(
    private: &syn::Path,
    body: &TokenStream,
    raw: bool,
    level: &TokenStream,
    parts: &[Part<'_>],
) -> TokenStream {
    let describe = |header: bool| {
        let parts = parts.iter().filter(move |part| part.header == header);
        parts.map(move |part| part.describe(private, raw && !header))
    };
    let (parts, headers) = (describe(false), describe(true));
    quote! {
        #private::MessageDescription::new(#body, &[#(#parts),*], &[#(#headers),*])
            .with_protection_level(#level)
    }
}

fn optional_level(private: &syn::Path, level: Option<Level>) -> TokenStream {
    let name = match level {
        None => return quote!(::core::option::Option::None),
        Some(Level::None) => quote!(None),
        Some(Level::Sign) => quote!(Sign),
        Some(Level::EncryptAndSign) => quote!(EncryptAndSign),
    };
    quote!(::core::option::Option::Some(#private::ProtectionLevel::#name))
}
