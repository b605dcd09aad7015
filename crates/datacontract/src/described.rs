//! Descriptions of Rust types: how an implementation of [`DataContract::describe`] adds its own.

use crate::contract::DataContract;
use crate::describe::{GenericName, TypeDescriptions, TypeKind, TypeUse};

impl TypeUse {
    /// A type by its own word, without null.
    pub fn of<T: DataContract>() -> Self {
        Self { contract: T::contract_name(), value_type: T::VALUE_TYPE, nullable: false }
    }
}

impl TypeDescriptions {
    /// Those of a type and of all that it refers to, and the type as it is used.
    pub fn of<T: DataContract>() -> (Self, TypeUse) {
        let mut types = Self::new();
        let used = T::describe(&mut types);
        (types, used)
    }

    /// Adds the description of `T`, unless it is there: `kind` makes it, and describes what it refers to.
    ///
    /// This is what a hand-written [`DataContract::describe`] calls.
    ///
    /// ```
    /// # use waxwing_datacontract::{
    /// #     ContractName, DataContract, ReadError, Reader, TypeDescriptions, TypeKind, TypeUse, WriteError, Writer,
    /// # };
    /// # use waxwing_xml::{Element, NodeId};
    /// /// A text that is checked when it is read.
    /// struct Article(String);
    ///
    /// impl DataContract for Article {
    ///     fn contract_name() -> ContractName {
    ///         ContractName::new("Article", "urn:shop")
    ///     }
    ///
    ///     fn describe(types: &mut TypeDescriptions) -> TypeUse {
    ///         types.add::<Self>("The number of an article.", |_| TypeKind::Simple(String::contract_name()))
    ///     }
    ///     // …
    /// #     fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
    /// #         self.0.write(writer, element)
    /// #     }
    /// #     fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
    /// #         String::read(reader, element).map(Self)
    /// #     }
    /// }
    ///
    /// let (types, _) = TypeDescriptions::of::<Article>();
    /// assert_eq!(types.iter().count(), 1);
    /// ```
    pub fn add<T: DataContract>(
        &mut self,
        documentation: &'static str,
        kind: impl FnOnce(&mut Self) -> TypeKind,
    ) -> TypeUse {
        self.add_generic::<T>(documentation, None, kind)
    }

    /// The same of a generic type whose name was made so.
    pub fn add_generic<T: DataContract>(
        &mut self,
        documentation: &'static str,
        generic: Option<GenericName>,
        kind: impl FnOnce(&mut Self) -> TypeKind,
    ) -> TypeUse {
        let rust = std::any::type_name::<T>();
        self.insert(rust, TypeUse::of::<T>(), documentation, generic, kind)
    }
}
