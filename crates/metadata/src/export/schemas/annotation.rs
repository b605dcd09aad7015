//! What WCF tells its own importer in `xs:appinfo`.

use waxwing_datacontract::{ContractName, GenericName};
use waxwing_xml::{Document, Name, NodeId};

use crate::name::namespaces::{SERIALIZATION, XSD};
use crate::schema::Annotation;

/// Documentation, if there is any and it is wanted.
pub(super) fn documented(text: &str, wanted: bool) -> Annotation {
    let documentation = (wanted && !text.is_empty()).then(|| text.to_owned());
    Annotation { documentation, application_information: Vec::new() }
}

/// One `xs:appinfo`, filled in order.
pub(super) struct Information {
    document: Document,
    empty: bool,
}

impl Information {
    pub(super) fn new() -> Self {
        Self { document: Document::new(Name::new("xs", "appinfo", XSD)), empty: true }
    }

    /// Puts it into an annotation, unless nothing was said.
    pub(super) fn put(self, annotation: &mut Annotation) {
        if !self.empty {
            annotation.application_information.push(self.document);
        }
    }

    fn element(&mut self, local: &str) -> NodeId {
        self.empty = false;
        let root = self.document.root().id();
        self.document.append_element(root, Name::new("", local, SERIALIZATION))
    }

    fn text(&mut self, local: &str, text: &str) {
        let element = self.element(local);
        self.document.append_text(element, text);
    }

    fn attribute(&mut self, element: NodeId, name: &str, value: &str) {
        self.document.set_attribute(element, Name::local(name), value);
    }

    /// `IsValueType`: a struct of .NET.
    pub(super) fn is_value_type(&mut self) {
        self.text("IsValueType", "true");
    }

    /// `IsDictionary`.
    pub(super) fn is_dictionary(&mut self) {
        self.text("IsDictionary", "true");
    }

    /// `DefaultValue EmitDefaultValue="false"`.
    pub(super) fn emits_no_default(&mut self) {
        let element = self.element("DefaultValue");
        self.attribute(element, "EmitDefaultValue", "false");
    }

    /// `EnumerationValue`.
    pub(super) fn enumeration_value(&mut self, value: &str) {
        self.text("EnumerationValue", value);
    }

    /// `ActualType`: the type of an enumeration's numbers.
    pub(super) fn actual_type(&mut self, name: &ContractName) {
        let element = self.element("ActualType");
        self.attribute(element, "Name", &name.local);
        self.attribute(element, "Namespace", &name.namespace);
    }

    /// `GenericType` with its parameters.
    pub(super) fn generic(&mut self, name: &GenericName) {
        let element = self.element("GenericType");
        self.generic_name(element, name);
    }

    fn generic_name(&mut self, element: NodeId, name: &GenericName) {
        self.attribute(element, "Name", &name.name);
        self.attribute(element, "Namespace", &name.namespace);
        for parameter in &name.parameters {
            let name = Name::new("", "GenericParameter", SERIALIZATION);
            let child = self.document.append_element(element, name);
            self.generic_name(child, parameter);
        }
    }
}
