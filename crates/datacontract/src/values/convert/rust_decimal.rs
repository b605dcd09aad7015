//! [`Decimal`] and `rust_decimal::Decimal`: both have 96 bits and a scale of at most 28.

use crate::values::{Decimal, ValueError};

impl TryFrom<::rust_decimal::Decimal> for Decimal {
    type Error = ValueError;

    /// # Errors
    /// None that is known: both types hold the same numbers.
    fn try_from(value: ::rust_decimal::Decimal) -> Result<Self, ValueError> {
        let scale = u8::try_from(value.scale()).map_err(|_| ValueError::Range("Decimal"))?;
        Self::new(value.mantissa(), scale)
    }
}

impl TryFrom<Decimal> for ::rust_decimal::Decimal {
    type Error = ValueError;

    /// # Errors
    /// None that is known: both types hold the same numbers.
    fn try_from(value: Decimal) -> Result<Self, ValueError> {
        Self::try_from_i128_with_scale(value.units(), u32::from(value.scale()))
            .map_err(|_| ValueError::Range("rust_decimal::Decimal"))
    }
}
