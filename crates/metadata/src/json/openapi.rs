//! OpenAPI 3.1 of contracts: the same operations for who speaks JSON over HTTP.

use std::collections::BTreeSet;

use super::codec::Codec;
use super::schema::{Schemas, described};
use super::value::Json;
use crate::contract::{Contract, Operation, Pattern};

/// What beside the contracts goes into a document.
#[derive(Clone, Debug, Default)]
pub struct OpenApiOptions {
    /// The title; the names of the contracts otherwise.
    pub title: Option<String>,
    /// The version of the service; `1.0` otherwise.
    pub version: Option<String>,
    /// Addresses that the paths are below.
    pub servers: Vec<String>,
}

impl Codec {
    /// The OpenAPI 3.1 document of these contracts.
    ///
    /// * An operation is a `POST` of its request: to `/{operation}`, or to `/{contract}/{operation}` where there are
    ///   several contracts. Of operations with one name the later ones get `-2`, `-3` and so on.
    /// * A reply is `200` with the result, `202` without content for a one-way operation. A declared fault is `500` with
    ///   `{ "fault": { "code", "subcode", "reason", "detail" } }`; `400` with the same shape says what is wrong with the
    ///   request.
    /// * A SOAP header of the request is a header of HTTP of the name `Soap-{name}` with JSON in it.
    /// * Operations that the service calls are left out, and those that cannot be called.
    pub fn openapi(&self, contracts: &[&Contract], options: &OpenApiOptions) -> Json {
        let mut schemas = Schemas::new(self, "#/components/schemas/", false);
        let mut paths: Vec<(String, Json)> = Vec::new();
        let mut taken = BTreeSet::new();
        for contract in contracts {
            let base = match contracts.len() {
                1 => String::new(),
                _ => format!("/{}", escaped(&contract.name.local)),
            };
            for operation in contract.operations.iter().filter(|o| is_offered(o)) {
                let path = format!("{base}/{}", escaped(&operation.name));
                let numbered = (2u32..).map(|number| format!("{path}-{number}"));
                let mut candidates = std::iter::once(path.clone()).chain(numbered);
                let path = candidates.find(|path| taken.insert(path.clone())).unwrap_or_default();
                let id = path.trim_start_matches('/').replace('/', ".");
                let post =
                    Json::object([("post", of_operation(contract, operation, id, &mut schemas))]);
                paths.push((path, post));
            }
        }
        let mut components = schemas.definitions();
        components.push(("soap.Fault".to_owned(), fault_schema()));
        components.sort_by(|(one, _), (other, _)| one.cmp(other));
        let names: Vec<_> = contracts.iter().map(|contract| &*contract.name.local).collect();
        let title = options.title.clone().unwrap_or_else(|| names.join(", "));
        let version = options.version.clone().unwrap_or_else(|| "1.0".to_owned());
        let mut info = vec![("title", Json::from(title)), ("version", Json::from(version))];
        if let [contract] = contracts
            && let Some(text) = &contract.documentation
        {
            info.push(("description", Json::from(text.trim())));
        }
        let mut document = vec![("openapi", Json::from("3.1.0")), ("info", Json::object(info))];
        if !options.servers.is_empty() {
            let servers = options.servers.iter();
            let servers = servers.map(|url| Json::object([("url", Json::from(url.as_str()))]));
            document.push(("servers", Json::Array(servers.collect())));
        }
        document.push(("paths", Json::Object(paths)));
        document.push(("components", Json::object([("schemas", Json::Object(components))])));
        Json::object(document)
    }
}

fn is_offered(operation: &Operation) -> bool {
    operation.blocked.is_none()
        && matches!(operation.pattern, Pattern::RequestResponse | Pattern::OneWay)
}

fn of_operation(
    contract: &Contract,
    operation: &Operation,
    id: String,
    schemas: &mut Schemas<'_>,
) -> Json {
    let mut members = vec![("operationId", Json::from(id))];
    members.push(("tags", Json::array([&*contract.name.local])));
    if let Some(text) = &operation.documentation {
        members.push(("description", Json::from(text.trim())));
    }
    members.push(("x-soap-action", Json::from(operation.action.as_str())));
    let headers: Vec<_> = operation.request.headers.iter().collect();
    if !headers.is_empty() {
        let parameters = headers.into_iter().map(|header| {
            let schema = schemas.element(header);
            Json::object([
                ("name", Json::String(format!("Soap-{}", header.name.local))),
                ("in", Json::from("header")),
                ("required", Json::Bool(false)),
                ("content", content(schema)),
            ])
        });
        members.push(("parameters", Json::Array(parameters.collect())));
    }
    let request = schemas.message(&operation.request);
    let body = Json::object([("required", Json::Bool(true)), ("content", content(request))]);
    members.push(("requestBody", body));
    members.push(("responses", responses(operation, schemas)));
    Json::object(members)
}

fn responses(operation: &Operation, schemas: &mut Schemas<'_>) -> Json {
    let with = |text: &str, schema: Option<Json>| {
        let mut members = vec![("description", Json::from(text))];
        if let Some(schema) = schema {
            members.push(("content", content(schema)));
        }
        Json::object(members)
    };
    let fault = || Json::object([("$ref", Json::from("#/components/schemas/soap.Fault"))]);
    let mut all = Vec::new();
    match &operation.reply {
        Some(reply) => all.push(("200", with("The result", Some(schemas.result(reply))))),
        None => all.push(("202", with("The message was taken; nothing answers it", None))),
    }
    all.push(("400", with("The request is not what the contract says", Some(fault()))));
    let details: Vec<_> = operation.faults.iter().map(|fault| schemas.fault(fault)).collect();
    let failed = match details.is_empty() {
        true => fault(),
        false => {
            let names: Vec<_> = operation.faults.iter().map(|fault| fault.name.as_str()).collect();
            let detail = Json::object([("anyOf", Json::Array(details))]);
            let inner = Json::object([("properties", Json::object([("detail", detail)]))]);
            let declared = Json::object([("properties", Json::object([("fault", inner)]))]);
            let both = Json::object([("allOf", Json::Array(vec![fault(), declared]))]);
            described(both, &format!("A fault; declared are {}", names.join(", ")))
        }
    };
    all.push(("500", with("A fault of the service", Some(failed))));
    Json::object(all)
}

fn content(schema: Json) -> Json {
    Json::object([("application/json", Json::object([("schema", schema)]))])
}

/// A fault as JSON, whatever its detail.
fn fault_schema() -> Json {
    let text = || Json::object([("type", Json::from("string"))]);
    let fault = Json::object([
        ("type", Json::from("object")),
        (
            "properties",
            Json::object([
                ("code", text()),
                ("subcode", text()),
                ("reason", text()),
                ("detail", Json::Object(Vec::new())),
            ]),
        ),
        ("required", Json::array(["code", "reason"])),
    ]);
    Json::object([
        ("type", Json::from("object")),
        ("properties", Json::object([("fault", fault)])),
        ("required", Json::array(["fault"])),
    ])
}

/// A name as a step of a path (RFC 3986 §3.3).
fn escaped(name: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let mut out = String::new();
    for b in name.bytes() {
        match is_plain(b) {
            true => out.push(char::from(b)),
            false => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
