//! What a method's parameters and result are in messages.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{
    FnArg, GenericArgument, LitStr, Pat, PatType, PathArguments, ReceiverKind, Result, ReturnType,
    Token, TraitItemFn, Type, parse_quote,
};

use crate::attributes::{Level, Options, documentation, each_option, level, switch, text};
use crate::names::{Case, encode};

/// An element around parts.
pub(super) struct Wrapper {
    pub(super) local: String,
    pub(super) namespace: String,
}

/// A parameter of the method.
pub(super) struct Parameter {
    pub(super) ident: Ident,
    /// As the method takes it.
    pub(super) given: Type,
    /// As it is read: the type itself, or what a reference refers to.
    pub(super) owned: Type,
    pub(super) local: String,
    pub(super) namespace: String,
    pub(super) header: bool,
    pub(super) form: Form,
    pub(super) protection_level: Option<Level>,
    pub(super) documentation: String,
}

/// How often a part or a header is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Once; null is `i:nil`.
    #[default]
    Once,
    /// Not at all when it is null (`minOccurs="0"` and not nillable).
    Optional,
    /// Each item of a list by itself, without an element around them (`maxOccurs="unbounded"`).
    Repeated,
    /// `MessageStream`: read and written as its octets come.
    Stream,
}

impl Form {
    /// What `MessageStream` is; other types stay what they are.
    ///
    /// # Errors
    /// A stream that is optional, repeated, a header or not by value.
    fn of(self, given: &Type, is_header: bool) -> Result<Self> {
        let ty = match given {
            Type::Reference(reference) => &*reference.elem,
            other => other,
        };
        if !is_named(ty, "MessageStream") {
            return Ok(self);
        }
        let message = match (self, given, is_header) {
            (_, Type::Reference(_), _) => "a stream is taken by value: it can be read once",
            (_, _, true) => "a stream is part of the body: no header is read as its octets come",
            (Self::Once, ..) => return Ok(Self::Stream),
            _ => "a stream is there once: without `optional` and `repeated`",
        };
        Err(syn::Error::new_spanned(given, message))
    }
}

/// `optional` and `repeated` exclude each other.
fn form(
    place: impl quote::ToTokens,
    optional: Option<bool>,
    repeated: Option<bool>,
) -> Result<Form> {
    match (optional == Some(true), repeated == Some(true)) {
        (false, false) => Ok(Form::Once),
        (true, false) => Ok(Form::Optional),
        (false, true) => Ok(Form::Repeated),
        (true, true) => {
            let message = "`repeated` may be nothing at all: `optional` is one too many";
            Err(syn::Error::new_spanned(place, message))
        }
    }
}

/// The content of a request.
pub(super) enum Input {
    Parts(Vec<Parameter>),
    /// `RawBody`.
    Raw(Parameter),
    /// `RawMessage`.
    Message(Parameter),
}

/// The content of a reply.
pub(super) enum Output {
    Parts {
        parts: Vec<ResultPart>,
        tuple: bool,
    },
    /// `RawBody`.
    Raw,
    /// `RawMessage`.
    Message,
}

/// A result, or an `out` parameter.
pub(super) struct ResultPart {
    pub(super) ty: Type,
    pub(super) local: String,
    pub(super) namespace: String,
    /// A SOAP header instead of a part of the body.
    pub(super) header: bool,
    pub(super) form: Form,
    pub(super) protection_level: Option<Level>,
}

/// One name of `results(…)`: `"Price"`, `part("Price", namespace = "…")` or `header("Status", protection_level = Sign)`.
pub(super) struct NamedResult {
    name: LitStr,
    namespace: Option<LitStr>,
    header: bool,
    form: Form,
    protection_level: Option<Level>,
}

