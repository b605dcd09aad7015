//! Requests: JSON from the command line into a message.

use std::io::Read as _;

use waxwing::binding::EffectiveEndpoint;
use waxwing::soap::{AddressingVersion, Envelope, MessageVersion, SoapVersion};
use waxwing_metadata::contract::{Body, Member, Operation};
use waxwing_metadata::json::{Codec, Json, JsonError, MAX_TEXT};
use waxwing_metadata::judge::PortVerdict;

use crate::peer::Problem;

/// A message that goes out.
pub(super) struct Outgoing {
    pub(super) action: String,
    pub(super) envelope: Envelope,
}

/// The text of an argument: itself, that of a file (`@file`), or the standard input (`-`).
pub(super) fn text(argument: &str) -> Result<String, Problem> {
    let limit = MAX_TEXT as u64 + 1;
    let mut text = String::new();
    let read = match (argument, argument.strip_prefix('@')) {
        ("-", _) => std::io::stdin().take(limit).read_to_string(&mut text),
        (_, Some(path)) => {
            std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
        }
        _ => return Ok(argument.to_owned()),
    };
    let name = if argument == "-" { "the standard input" } else { &argument[1..] };
    read.map_err(|error| Problem::usage(format!("{name}: {error}")))?;
    Ok(text)
}

/// The value of the request; an object without members where there is none.
pub(super) fn value(argument: Option<&str>) -> Result<Json, Problem> {
    let Some(argument) = argument else { return Ok(Json::Object(Vec::new())) };
    let text = text(argument)?;
    // A body that is XML may be given as it is.
    if text.trim_start().starts_with('<') {
        return Ok(Json::String(text));
    }
    Json::parse(&text).map_err(|error| wrong("the request", &error))
}

/// `NAME=JSON` of each header.
pub(super) fn headers(arguments: &[String]) -> Result<Vec<(String, Json)>, Problem> {
    let one = |argument: &String| {
        let Some((name, text)) = argument.split_once('=') else {
            return Err(Problem::usage(format!("--header {argument}: write NAME=JSON")));
        };
        let value =
            Json::parse(text).map_err(|error| wrong(&format!("--header {name}"), &error))?;
        Ok((name.to_owned(), value))
    };
    arguments.iter().map(one).collect()
}

fn wrong(what: &str, error: &JsonError) -> Problem {
    Problem::usage(format!("{what}: {error}"))
}

impl Outgoing {
    /// The message of an operation.
    ///
    /// # Errors
    /// The values are not what the contract says.
    pub(super) fn of(
        codec: &Codec,
        operation: &Operation,
        version: MessageVersion,
        value: &Json,
        headers: &[(String, Json)],
    ) -> Result<Self, Problem> {
        let mut envelope = Envelope::new(version);
        for (name, value) in headers {
            let parent = envelope.header_or_insert();
            let document = envelope.document_mut();
            codec
                .write_header(&operation.request, name, value, document, parent)
                .map_err(|error| wrong("--header", &error))?;
        }
        let body = envelope.body().id();
        codec.write_body(&operation.request, value, envelope.document_mut(), body).map_err(
            |error| {
                let name = &operation.name;
                let problem = wrong("the request", &error);
                Problem::usage(format!(
                    "{} (waxwing call … {name} --template shows one)",
                    problem.text
                ))
            },
        )?;
        Ok(Self { action: operation.action.clone(), envelope })
    }
}

/// The version that messages to a port are written in.
pub(super) fn version(port: &PortVerdict) -> MessageVersion {
    let said = port.effective.as_deref().and_then(versions);
    said.unwrap_or(MessageVersion {
        soap: port.soap.unwrap_or(SoapVersion::Soap11),
        addressing: AddressingVersion::None,
    })
}

fn versions(endpoint: &EffectiveEndpoint) -> Option<MessageVersion> {
    endpoint.message_version.versions()
}

/// The result in a reply.
pub(super) fn result(
    codec: &Codec,
    operation: &Operation,
    reply: &Envelope,
) -> Result<Json, Problem> {
    let Some(message) = &operation.reply else { return Ok(Json::Null) };
    codec.read_body(message, reply.body()).map_err(|error| {
        Problem::failed(format!("the reply is not what the contract says: {error}"))
    })
}

/// The schemas of an operation: of its request, its headers, its reply.
pub(super) fn schemas(codec: &Codec, operation: &Operation) -> Json {
    let mut members = vec![("request".to_owned(), codec.request_schema(&operation.request))];
    let headers = operation.request.headers.iter();
    let headers: Vec<_> = headers
        .map(|header| (header.name.local.to_string(), codec.element_schema(header)))
        .collect();
    if !headers.is_empty() {
        members.push(("headers".to_owned(), Json::Object(headers)));
    }
    if let Some(reply) = &operation.reply {
        members.push(("response".to_owned(), codec.reply_schema(reply)));
    }
    Json::Object(members)
}

/// Parameters that are left out although they cannot be null: the schema allows it, and the service takes its default.
pub(super) fn left_out<'o>(operation: &'o Operation, value: &Json) -> Vec<&'o str> {
    let Body::Wrapped { parts, .. } = &operation.request.body else { return Vec::new() };
    let is_out = |part: &&Member| !part.nillable && value.get(&part.name.local).is_none();
    parts.iter().filter(is_out).map(|part| &*part.name.local).collect()
}
