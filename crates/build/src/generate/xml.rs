//! Types beyond data contracts: attributes, choices, text, wildcards.

use proc_macro2::TokenStream;
use waxwing_metadata::contract::TypeId;

use super::plan::Place;
use super::types::Items;

/// Whether this module writes such types; operations that need them take XML as it is otherwise.
pub(super) const WRITES_TYPES: bool = false;

/// The item of a type beyond data contracts.
pub(super) fn item(_: &mut Items<'_, '_>, _: TypeId, _: &Place) -> TokenStream {
    TokenStream::new()
}