impl Parse for NamedResult {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        const OPTIONS: Options =
            Options(&["namespace", "optional", "repeated", "protection_level"]);
        if input.peek(LitStr) {
            let (name, form) = (input.parse()?, Form::Once);
            return Ok(Self { name, namespace: None, header: false, form, protection_level: None });
        }
        let kind: Ident = input.parse()?;
        if kind != "header" && kind != "part" {
            let message = "a result is a name, `part(\"…\")` or `header(\"…\")`";
            return Err(syn::Error::new_spanned(kind, message));
        }
        let content;
        syn::parenthesized!(content in input);
        let name: LitStr = content.parse()?;
        let (mut namespace, mut protection_level) = (None, None);
        let (mut optional, mut repeated) = (None, None);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
            let parser = syn::meta::parser(|meta| {
                let option = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match option.as_str() {
                    "namespace" => text(&meta, &mut namespace),
                    "optional" => switch(&meta, &mut optional),
                    "repeated" => switch(&meta, &mut repeated),
                    "protection_level" => level(&meta, &mut protection_level),
                    _ => Err(OPTIONS.unknown(&meta)),
                }
            });
            syn::parse::Parser::parse2(parser, content.parse()?)?;
        }
        let form = form(&name, optional, repeated)?;
        Ok(Self { name, namespace, header: kind == "header", form, protection_level })
    }
}

/// What the names of results come from.
pub(super) struct Naming<'n> {
    pub(super) namespace: &'n str,
    pub(super) result: Option<&'n LitStr>,
    pub(super) result_namespace: Option<&'n LitStr>,
    pub(super) results: Option<&'n [NamedResult]>,
    pub(super) operation: &'n str,
}

/// A method, understood.
pub(super) struct Signature {
    pub(super) context: bool,
    pub(super) input: Input,
    pub(super) output: Output,
}

impl Signature {
    pub(super) fn parse(method: &TraitItemFn, naming: &Naming<'_>) -> Result<Self> {
        refuse_other_methods(method)?;
        let mut context = false;
        let mut parameters = Vec::new();
        for (index, argument) in method.sig.inputs.iter().skip(1).enumerate() {
            let FnArg::Typed(argument) = argument else { continue };
            if is_context(&argument.ty) {
                if index != 0 {
                    let message = "the operation context comes first, after `&self`";
                    return Err(syn::Error::new_spanned(argument, message));
                }
                context = true;
            } else {
                parameters.push(Parameter::parse(argument, naming.namespace)?);
            }
        }
        Ok(Self { context, input: input(parameters)?, output: output(method, naming)? })
    }
}

impl Input {
    /// The parameters in the order of the method.
    pub(super) fn parameters(&self) -> &[Parameter] {
        match self {
            Self::Parts(parameters) => parameters,
            Self::Raw(parameter) | Self::Message(parameter) => std::slice::from_ref(parameter),
        }
    }
}

