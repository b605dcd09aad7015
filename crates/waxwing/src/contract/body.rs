//! Bodies: parameters and results written straight into an envelope, and read out of one.

use waxwing_datacontract::{
    ContractName, DataContract, ReadError, Reader, WriteError, WriteOptions, Writer,
};
use waxwing_soap::{Envelope, MessageVersion};
use waxwing_xml::{Element, Name, NodeId};

use super::quotas::ObjectQuotas;
use super::raw::RawBody;
use super::stream::{self, MessageStream};

/// Writes one message.
#[derive(Debug)]
pub struct MessageWriter {
    envelope: Envelope,
    parent: NodeId,
    options: WriteOptions,
}

/// The element that [`MessageWriter::body`] writes the parts into.
pub struct PartWriter<'e> {
    writer: Writer<'e>,
    parent: NodeId,
}

impl MessageWriter {
    /// An empty message whose parts are in an element called `wrapper`, or in the body itself.
    pub fn new(
        version: MessageVersion,
        wrapper: Option<&ContractName>,
        quotas: ObjectQuotas,
    ) -> Self {
        let mut envelope = Envelope::new(version);
        let parent = match wrapper {
            Some(name) => envelope.append_body_element(Name::new("", &name.local, &name.namespace)),
            None => envelope.body().id(),
        };
        Self { envelope, parent, options: quotas.write_options() }
    }

    /// Adds a header.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn header<T: DataContract>(
        &mut self,
        name: &ContractName,
        value: &T,
    ) -> Result<(), WriteError> {
        let prefix = if name.namespace.is_empty() { "" } else { "h" };
        let header = self.envelope.append_header(Name::new(prefix, &name.local, &name.namespace));
        Writer::new(self.envelope.document_mut(), header, &self.options)
            .value(header, value)
            .map_err(|error| error.inside(&name.local))
    }

    /// Adds a header unless it is null.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn optional_header<T: DataContract>(
        &mut self,
        name: &ContractName,
        value: &T,
    ) -> Result<(), WriteError> {
        if value.is_null() { Ok(()) } else { self.header(name, value) }
    }

    /// Adds a header for each item.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn repeated_header<T: DataContract>(
        &mut self,
        name: &ContractName,
        items: &[T],
    ) -> Result<(), WriteError> {
        items.iter().try_for_each(|item| self.header(name, item))
    }

    /// The place for the parts: parameters or results.
    pub fn body(&mut self) -> PartWriter<'_> {
        let document = self.envelope.document_mut();
        PartWriter {
            writer: Writer::new(document, self.parent, &self.options),
            parent: self.parent,
        }
    }

    /// Makes a stream the last part.
    ///
    /// # Errors
    /// Never: those of other parts.
    pub fn stream(&mut self, name: &ContractName, value: MessageStream) -> Result<(), WriteError> {
        let named = Name::new("", &name.local, &name.namespace);
        let element = self.envelope.document_mut().append_element(self.parent, named);
        stream::put(&mut self.envelope, element, value);
        Ok(())
    }

    /// Takes the content of a body as it is.
    pub fn raw(&mut self, body: &RawBody) {
        if let Some(payload) = body.payload() {
            self.envelope.document_mut().import(self.parent, payload);
        }
    }

    /// The message.
    pub fn finish(self) -> Envelope {
        self.envelope
    }
}

impl PartWriter<'_> {
    /// Adds a part.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn part<T: DataContract>(
        &mut self,
        name: &ContractName,
        value: &T,
    ) -> Result<(), WriteError> {
        self.writer.begin_graph();
        self.writer.child(self.parent, name, value)
    }

    /// Adds a part whose value nobody needs any more: what is large in it is not copied.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn owned_part<T: DataContract>(
        &mut self,
        name: &ContractName,
        value: T,
    ) -> Result<(), WriteError> {
        self.writer.begin_graph();
        self.writer.owned_child(self.parent, name, value)
    }

    /// Adds a part unless it is null.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn optional_part<T: DataContract>(
        &mut self,
        name: &ContractName,
        value: &T,
    ) -> Result<(), WriteError> {
        if value.is_null() { Ok(()) } else { self.part(name, value) }
    }

    /// Adds each item as a part.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    pub fn repeated_part<T: DataContract>(
        &mut self,
        name: &ContractName,
        items: &[T],
    ) -> Result<(), WriteError> {
        items.iter().try_for_each(|item| self.part(name, item))
    }
}

