//! [`Guid`] and `uuid::Uuid`: the same octets in the same order.

use ::uuid::Uuid;

use crate::values::Guid;

impl From<Uuid> for Guid {
    fn from(value: Uuid) -> Self {
        Self(value.into_bytes())
    }
}

impl From<Guid> for Uuid {
    fn from(value: Guid) -> Self {
        Self::from_bytes(value.0)
    }
}
