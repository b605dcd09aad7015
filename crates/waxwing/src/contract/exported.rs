//! From the description of a contract to what metadata says of it: port type, messages and schemas.

use waxwing_binding::SessionMode;
use waxwing_metadata::export::{
    ContractExport, FaultExport, HeaderExport, MessageExport, Occurrence, OperationExport,
    PartExport, SchemaExporter,
};
use waxwing_metadata::wsdl::{Part, PartContent};
use waxwing_metadata::{At, QName};
use waxwing_security::ProtectionLevel;

use super::description::{ContractDescription, OperationDescription};
use super::message::{
    BodyDescription, FaultDescription, MessageDescription, PartDescription, PartForm,
};

impl ContractDescription {
    /// What metadata says of the contract; its messages and types go into `schemas`. `level` goes before the protection level
    /// that the contract says.
    ///
    /// ```
    /// use waxwing::contract::{OperationFault, service_contract};
    /// use waxwing_metadata::export::SchemaExporter;
    ///
    /// #[service_contract(namespace = "urn:echo", name = "IEcho")]
    /// trait Echo {
    ///     async fn echo(&self, text: &str) -> Result<String, OperationFault>;
    /// }
    ///
    /// let mut schemas = SchemaExporter::new();
    /// let exported = ECHO_CONTRACT.export(&mut schemas, None);
    /// assert_eq!(exported.operations[0].name, "Echo");
    /// let schemas = schemas.finish();
    /// assert_eq!(schemas.schemas[0].elements.len(), 2);
    /// ```
    pub fn export(
        &self,
        schemas: &mut SchemaExporter,
        level: Option<ProtectionLevel>,
    ) -> ContractExport {
        // An operation for every action has no place in WSDL.
        let named = self.operations.iter().filter(|operation| operation.action != "*");
        let operations = named.map(|operation| {
            let level = operation.level_within(self, level).unwrap_or_default();
            export_operation(operation, schemas, level, false)
        });
        let mut operations: Vec<OperationExport> = operations.collect();
        if let Some(callback) = self.callback {
            // What the service calls at its clients stands in the same port type.
            let named = callback.operations.iter().filter(|operation| operation.action != "*");
            operations.extend(named.map(|operation| {
                let level = operation.level_within(callback, level).unwrap_or_default();
                export_operation(operation, schemas, level, true)
            }));
        }
        ContractExport {
            name: QName::new(self.namespace, self.name),
            using_session: match self.session_mode {
                SessionMode::Required => Some(true),
                SessionMode::NotAllowed => Some(false),
                _ => None,
            },
            operations,
            documentation: documentation(schemas, self.documentation),
        }
    }
}

impl OperationDescription {
    /// The level of an operation's messages: its own, or `level`, or that of the contract that declares it.
    fn level_within(
        &self,
        contract: &ContractDescription,
        level: Option<ProtectionLevel>,
    ) -> Option<ProtectionLevel> {
        let declared = self.inherited_from.map(|declaring| declaring.protection_level);
        let declared = declared.unwrap_or(contract.protection_level);
        self.protection_level.or(level).or(declared)
    }
}

/// A doc comment, where they are wanted.
fn documentation(schemas: &SchemaExporter, text: &str) -> Option<String> {
    (schemas.documents() && !text.is_empty()).then(|| text.to_owned())
}

fn export_operation(
    operation: &OperationDescription,
    schemas: &mut SchemaExporter,
    level: ProtectionLevel,
    is_callback: bool,
) -> OperationExport {
    let request = export_message(&operation.request, operation.action, schemas, level);
    let reply = operation.reply_action;
    let reply = reply.map(|action| export_message(&operation.reply, action, schemas, level));
    let faults = operation.faults.iter().map(|fault| export_fault(fault, schemas, level));
    OperationExport {
        name: operation.name.to_owned(),
        is_callback,
        request,
        reply,
        faults: faults.collect(),
        is_initiating: operation.is_initiating,
        is_terminating: operation.is_terminating,
        documentation: documentation(schemas, operation.documentation),
    }
}

fn export_message(
    message: &MessageDescription,
    action: &str,
    schemas: &mut SchemaExporter,
    level: ProtectionLevel,
) -> MessageExport {
    let level = message.protection_level.unwrap_or(level);
    let parts: Vec<_> = message.parts.iter().map(|part| export_part(part, schemas)).collect();
    let parts = match message.body {
        BodyDescription::Wrapped(wrapper) => {
            let wrapper = QName::new(wrapper.namespace, wrapper.local);
            schemas.wrapper(&wrapper, &parts);
            vec![wsdl_part("parameters", PartContent::Element(wrapper))]
        }
        BodyDescription::Bare => {
            parts.iter().for_each(|part| schemas.element(part));
            let element = |own: &PartExport| {
                wsdl_part(&own.element.local, PartContent::Element(own.element.clone()))
            };
            parts.iter().map(element).collect()
        }
        BodyDescription::Raw => {
            let anything = schemas.anything();
            let raw = |own: &PartExport| {
                wsdl_part(&own.element.local, PartContent::Type(anything.clone()))
            };
            parts.iter().map(raw).collect()
        }
    };
    let headers = message.headers.iter().map(|header| {
        let part = export_part(header, schemas);
        schemas.element(&part);
        let level = exported(header.protection_level.unwrap_or(level));
        HeaderExport { element: part.element, level }
    });
    let headers = headers.collect();
    let own = message.parts.iter().map(|part| part.protection_level.unwrap_or(level));
    let level = exported(own.max().unwrap_or(level));
    // `*`: it is another one each time.
    let action = Some(action).filter(|action| *action != "*").map(str::to_owned);
    MessageExport { name: None, action, parts, headers, level }
}

fn export_part(part: &PartDescription, schemas: &mut SchemaExporter) -> PartExport {
    let value = (part.describe)(schemas.types());
    let occurrence = match part.form {
        PartForm::Once => Occurrence::Once,
        PartForm::Optional => Occurrence::Optional,
        PartForm::Repeated => Occurrence::Repeated,
    };
    PartExport::new(QName::new(part.namespace, part.local), value)
        .with_occurrence(occurrence)
        .with_documentation(part.documentation)
}

fn wsdl_part(name: &str, content: PartContent) -> Part {
    Part { name: name.to_owned(), content, at: At::nowhere() }
}

fn export_fault(
    fault: &FaultDescription,
    schemas: &mut SchemaExporter,
    level: ProtectionLevel,
) -> FaultExport {
    let element = fault.detail_element();
    let element = QName::new(&*element.namespace, &*element.local);
    // The element of a type may always be nil.
    let value = (fault.describe)(schemas.types()).or_null();
    schemas.element(&PartExport::new(element.clone(), value));
    FaultExport {
        name: fault.name.to_owned(),
        action: fault.action.to_owned(),
        element,
        level: exported(fault.protection_level.unwrap_or(level)),
    }
}

/// The level in the words of bindings.
fn exported(level: ProtectionLevel) -> waxwing_binding::ProtectionLevel {
    match level {
        ProtectionLevel::None => waxwing_binding::ProtectionLevel::None,
        ProtectionLevel::Sign => waxwing_binding::ProtectionLevel::Sign,
        ProtectionLevel::EncryptAndSign => waxwing_binding::ProtectionLevel::EncryptAndSign,
    }
}
