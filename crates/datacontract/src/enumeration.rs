//! Enumerations: member names, and several of them for flags.

use std::borrow::Cow;

use waxwing_xml::{Element, NodeId};

use crate::describe::{EnumerationDescription, EnumerationMember, TypeKind};
use crate::name::{ContractName, namespaces};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError, WriteErrorKind};

/// The members of an enumeration: names on the wire and numbers, in the order of declaration.
#[derive(Clone, Copy, Debug)]
pub struct EnumMembers(pub &'static [(&'static str, i64)]);

impl EnumMembers {
    /// Describes them. `underlying` is the built-in type of the numbers; without a doc comment for each, there is none.
    #[doc(hidden)]
    pub fn describe(
        &self,
        flags: bool,
        underlying: &'static str,
        documentation: &[&'static str],
    ) -> TypeKind {
        let members = self.0.iter().enumerate().map(|(index, &(name, value))| {
            let documentation = documentation.get(index).copied().unwrap_or_default().into();
            EnumerationMember { name: name.into(), value, documentation }
        });
        let members = members.collect();
        let underlying = ContractName::new(underlying, namespaces::XSD);
        TypeKind::Enumeration(EnumerationDescription { members, flags, underlying })
    }

    /// Writes the name of `value`.
    ///
    /// # Errors
    /// A value that is not a member.
    pub fn write(
        &self,
        value: i64,
        contract: &ContractName,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        writer.text(element, self.text(value, contract)?)
    }

    /// The name of `value`.
    ///
    /// # Errors
    /// A value that is not a member.
    #[doc(hidden)]
    pub fn text(&self, value: i64, contract: &ContractName) -> Result<&'static str, WriteError> {
        let member = self.0.iter().find(|(_, number)| *number == value);
        member.map(|(name, _)| *name).ok_or_else(|| invalid_value(value, contract))
    }

    /// Reads the name of a member: its number. Neither case nor blanks are forgiven.
    ///
    /// # Errors
    /// Text that is not a member's name.
    pub fn read(
        &self,
        contract: &ContractName,
        reader: &Reader,
        element: Element<'_>,
    ) -> Result<i64, ReadError> {
        let text = reader.text(element, "System.Enum")?;
        self.number(&text, contract)
    }

    /// Writes flags: the member that is exactly `value`, or the names of members that make it up.
    ///
    /// # Errors
    /// Bits that are no member's.
    pub fn write_flags(
        &self,
        value: i64,
        contract: &ContractName,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        writer.text(element, &self.flags_text(value, contract)?)
    }

    /// The member that is exactly `value`, or the names of members that make it up.
    ///
    /// # Errors
    /// Bits that are no member's.
    #[doc(hidden)]
    pub fn flags_text(
        &self,
        value: i64,
        contract: &ContractName,
    ) -> Result<Cow<'static, str>, WriteError> {
        if let Some((name, _)) = self.0.iter().find(|(_, number)| *number == value) {
            return Ok(Cow::Borrowed(name));
        }
        let mut rest = value;
        let mut names = Vec::new();
        for &(name, number) in self.0 {
            if number != 0 && rest & number == number {
                names.push(name);
                rest &= !number;
            }
        }
        if rest != 0 {
            return Err(invalid_value(value, contract));
        }
        Ok(Cow::Owned(names.join(" ")))
    }

    /// Reads flags: names separated by blanks; no name is zero.
    ///
    /// # Errors
    /// A name that is not a member's.
    pub fn read_flags(
        &self,
        contract: &ContractName,
        reader: &Reader,
        element: Element<'_>,
    ) -> Result<i64, ReadError> {
        let text = reader.text(element, "System.Enum")?;
        self.flags_of(&text, contract)
    }

    /// The bits of names separated by blanks.
    ///
    /// # Errors
    /// A name that is not a member's.
    #[doc(hidden)]
    pub fn flags_of(&self, text: &str, contract: &ContractName) -> Result<i64, ReadError> {
        let names = text.split([' ', '\t', '\r', '\n']).filter(|name| !name.is_empty());
        names.map(|name| self.number(name, contract)).try_fold(0, |sum, bits| Ok(sum | bits?))
    }

    /// The number of a name.
    ///
    /// # Errors
    /// A name that is not a member's.
    #[doc(hidden)]
    pub fn number(&self, name: &str, contract: &ContractName) -> Result<i64, ReadError> {
        let member = self.0.iter().find(|(known, _)| *known == name);
        member
            .map(|(_, number)| *number)
            .ok_or_else(|| ReadErrorKind::NotAMember(name.to_owned(), clr_name(contract)).into())
    }
}

/// The CLR name behind a default namespace; other contracts are shown by their local name.
fn clr_name(contract: &ContractName) -> String {
    match contract.namespace.strip_prefix(namespaces::DATA_CONTRACT_BASE) {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}.{}", contract.local),
        _ => contract.local.to_string(),
    }
}

fn invalid_value(value: impl ToString, contract: &ContractName) -> WriteError {
    WriteErrorKind::EnumValue(value.to_string(), clr_name(contract)).into()
}

/// The error for a variant that is kept off the wire.
#[doc(hidden)]
pub fn hidden_variant(variant: &str, contract: &ContractName) -> WriteError {
    invalid_value(variant, contract)
}
