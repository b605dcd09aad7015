//! What a contract says of its messages: elements, types, protection.
//!
//! Nothing is made of the types before somebody asks [`PartDescription::describe`].

use std::any::TypeId;

use waxwing_datacontract::{ContractName, DataContract, TypeDescriptions, TypeUse};
use waxwing_security::ProtectionLevel;
use waxwing_soap::Envelope;

/// A message of an operation (`[MessageContract]`).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MessageDescription {
    /// How the message is protected; none: as the operation says.
    pub protection_level: Option<ProtectionLevel>,
    /// What is around the parts of the body.
    pub body: BodyDescription,
    /// The parts of the body (`[MessageBodyMember]`), in order; of a reply the result, then its `out` parameters. Each may be
    /// protected by itself; the body as a whole has the highest level of them.
    pub parts: &'static [PartDescription],
    /// The headers (`[MessageHeader]`).
    pub headers: &'static [PartDescription],
}

/// What is around the parts of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyDescription {
    /// An element, and the parts in it.
    Wrapped(ElementName),
    /// Nothing: parts are elements in the body.
    Bare,
    /// The part is the whole body, of which nothing more is known (`RawBody`, `RawMessage`; WCF's `Message`).
    Raw,
}

/// The name of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementName {
    /// The local name.
    pub local: &'static str,
    /// The namespace; empty for none.
    pub namespace: &'static str,
}

/// A part of a body, or a header.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PartDescription {
    /// The local name of its element.
    pub local: &'static str,
    /// The namespace of its element; empty for none.
    pub namespace: &'static str,
    /// How often it is there.
    pub form: PartForm,
    /// How it is protected; none: as the message.
    pub protection_level: Option<ProtectionLevel>,
    /// The doc comment of the parameter; empty without one.
    pub documentation: &'static str,
    /// Describes the type of the element: of a repeated part that of its items.
    pub describe: fn(&mut TypeDescriptions) -> TypeUse,
    /// Whether it is read and written as its octets come ([`MessageStream`](super::MessageStream)).
    pub is_stream: bool,
}

/// How often a part is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartForm {
    /// Once; null is `i:nil`.
    #[default]
    Once,
    /// Not at all when it is null.
    Optional,
    /// As often as there are items.
    Repeated,
}

/// A fault that an operation declares (`FaultContract`).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FaultDescription {
    /// Its name in metadata: by default that of its type and `Fault`.
    pub name: &'static str,
    /// The action of the fault.
    pub action: &'static str,
    /// Local name and namespace of the detail element, where it is not called after its data contract.
    pub element: Option<(&'static str, &'static str)>,
    /// The Rust type of the detail.
    pub detail: fn() -> TypeId,
    /// The element of the detail by its data contract.
    pub root: fn() -> ContractName,
    /// Describes the type of the detail.
    pub describe: fn(&mut TypeDescriptions) -> TypeUse,
    /// How the fault is protected; none: as the operation says.
    pub protection_level: Option<ProtectionLevel>,
}

impl MessageDescription {
    /// A message without anything.
    pub const EMPTY: Self =
        Self { protection_level: None, body: BodyDescription::Bare, parts: &[], headers: &[] };

    /// A message with parts and headers.
    pub const fn new(
        body: BodyDescription,
        parts: &'static [PartDescription],
        headers: &'static [PartDescription],
    ) -> Self {
        Self { protection_level: None, body, parts, headers }
    }

    /// The same with a protection level.
    #[must_use]
    pub const fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }
}

/// Where the stream of a message stands: an element of the body, or the first one in that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamPlace {
    /// Local name and namespace of the element around it.
    wrapper: Option<(Box<str>, Box<str>)>,
    part: (Box<str>, Box<str>),
}

impl StreamPlace {
    /// That of a message; none of one without stream.
    pub(crate) fn of(message: &MessageDescription) -> Option<Self> {
        let part = message.parts.iter().find(|part| part.is_stream)?;
        let wrapper = match message.body {
            BodyDescription::Wrapped(ElementName { local, namespace }) => {
                Some((local.into(), namespace.into()))
            }
            BodyDescription::Bare | BodyDescription::Raw => None,
        };
        Some(Self { wrapper, part: (part.local.into(), part.namespace.into()) })
    }

