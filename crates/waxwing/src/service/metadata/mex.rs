//! WS-MetadataExchange: what endpoints of the contract `IMetadataExchange` answer (WS-Transfer `Get`; `GetMetadata` for other stacks).

use std::sync::Arc;

use waxwing_metadata::export::{Form, Written};
use waxwing_metadata::namespaces::{MEX, WSDL, XSD};
use waxwing_soap::Envelope;
use waxwing_xml::{Document, Element, Name};

use super::description::Description;
use super::seen::{Seen, SeenBy};
use super::settings::Settings;
use crate::contract::{
    BodyDescription, BoxFuture, ContractDescription, Dispatch, MessageDescription,
    OperationContext, OperationDescription, OperationFault, Outgoing, PartDescription,
    describe_raw,
};
use crate::service::instances::{Instances, ServiceObject};

const NAMESPACE: &str = "http://schemas.microsoft.com/2006/04/mex";
const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
const GET_RESPONSE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse";
const GET_METADATA: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex/GetMetadata/Request";
const GET_METADATA_RESPONSE: &str =
    "http://schemas.xmlsoap.org/ws/2004/09/mex/GetMetadata/Response";

const RAW: MessageDescription = MessageDescription::new(
    BodyDescription::Raw,
    &[PartDescription::new("message", "", describe_raw)],
    &[],
);

/// WCF's contract of metadata endpoints, with what Apache CXF and Axis2 ask besides.
pub(in crate::service) static METADATA: ContractDescription = ContractDescription::new(
    waxwing_binding::METADATA_CONTRACT,
    NAMESPACE,
    &[
        OperationDescription::new("Get", GET, Some(GET_RESPONSE)).with_messages(RAW, RAW, &[]),
        OperationDescription::new("GetMetadata", GET_METADATA, Some(GET_METADATA_RESPONSE))
            .with_messages(RAW, RAW, &[]),
    ],
);

/// Answers with the metadata of a service.
pub(in crate::service) struct Exchange {
    description: Arc<Description>,
    settings: Arc<Settings>,
}

impl Exchange {
    pub(in crate::service) fn new(description: Arc<Description>, settings: Arc<Settings>) -> Self {
        Self { description, settings }
    }

    /// The sections that are asked for.
    fn metadata(&self, wanted: &Wanted) -> Document {
        let by = SeenBy::default();
        let seen = Seen::at_port(self.description.port());
        let all = self.description.documents(self.settings.version, |own| by.rewritten(own, &seen));
        let mut document = Document::new(Name::new("wsx", "Metadata", MEX));
        let root = document.root().id();
        if let (Some(elsewhere), true) = (&self.settings.external, wanted.dialect(WSDL)) {
            let section = document.append_element(root, Name::new("wsx", "MetadataSection", MEX));
            document.set_attribute(section, Name::local("Dialect"), WSDL);
            document.append_text_element(section, Name::new("wsx", "Location", MEX), elsewhere);
            return document;
        }
        for Written { namespace, is_schema, document: own, .. } in all.write(Form::Sections) {
            let dialect = if is_schema { XSD } else { WSDL };
            if !wanted.dialect(dialect) || !wanted.identifier(&namespace) {
                continue;
            }
            let section = document.append_element(root, Name::new("wsx", "MetadataSection", MEX));
            document.set_attribute(section, Name::local("Dialect"), dialect);
            document.set_attribute(section, Name::local("Identifier"), &namespace);
            document.import(section, own.root());
        }
        document
    }
}

/// What a `GetMetadata` asks for; everything without a word (WS-MetadataExchange §4.1).
#[derive(Default)]
struct Wanted {
    dialect: Option<String>,
    identifier: Option<String>,
}

impl Wanted {
    fn of(body: Option<Element<'_>>) -> Self {
        let text = |local| {
            let child = body.filter(|own| own.is(MEX, "GetMetadata"))?.child(MEX, local)?;
            Some(child.text().trim().to_owned()).filter(|text| !text.is_empty())
        };
        Self { dialect: text("Dialect"), identifier: text("Identifier") }
    }

    fn dialect(&self, own: &str) -> bool {
        self.dialect.as_deref().is_none_or(|wanted| wanted == own)
    }

    fn identifier(&self, own: &str) -> bool {
        self.identifier.as_deref().is_none_or(|wanted| wanted == own)
    }
}

impl Dispatch for Exchange {
    fn contract(&self) -> &'static ContractDescription {
        &METADATA
    }

    fn dispatch<'a>(
        &'a self,
        _context: &'a OperationContext,
        action: &'a str,
        message: &'a Envelope,
    ) -> BoxFuture<'a, Result<Option<Outgoing>, OperationFault>> {
        Box::pin(async move {
            let (reply, wanted) = match action {
                GET => (GET_RESPONSE, Wanted::default()),
                GET_METADATA => (GET_METADATA_RESPONSE, Wanted::of(message.payload())),
                other => return Err(OperationFault::action_not_supported(other)),
            };
            let metadata = self.metadata(&wanted);
            let mut envelope = Envelope::new(message.version());
            let body = envelope.body().id();
            envelope.document_mut().import(body, metadata.root());
            Ok(Some(Outgoing { action: reply.to_owned(), envelope }))
        })
    }
}

/// One object for all calls.
pub(in crate::service) struct ExchangeInstances {
    object: Arc<ServiceObject>,
    contracts: [&'static ContractDescription; 1],
}

impl ExchangeInstances {
    pub(in crate::service) fn new(exchange: Exchange) -> Self {
        let object = Arc::new(ServiceObject::new().contract(exchange));
        Self { object, contracts: [&METADATA] }
    }
}

impl Instances for ExchangeInstances {
    fn contracts(&self) -> &[&'static ContractDescription] {
        &self.contracts
    }

    fn modes(&self) -> waxwing_session::DispatchModes {
        waxwing_session::DispatchModes {
            instances: waxwing_session::InstanceContextMode::Single,
            concurrency: waxwing_session::ConcurrencyMode::Multiple,
        }
    }

    fn instance(&self) -> Arc<ServiceObject> {
        Arc::clone(&self.object)
    }
}
