//! `char`: one UTF-16 code unit, written as a number.

use super::ValueError;

/// A `System.Char`: one UTF-16 code unit, which may be half of a surrogate pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Char(pub u16);

impl TryFrom<char> for Char {
    type Error = ValueError;

    /// # Errors
    /// A character outside the basic plane, which takes two code units.
    fn try_from(c: char) -> Result<Self, ValueError> {
        u16::try_from(c as u32).map(Self).map_err(|_| ValueError::Range("Char"))
    }
}

impl TryFrom<Char> for char {
    type Error = ValueError;

    /// # Errors
    /// Half of a surrogate pair.
    fn try_from(c: Char) -> Result<Self, ValueError> {
        char::from_u32(u32::from(c.0)).ok_or(ValueError::Range("char"))
    }
}
