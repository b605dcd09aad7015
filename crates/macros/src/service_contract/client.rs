//! The client: one method for each operation.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::base::nested;
use super::contract::Contract;
use super::operation::Operation;
use super::parts::{Form, Input, Output, ResultPart, Wrapper};

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let private = &contract.private;
    let (visibility, client) = (&contract.visibility, contract.client());
    let doc = format!("Calls the operations of [`{}`] over a channel.", contract.ident);
    let methods = contract.operations.iter().enumerate();
    let methods = methods.map(|(index, operation)| method(contract, index, operation));
    let inner = nested(&contract.bases, quote!(C), |base, inner| {
        let client = base.client();
        quote!(#client<#inner>)
    });
    let made = nested(&contract.bases, quote!(channel), |base, inner| {
        let client = base.client();
        quote!(#client::new(#inner))
    });
    let channels = contract.bases.iter().map(|_| quote!(.channel()));
    let options = options(contract);
    let channel_impl = channel_impl(contract);
    let proxy_impl = proxy_impl(contract);
    quote! {
        #[doc = #doc]
        ///
        /// It is a channel itself, and refers to the one that it calls over.
        #[allow(dead_code)]
        #[derive(Clone, Debug)]
        #visibility struct #client<C> {
            channel: #inner,
        }

        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl<C: #private::RequestChannel> #client<C> {
            /// A client that calls over `channel`.
            #visibility fn new(channel: C) -> Self {
                Self { channel: #made }
            }

            /// The channel.
            #visibility fn channel(&self) -> &C {
                (&self.channel)#(#channels)*
            }

            #options

            #(#methods)*
        }

        impl<C> ::core::ops::Deref for #client<C> {
            type Target = #inner;

            fn deref(&self) -> &Self::Target {
                &self.channel
            }
        }

        #channel_impl

        #proxy_impl
    }
}

/// A client over the channel back to a client is a callback proxy.
fn proxy_impl(contract: &Contract) -> TokenStream {
    let (private, client, constant) = (&contract.private, contract.client(), contract.constant());
    quote! {
        impl #private::CallbackProxy for #client<#private::CallbackChannel> {
            fn contract() -> &'static #private::ContractDescription {
                &#constant
            }

            fn over(channel: #private::CallbackChannel) -> Self {
                Self::new(channel)
            }
        }
    }
}

/// The same client with options for its calls.
fn options(contract: &Contract) -> TokenStream {
    let Contract { private, visibility, .. } = contract;
    let client = contract.client();
    quote! {
        /// The same client; its calls have these options.
        #visibility fn with_options(&self, options: #private::CallOptions) -> #client<#private::Configured<C>>
        where
            C: ::core::clone::Clone,
        {
            let channel = ::core::clone::Clone::clone(self.channel());
            #client::new(#private::Configured::new(channel, options))
        }

        /// The same client; each of its calls may take so long, whatever the binding's `sendTimeout` is.
        #visibility fn with_timeout(&self, timeout: ::core::time::Duration) -> #client<#private::Configured<C>>
        where
            C: ::core::clone::Clone,
        {
            self.with_options(#private::CallOptions::new().timeout(timeout))
        }

        /// The same client; its requests have one more header.
        #visibility fn with_header(&self, header: #private::MessageHeader) -> #client<#private::Configured<C>>
        where
            C: ::core::clone::Clone,
        {
            self.with_options(#private::CallOptions::new().header(header))
        }
    }
}

/// A client is a channel: clients of contracts that inherit from several are put one inside the other.
fn channel_impl(contract: &Contract) -> TokenStream {
    let (private, client) = (&contract.private, contract.client());
    quote! {
        impl<C: #private::RequestChannel> #private::RequestChannel for #client<C> {
            fn message_version(&self) -> #private::MessageVersion {
                #private::RequestChannel::message_version(self.channel())
            }

            fn quotas(&self) -> #private::ObjectQuotas {
                #private::RequestChannel::quotas(self.channel())
            }

            fn request<'a>(
                &'a self,
                request: #private::Request<'a>,
            ) -> #private::BoxFuture<'a, ::core::result::Result<#private::Envelope, #private::CallError>> {
                #private::RequestChannel::request(self.channel(), request)
            }

            fn send_one_way<'a>(
                &'a self,
                request: #private::Request<'a>,
            ) -> #private::BoxFuture<'a, ::core::result::Result<(), #private::CallError>> {
                #private::RequestChannel::send_one_way(self.channel(), request)
            }
        }
    }
}