    /// Whether the last element of what has come of a message is the one.
    pub(crate) fn is_reached(&self, message: &Envelope) -> bool {
        let first = message.payload();
        let (around, last) = match &self.wrapper {
            None => (None, first),
            Some(wrapper) => {
                let around = first.filter(|first| first.is(&wrapper.1, &wrapper.0));
                (around, around.and_then(|around| around.first_element()))
            }
        };
        around.is_some() == self.wrapper.is_some()
            && last.is_some_and(|last| last.is(&self.part.1, &self.part.0))
    }
}

impl BodyDescription {
    /// Parts in an element of this name.
    pub const fn wrapped(local: &'static str, namespace: &'static str) -> Self {
        Self::Wrapped(ElementName { local, namespace })
    }
}

impl PartDescription {
    /// A part in an element of this name, of the type that `describe` describes.
    ///
    /// ```
    /// use waxwing::contract::PartDescription;
    /// use waxwing::datacontract::{DataContract, TypeDescriptions};
    /// const TEXT: PartDescription = PartDescription::new("text", "urn:echo", <Option<String>>::describe);
    /// assert!((TEXT.describe)(&mut TypeDescriptions::new()).nullable);
    /// ```
    pub const fn new(
        local: &'static str,
        namespace: &'static str,
        describe: fn(&mut TypeDescriptions) -> TypeUse,
    ) -> Self {
        let (form, protection_level, documentation) = (PartForm::Once, None, "");
        let is_stream = false;
        Self { local, namespace, form, protection_level, documentation, describe, is_stream }
    }

    /// The same, there as often as this.
    #[must_use]
    pub const fn with_form(mut self, form: PartForm) -> Self {
        self.form = form;
        self
    }

    /// The same that is read and written as its octets come.
    #[must_use]
    pub const fn as_stream(mut self) -> Self {
        self.is_stream = true;
        self
    }

    /// The same with a protection level.
    #[must_use]
    pub const fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The same with documentation.
    #[must_use]
    pub const fn with_documentation(mut self, documentation: &'static str) -> Self {
        self.documentation = documentation;
        self
    }
}

/// Where the function is says nothing to anybody.
impl std::fmt::Debug for PartDescription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartDescription")
            .field("local", &self.local)
            .field("namespace", &self.namespace)
            .field("form", &self.form)
            .field("protection_level", &self.protection_level)
            .finish_non_exhaustive()
    }
}

impl FaultDescription {
    /// A fault whose detail is of the type `T`, in an element called after its data contract.
    pub const fn of<T: DataContract + 'static>(name: &'static str, action: &'static str) -> Self {
        Self {
            name,
            action,
            element: None,
            detail: TypeId::of::<T>,
            root: T::root_name,
            describe: T::describe,
            protection_level: None,
        }
    }

    /// The same with a detail element of its own.
    #[must_use]
    pub const fn with_element(mut self, local: &'static str, namespace: &'static str) -> Self {
        self.element = Some((local, namespace));
        self
    }

    /// The same with a protection level of its own.
    #[must_use]
    pub const fn with_protection_level(mut self, level: Option<ProtectionLevel>) -> Self {
        self.protection_level = level;
        self
    }

    /// The name of the detail element.
    pub fn detail_element(&self) -> ContractName {
        match self.element {
            Some((local, namespace)) => ContractName::new(local, namespace),
            None => (self.root)(),
        }
    }
}

/// What a repeated part is made of.
pub trait Items {
    /// Describes the type of an item.
    fn describe_item(types: &mut TypeDescriptions) -> TypeUse;
}

impl<T: DataContract> Items for Vec<T> {
    fn describe_item(types: &mut TypeDescriptions) -> TypeUse {
        T::describe(types)
    }
}

/// `MessageBody`: what WCF's schemas call a body that may be anything.
pub fn describe_raw(_: &mut TypeDescriptions) -> TypeUse {
    let contract = ContractName::new("MessageBody", "http://schemas.microsoft.com/Message");
    TypeUse { contract, value_type: false, nullable: true }
}
