//! XML as it is, for an endpoint of a configuration file that nobody describes.

use std::path::Path;

use waxwing::ChannelFactory;
use waxwing::contract::{CallError, OwnedContract, OwnedOperation, RawBody, RequestChannel};
use waxwing::soap::Envelope;
use waxwing_metadata::json::Json;

use super::answer::Outcome;
use super::request::{Outgoing, text};
use super::{Arguments, close, prepared, send};
use crate::peer::{Problem, configured};

/// Sends the body to the endpoint with the action.
pub(super) async fn call(arguments: &Arguments) -> Result<Outcome, Problem> {
    if arguments.template || arguments.schema {
        return Err(Problem::usage(
            "a configuration file describes no operations: give the WSDL or the address as SOURCE, and the file by --config",
        ));
    }
    if !arguments.header.is_empty() {
        return Err(Problem::usage(
            "--header is JSON by a description of the service: give the WSDL or the address as SOURCE, and the file by --config",
        ));
    }
    let action = &arguments.operation;
    let reply = (!arguments.one_way).then_some("*");
    let operation = OwnedOperation::new(action, action, reply);
    let path = Path::new(&arguments.source);
    let contract = OwnedContract::new("*", "").operation(operation);
    let (file, name, contract) = configured(path, arguments.endpoint.as_deref(), contract)?;
    let failed = |error: waxwing::ChannelError| Problem::failed(error.to_string());
    let mut factory = ChannelFactory::from_config(&file, &name, contract).map_err(failed)?;
    if let Some(address) = &arguments.which.address {
        factory = factory.address(address);
    }
    let factory = prepared(factory, arguments)?;
    let body = arguments.request.as_deref().map(text).transpose()?.unwrap_or_default();
    let body = match body.trim() {
        "" => RawBody::empty(),
        json if json.starts_with(['{', '[', '"']) => {
            return Err(Problem::usage(format!(
                "JSON needs a description of the service: waxwing call WSDL-OR-ADDRESS {action} … --config {}; without one \
                 the body is XML, like '<{action} xmlns=\"…\"/>', and the operation is its action",
                path.display()
            )));
        }
        xml => RawBody::parse(xml.as_bytes()).map_err(|error| {
            Problem::usage(format!(
                "the body is no XML: {error}; without a description it has to be"
            ))
        })?,
    };
    let channel = factory.create_channel().map_err(failed)?;
    let mut envelope = Envelope::new(channel.message_version());
    if let Some(payload) = body.payload() {
        let parent = envelope.body().id();
        envelope.document_mut().import(parent, payload);
    }
    let out = Outgoing { action: action.clone(), envelope };
    if arguments.dry_run {
        return Ok(Outcome::Dry(Box::new(out), Some(channel.address().to_owned())));
    }
    let answered = send(&channel, out, arguments.one_way, arguments.limits.timeout).await;
    close(&channel, arguments, answered.is_err()).await;
    match answered {
        Ok(None) => Ok(Outcome::Nothing),
        Ok(Some(reply)) => {
            let xml = reply.payload().map(|payload| RawBody::copy_of(payload));
            let xml = xml.and_then(|body| body.document().map(|document| document.to_xml()));
            Ok(Outcome::Xml(xml.unwrap_or_default()))
        }
        Err(CallError::Fault(fault)) => {
            let detail = fault.detail.as_deref();
            let detail = detail.map(|detail| Json::object([("#xml", Json::from(detail))]));
            Ok(Outcome::Fault(Box::new(fault), detail))
        }
        Err(error) => Err(Problem::of_call(&error)),
    }
}
