//! Built-in types that are more than digits: strings, URIs, qualified names, bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing_xml::{Element, NodeId};

use super::text::XmlText;
use crate::name::ContractName;
use crate::reader::resolve;
use crate::values::{QName, Uri};
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError};

impl XmlText for String {
    fn write_text(&self, _: &mut Writer<'_>, _: NodeId) -> Result<Cow<'_, str>, WriteError> {
        Ok(Cow::Borrowed(self))
    }

    fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
        Ok(text.to_owned())
    }
}

impl XmlText for Uri {
    fn write_text(&self, _: &mut Writer<'_>, _: NodeId) -> Result<Cow<'_, str>, WriteError> {
        Ok(Cow::Borrowed(self.as_str()))
    }

    fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
        text.parse().map_err(|_| ReadErrorKind::Content("System.Uri", "Uri").into())
    }
}

impl XmlText for QName {
    fn write_text(
        &self,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<Cow<'_, str>, WriteError> {
        let name = ContractName::owned(self.local.as_str(), self.namespace.as_str());
        writer.qualified_name(element, &name).map(Cow::Owned)
    }

    fn read_text(text: &str, element: Element<'_>) -> Result<Self, ReadError> {
        let name = resolve(element, text)?;
        Ok(Self { namespace: name.namespace.into_owned(), local: name.local.into_owned() })
    }
}

/// Base64.
impl XmlText for Vec<u8> {
    fn write_text(&self, _: &mut Writer<'_>, _: NodeId) -> Result<Cow<'_, str>, WriteError> {
        Ok(Cow::Owned(STANDARD.encode(self)))
    }

    fn read_text(text: &str, _: Element<'_>) -> Result<Self, ReadError> {
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let dense: Vec<u8> = text.bytes().filter(|b| !blank(b)).collect();
        STANDARD
            .decode(&dense)
            .map_err(|_| ReadErrorKind::Content("System.Byte[]", "Base64").into())
    }
}