/// A body that is not what the contract says.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Another element in the body, or none.
    #[error(
        "OperationFormatter encountered an invalid Message body. Expected to find node type 'Element' with name '{}' and namespace '{}'. Found {found}",
        .expected.local,
        .expected.namespace
    )]
    Wrapper {
        /// The element that the contract says.
        expected: ContractName,
        /// What is there.
        found: String,
    },
    /// A part that is not of its data contract.
    #[error(
        "There was an error while trying to deserialize parameter {}:{}. The InnerException message was '{error}'.",
        .name.namespace,
        .name.local
    )]
    Part {
        /// The part.
        name: ContractName,
        /// What is wrong with it.
        error: Box<ReadError>,
    },
    /// More than one element where the content is not described.
    #[error("the body holds several elements; undescribed content must be one element")]
    SeveralElements,
}

debug_is_display!(BodyError);

/// Reads the parts of one message.
///
/// They are found in any order, and what no part is called is skipped; WCF looks for them forward only. A part that is not
/// there is null, or the zero of a value type, as in WCF.
pub struct MessageReader<'m> {
    message: &'m Envelope,
    parent: Element<'m>,
    reader: Reader,
}

impl<'m> MessageReader<'m> {
    /// The parts in the element called `wrapper`, or in the body itself.
    ///
    /// # Errors
    /// Another element in the body.
    pub fn new(
        message: &'m Envelope,
        wrapper: Option<&ContractName>,
        quotas: ObjectQuotas,
    ) -> Result<Self, BodyError> {
        let parent = match wrapper {
            Some(name) => wrapper_of(message, name)?,
            None => message.body(),
        };
        Ok(Self { message, parent, reader: Reader::new(&quotas.read_options()) })
    }

    /// The value of a part.
    ///
    /// # Errors
    /// Content that is not of the contract, or nothing where the type has no null.
    pub fn part<T: DataContract>(&mut self, name: &ContractName) -> Result<T, BodyError> {
        let element = self.parent.child(&name.namespace, &name.local);
        self.read(element, name)
    }

    /// A stream: what comes of the part, or what stands in it where messages are not streamed.
    ///
    /// # Errors
    /// Content that is no base64.
    pub fn stream(&mut self, name: &ContractName) -> Result<MessageStream, BodyError> {
        if let Some((_, stream)) = stream::take(self.message) {
            return Ok(stream);
        }
        let octets = self.part::<Option<Vec<u8>>>(name)?;
        Ok(octets.map_or_else(MessageStream::empty, MessageStream::from))
    }

    /// The value of a header.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn header<T: DataContract>(&mut self, name: &ContractName) -> Result<T, BodyError> {
        let element = self.message.header_named(&name.namespace, &name.local);
        self.read(element, name)
    }

    /// The values of all parts of this name.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn repeated_part<T: DataContract>(
        &mut self,
        name: &ContractName,
    ) -> Result<Vec<T>, BodyError> {
        let named = self.parent.elements();
        let named = named.filter(|element| element.is(&name.namespace, &name.local));
        named.map(|element| self.read(Some(element), name)).collect()
    }

    /// The values of all headers of this name.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn repeated_header<T: DataContract>(
        &mut self,
        name: &ContractName,
    ) -> Result<Vec<T>, BodyError> {
        let message = self.message;
        let named = message.headers().filter(|header| header.is(&name.namespace, &name.local));
        named.map(|header| self.read(Some(header), name)).collect()
    }

    /// The whole content of the body.
    ///
    /// # Errors
    /// More than one element.
    pub fn raw(message: &Envelope) -> Result<RawBody, BodyError> {
        let mut elements = message.body().elements();
        match (elements.next(), elements.next()) {
            (None, _) => Ok(RawBody::empty()),
            (Some(payload), None) => Ok(RawBody::copy_of(payload)),
            (Some(_), Some(_)) => Err(BodyError::SeveralElements),
        }
    }

    fn read<T: DataContract>(
        &mut self,
        element: Option<Element<'_>>,
        name: &ContractName,
    ) -> Result<T, BodyError> {
        self.reader.begin_graph();
        let value = match element {
            Some(element) => self.reader.value(element),
            None => self.reader.missing(&name.local),
        };
        value.map_err(|error| BodyError::Part { name: name.clone(), error: Box::new(error) })
    }
}

fn wrapper_of<'m>(message: &'m Envelope, name: &ContractName) -> Result<Element<'m>, BodyError> {
    let found = message.payload();
    found.filter(|payload| payload.is(&name.namespace, &name.local)).ok_or_else(|| {
        let found = found.map_or_else(
            || "an empty body".to_owned(),
            |other| {
                let (local, namespace) = (other.local_name(), other.namespace());
                format!("node type 'Element' with name '{local}' and namespace '{namespace}'")
            },
        );
        BodyError::Wrapper { expected: name.clone(), found }
    })
}
