//! A type where it is used.

use crate::name::ContractName;

/// A type where it is used: as a member, an item, a part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeUse {
    /// The contract. Of a built-in type (`xs:int`, `ser:guid`) there is no further description.
    pub contract: ContractName,
    /// Whether .NET has a value type for it, which cannot be null by itself.
    pub value_type: bool,
    /// Whether null is a value here (`Option<T>`).
    pub nullable: bool,
}

impl TypeUse {
    /// The same where null is a value, too.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same, nullable if .NET's type is: in collections, dictionaries and parts of messages WCF knows no reference
    /// that cannot be null.
    #[must_use]
    pub fn as_dot_net(mut self) -> Self {
        self.nullable |= !self.value_type;
        self
    }
}