impl Parameter {
    fn parse(argument: &PatType, contract_namespace: &str) -> Result<Self> {
        const OPTIONS: Options =
            Options(&["name", "namespace", "header", "optional", "repeated", "protection_level"]);
        let (mut protection_level, mut optional, mut repeated) = (None, None, None);
        let (mut name, mut namespace, mut header) = (None::<LitStr>, None::<LitStr>, None);
        each_option(&argument.attrs, "param", |meta| {
            let option = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match option.as_str() {
                "name" => text(&meta, &mut name),
                "namespace" => text(&meta, &mut namespace),
                "header" => switch(&meta, &mut header),
                "optional" => switch(&meta, &mut optional),
                "repeated" => switch(&meta, &mut repeated),
                "protection_level" => level(&meta, &mut protection_level),
                _ => Err(OPTIONS.unknown(&meta)),
            }
        })?;
        let ident = match &*argument.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                &pattern.ident
            }
            other => {
                let message = "a parameter of an operation is a plain name";
                return Err(syn::Error::new_spanned(other, message));
            }
        };
        let name = name.map_or_else(|| Case::Camel.name(ident), |name| name.value());
        Ok(Self {
            ident: ident.clone(),
            given: (*argument.ty).clone(),
            owned: owned(&argument.ty)?,
            local: encode(&name),
            namespace: namespace.map_or_else(|| contract_namespace.to_owned(), |text| text.value()),
            header: header.unwrap_or(false),
            form: form(ident, optional, repeated)?.of(&argument.ty, header.unwrap_or(false))?,
            protection_level,
            documentation: documentation(&argument.attrs),
        })
    }

    /// The value as the method takes it, of a variable that owns it.
    pub(super) fn argument(&self) -> TokenStream {
        let ident = &self.ident;
        match &self.given {
            Type::Reference(_) => quote!(&#ident),
            _ => quote!(#ident),
        }
    }

    /// A reference to something that is a data contract, of a variable that has the method's type.
    pub(super) fn contract_reference(&self) -> TokenStream {
        let ident = &self.ident;
        match &self.given {
            Type::Reference(reference) => match &*reference.elem {
                Type::Slice(_) => quote!(&#ident.to_vec()),
                Type::Path(path) if path.path.is_ident("str") => {
                    quote!(&::std::string::String::from(#ident))
                }
                _ => quote!(#ident),
            },
            _ => quote!(&#ident),
        }
    }

    /// The same as a value of its own; none where a reference is all that there is.
    pub(super) fn contract_value(&self) -> Option<TokenStream> {
        let ident = &self.ident;
        match &self.given {
            Type::Reference(reference) => match &*reference.elem {
                Type::Slice(_) => Some(quote!(#ident.to_vec())),
                Type::Path(path) if path.path.is_ident("str") => {
                    Some(quote!(::std::string::String::from(#ident)))
                }
                _ => None,
            },
            _ => Some(quote!(#ident)),
        }
    }
}

fn refuse_other_methods(method: &TraitItemFn) -> Result<()> {
    let signature = &method.sig;
    if signature.asyncness.is_none() {
        let message = "an operation is an `async fn`: it may have to wait";
        return Err(syn::Error::new_spanned(signature.fn_token, message));
    }
    if !signature.generics.params.is_empty() {
        let message = "an operation cannot be generic: its messages have fixed types";
        return Err(syn::Error::new_spanned(&signature.generics, message));
    }
    if let Some(body) = &method.default {
        return Err(syn::Error::new_spanned(
            body,
            "an operation has no body here: services implement it",
        ));
    }
    let by_reference = signature.receiver().is_some_and(|receiver| {
        receiver.mutability.is_none()
            && matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
    });
    if by_reference {
        return Ok(());
    }
    let message = "an operation takes `&self`: calls may run at the same time";
    match signature.inputs.first() {
        Some(first) => Err(syn::Error::new_spanned(first, message)),
        None => Err(syn::Error::new_spanned(&signature.ident, message)),
    }
}

/// The type that is read for a parameter.
fn owned(ty: &Type) -> Result<Type> {
    let Type::Reference(reference) = ty else { return Ok(ty.clone()) };
    if reference.mutability.is_some() {
        let message = "a parameter cannot be changed: give the new value back in the result";
        return Err(syn::Error::new_spanned(ty, message));
    }
    Ok(match &*reference.elem {
        Type::Slice(slice) => {
            let item = &slice.elem;
            parse_quote!(::std::vec::Vec<#item>)
        }
        Type::Path(path) if path.path.is_ident("str") => parse_quote!(::std::string::String),
        other => other.clone(),
    })
}

fn input(mut parameters: Vec<Parameter>) -> Result<Input> {
    let raw = parameters.iter().position(|parameter| is_named(&parameter.owned, "RawBody"));
    let message = parameters.iter().position(|parameter| is_named(&parameter.owned, "RawMessage"));
    if let Some(index) = raw.or(message) {
        if parameters.len() > 1 || matches!(parameters[index].given, Type::Reference(_)) {
            return Err(syn::Error::new_spanned(
                &parameters[index].given,
                "undescribed content is the only parameter, and by value",
            ));
        }
        let only = parameters.swap_remove(index);
        return Ok(if raw.is_some() { Input::Raw(only) } else { Input::Message(only) });
    }
    let mut body = parameters.iter().filter(|parameter| !parameter.header);
    let streamed = parameters.iter().find(|parameter| parameter.form == Form::Stream);
    if let (Some(streamed), Some(_), Some(_)) = (streamed, body.next(), body.next()) {
        return Err(syn::Error::new_spanned(
            &streamed.given,
            "for the request of an operation to be a stream, the operation must have a single parameter, whose type is \
             `MessageStream`: make the others headers (`#[param(header)]`)",
        ));
    }
    for (index, parameter) in parameters.iter().enumerate() {
        let same = |before: &Parameter| {
            (&before.local, &before.namespace, before.header)
                == (&parameter.local, &parameter.namespace, parameter.header)
        };
        if parameters[..index].iter().any(same) {
            let message = format!("two parameters are called `{}`", parameter.local);
            return Err(syn::Error::new_spanned(&parameter.ident, message));
        }
    }
    Ok(Input::Parts(parameters))
}

fn output(method: &TraitItemFn, naming: &Naming<'_>) -> Result<Output> {
    let mut output = described_output(method, naming)?;
    let Output::Parts { parts, .. } = &mut output else { return Ok(output) };
    for part in parts.iter_mut() {
        part.form = part.form.of(&part.ty, part.header)?;
    }
    let mut body = parts.iter().filter(|part| !part.header);
    let streamed = parts.iter().find(|part| part.form == Form::Stream);
    if let (Some(streamed), Some(_), Some(_)) = (streamed, body.next(), body.next()) {
        return Err(syn::Error::new_spanned(
            &streamed.ty,
            "for the response of an operation to be a stream, the operation must have a single `out` parameter or return \
             value, whose type is `MessageStream`: make the others headers (`results(header(\"…\"), …)`)",
        ));
    }
    Ok(output)
}

fn described_output(method: &TraitItemFn, naming: &Naming<'_>) -> Result<Output> {
    let ty = result_type(method)?;
    if is_named(ty, "RawBody") {
        return Ok(Output::Raw);
    }
    if is_named(ty, "RawMessage") {
        return Ok(Output::Message);
    }
    let namespace =
        naming.result_namespace.map_or_else(|| naming.namespace.to_owned(), LitStr::value);
    let part = |ty: &Type, local: &str| ResultPart {
        ty: ty.clone(),
        local: encode(local),
        namespace: namespace.clone(),
        header: false,
        form: Form::Once,
        protection_level: None,
    };
    let named = |ty: &Type, result: &NamedResult| ResultPart {
        namespace: result.namespace.as_ref().map_or_else(|| namespace.clone(), LitStr::value),
        header: result.header,
        form: result.form,
        protection_level: result.protection_level,
        ..part(ty, &result.name.value())
    };
    match (ty, naming.results) {
        (Type::Tuple(tuple), None) if tuple.elems.is_empty() => {
            Ok(Output::Parts { parts: Vec::new(), tuple: false })
        }
        (Type::Tuple(tuple), Some(names)) if tuple.elems.len() == names.len() => {
            let parts = tuple.elems.iter().zip(names).map(|(ty, result)| named(ty, result));
            Ok(Output::Parts { parts: parts.collect(), tuple: true })
        }
        (ty, Some([only])) if !matches!(ty, Type::Tuple(_)) => {
            Ok(Output::Parts { parts: vec![named(ty, only)], tuple: false })
        }
        (Type::Tuple(_), _) | (_, Some(_)) => Err(syn::Error::new_spanned(
            ty,
            "a tuple is a result with `out` parameters: `results(\"…\", \"…\")` gives each of its elements a name",
        )),
        (ty, None) => {
            let default = || format!("{}Result", naming.operation);
            let name = naming.result.map_or_else(default, LitStr::value);
            Ok(Output::Parts { parts: vec![part(ty, &name)], tuple: false })
        }
    }
}

/// `T` of `Result<T, OperationFault>`.
fn result_type(method: &TraitItemFn) -> Result<&Type> {
    let message = "an operation gives `Result<T, OperationFault>`: it can fail";
    let ReturnType::Type(_, ty) = &method.sig.output else {
        return Err(syn::Error::new_spanned(&method.sig, message));
    };
    let wrong = || syn::Error::new_spanned(ty, message);
    let Type::Path(path) = &**ty else { return Err(wrong()) };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Result");
    match last.map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(ty)) => Ok(ty),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if is_named(&reference.elem, "OperationContext"))
}

/// True for a path that ends in this name.
fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}