fn method(contract: &Contract, index: usize, operation: &Operation) -> TokenStream {
    let private = &contract.private;
    let visibility = &contract.visibility;
    let Operation { ident, docs, .. } = operation;
    let doc = docs.is_empty().then(|| {
        let doc = format!("Calls the operation `{}`.", operation.name);
        quote!(#[doc = #doc])
    });
    let parameters = operation.input.parameters();
    let arguments = parameters.iter().map(|parameter| (&parameter.ident, &parameter.given));
    let (names, types): (Vec<_>, Vec<_>) = arguments.unzip();
    let (own, result) = (contract.own(), result_type(private, &operation.output));
    let request = write_request(private, operation);
    let action = match &operation.input {
        Input::Message(message) => {
            let ident = &message.ident;
            quote!(&#ident.action)
        }
        _ => quote!(__OPERATION.action),
    };
    let exchange = if operation.reply_action.is_none() {
        quote!(#private::send(self.channel(), __OPERATION, #action, __request).await)
    } else {
        let read = read_reply(private, operation);
        quote! {
            let __reply = #private::call(self.channel(), __OPERATION, #action, __request).await?;
            (|| -> ::core::result::Result<#result, #private::BodyError> { #read })()
                .map_err(|error| error.in_reply(__OPERATION))
        }
    };
    quote! {
        #doc
        #(#docs)*
        #visibility async fn #ident(
            &self,
            #(#names: #types),*
        ) -> ::core::result::Result<#result, #private::CallError> {
            const __OPERATION: &#private::OperationDescription = &#own[#index];
            let __version = #private::RequestChannel::message_version(self.channel());
            #[allow(unused_variables)]
            let __quotas = #private::RequestChannel::quotas(self.channel());
            // The arguments are not held while the call is under way: the message has a copy.
            let __request = (move || -> ::core::result::Result<#private::Envelope, #private::WriteError> {
                #request
            })();
            #exchange
        }
    }
}

/// The type of the result, in the words of the method.
pub(super) fn result_type(private: &syn::Path, output: &Output) -> TokenStream {
    match output {
        Output::Raw => quote!(#private::RawBody),
        Output::Message => quote!(#private::RawMessage),
        Output::Parts { parts, tuple: false } => match parts.first() {
            Some(part) => {
                let ty = &part.ty;
                quote!(#ty)
            }
            None => quote!(()),
        },
        Output::Parts { parts, tuple: true } => {
            let types = parts.iter().map(|part| &part.ty);
            quote!((#(#types,)*))
        }
    }
}

/// `Some(&name)` of a wrapper, with the name as a static.
pub(super) fn wrapper(private: &syn::Path, wrapper: Option<&Wrapper>) -> TokenStream {
    match wrapper {
        None => quote!(::core::option::Option::None),
        Some(wrapper) => {
            let name = static_name(private, &wrapper.local, &wrapper.namespace);
            quote!(::core::option::Option::Some(#name))
        }
    }
}

/// A reference to a name that lives as long as the program.
pub(super) fn static_name(private: &syn::Path, local: &str, namespace: &str) -> TokenStream {
    quote! {{
        static NAME: #private::ContractName = #private::ContractName::new(#local, #namespace);
        &NAME
    }}
}

pub(super) fn write_request(private: &syn::Path, operation: &Operation) -> TokenStream {
    let parameters = match &operation.input {
        Input::Raw(body) => {
            let ident = &body.ident;
            return write_raw(private, &quote!(&#ident));
        }
        Input::Message(message) => {
            let ident = &message.ident;
            return write_raw(private, &quote!(&#ident.body));
        }
        Input::Parts(parameters) => parameters,
    };
    let wrapper = wrapper(private, operation.request.as_ref());
    let headers = parameters.iter().filter(|parameter| parameter.header).map(|parameter| {
        let (value, name) = (
            parameter.contract_reference(),
            static_name(private, &parameter.local, &parameter.namespace),
        );
        let write = write_header(parameter.form);
        quote!(__message.#write(#name, #value)?;)
    });
    let parts = parameters.iter().filter(|parameter| !parameter.header).map(|parameter| {
        let name = static_name(private, &parameter.local, &parameter.namespace);
        let reference = parameter.contract_reference();
        part(parameter.form, &name, &reference, parameter.contract_value().as_ref())
    });
    quote! {
        let mut __message = #private::MessageWriter::new(__version, #wrapper, __quotas);
        #(#headers)*
        #[allow(unused_mut, unused_variables)]
        let mut __body = __message.body();
        #(#parts)*
        ::core::result::Result::Ok(__message.finish())
    }
}

/// Writes undescribed content.
pub(super) fn write_raw(private: &syn::Path, body: &TokenStream) -> TokenStream {
    quote! {
        let mut __message = #private::MessageWriter::new(__version, ::core::option::Option::None, __quotas);
        __message.raw(#body);
        ::core::result::Result::Ok(__message.finish())
    }
}

pub(super) fn read_reply(private: &syn::Path, operation: &Operation) -> TokenStream {
    let raw = quote!(#private::MessageReader::raw(&__reply));
    let (parts, tuple) = match &operation.output {
        Output::Raw => return raw,
        Output::Message => {
            return quote! {
                ::core::result::Result::Ok(
                    #private::RawMessage::new(#private::reply_action(&__reply), #raw?)
                )
            };
        }
        Output::Parts { parts, tuple } => (parts, *tuple),
    };
    let wrapper = wrapper(private, operation.reply.as_ref());
    let values = parts.iter().map(|part| read_part(private, part));
    let value = match (tuple, parts.len()) {
        (false, 0) => quote!(()),
        (false, _) => quote!(#(#values)*),
        (true, _) => quote!((#(#values,)*)),
    };
    quote! {
        #[allow(unused_mut, unused_variables)]
        let mut __parts = #private::MessageReader::new(&__reply, #wrapper, __quotas)?;
        ::core::result::Result::Ok(#value)
    }
}

fn read_part(private: &syn::Path, part: &ResultPart) -> TokenStream {
    let (ty, name) = (&part.ty, static_name(private, &part.local, &part.namespace));
    match (part.header, part.form) {
        (true, Form::Repeated) => quote!(__parts.repeated_header(#name)?),
        (false, Form::Repeated) => quote!(__parts.repeated_part(#name)?),
        (false, Form::Stream) => quote!(__parts.stream(#name)?),
        (true, _) => quote!(__parts.header::<#ty>(#name)?),
        (false, _) => quote!(__parts.part::<#ty>(#name)?),
    }
}

/// Writes a part of the body: of the value itself, or of a reference where there is no more.
pub(super) fn part(
    form: Form,
    name: &TokenStream,
    reference: &TokenStream,
    value: Option<&TokenStream>,
) -> TokenStream {
    match (form, value) {
        // It is the only part; `__body` is of no use then.
        (Form::Stream, value) => quote!(__message.stream(#name, #value)?;),
        (Form::Once, Some(value)) => quote!(__body.owned_part(#name, #value)?;),
        (Form::Once, None) => quote!(__body.part(#name, #reference)?;),
        (Form::Optional, _) => quote!(__body.optional_part(#name, #reference)?;),
        (Form::Repeated, _) => quote!(__body.repeated_part(#name, #reference)?;),
    }
}

/// The method of `MessageWriter` that writes a header of this form.
pub(super) fn write_header(form: Form) -> Ident {
    match form {
        Form::Once | Form::Stream => format_ident!("header"),
        Form::Optional => format_ident!("optional_header"),
        Form::Repeated => format_ident!("repeated_header"),
    }
}
