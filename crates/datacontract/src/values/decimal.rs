//! `decimal`: 96 bits and a scale, which keeps trailing zeros.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use waxwing_xml::values::DecimalValue;

use super::{ValueError, digits};

/// A `System.Decimal`: a whole number of at most 96 bits, divided by ten to the power of the scale (0 to 28).
///
/// `1.10` and `1.1` are equal, and each keeps its own text.
///
/// ```
/// use waxwing_datacontract::Decimal;
/// let price: Decimal = "1.10".parse().unwrap();
/// assert_eq!(price, Decimal::new(11, 1).unwrap());
/// assert_eq!(price.to_string(), "1.10");
/// ```
#[derive(Clone, Copy, Default)]
pub struct Decimal {
    magnitude: u128,
    scale: u8,
    negative: bool,
}

/// The largest magnitude: 2 to the power of 96, less one.
const MAX_MAGNITUDE: u128 = (1 << 96) - 1;
/// The largest scale.
const MAX_SCALE: u8 = 28;

impl Decimal {
    /// `79228162514264337593543950335`.
    pub const MAX: Self = Self { magnitude: MAX_MAGNITUDE, scale: 0, negative: false };
    /// `-79228162514264337593543950335`.
    pub const MIN: Self = Self { magnitude: MAX_MAGNITUDE, scale: 0, negative: true };

    /// `units` divided by ten to the power of `scale`.
    ///
    /// # Errors
    /// More than 96 bits, or a scale above 28.
    pub fn new(units: i128, scale: u8) -> Result<Self, ValueError> {
        let magnitude = units.unsigned_abs();
        if magnitude > MAX_MAGNITUDE || scale > MAX_SCALE {
            return Err(ValueError::Range("Decimal"));
        }
        Ok(Self { magnitude, scale, negative: units < 0 })
    }

    /// The whole number that [`Self::scale`] divides.
    pub fn units(&self) -> i128 {
        // A magnitude has 96 bits, so that it always fits.
        let units = self.magnitude as i128;
        if self.negative { -units } else { units }
    }

    /// Number of digits after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// The value as the tree of XML has it.
    pub(crate) fn value(&self) -> DecimalValue {
        let (high, low) = ((self.magnitude >> 64) as u32, self.magnitude as u64);
        DecimalValue { high, low, scale: self.scale, negative: self.negative }
    }

    /// What the tree of XML has; none of a scale that there is not.
    pub(crate) fn of(value: DecimalValue) -> Option<Self> {
        let DecimalValue { high, low, scale, negative } = value;
        let magnitude = u128::from(high) << 64 | u128::from(low);
        let negative = negative && magnitude != 0;
        (scale <= MAX_SCALE).then_some(Self { magnitude, scale, negative })
    }

    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The same value without trailing zeros after the point.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        while self.scale > 0 && self.magnitude.is_multiple_of(10) {
            self.magnitude /= 10;
            self.scale -= 1;
        }
        self.negative &= self.magnitude != 0;
        self
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { magnitude: u128::from(value.unsigned_abs()), scale: 0, negative: value < 0 }
    }
}

impl From<i32> for Decimal {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl FromStr for Decimal {
    type Err = ValueError;

    /// Sign, digits, point, digits; no exponent. Digits that do not fit after the point are rounded, half to even.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, rest) = digits(unsigned);
        let fraction = match rest.strip_prefix('.') {
            Some(rest) => rest,
            None if rest.is_empty() => "",
            None => return Err(ValueError::Form("Decimal")),
        };
        let (fraction, rest) = digits(fraction);
        if !rest.is_empty() || (whole.is_empty() && fraction.is_empty()) {
            return Err(ValueError::Form("Decimal"));
        }
        let mut value = Self { magnitude: 0, scale: 0, negative };
        for digit in whole.bytes() {
            value.magnitude = push(value.magnitude, digit).ok_or(ValueError::Range("Decimal"))?;
        }
        value.add_fraction(fraction.as_bytes())?;
        value.negative &= value.magnitude != 0;
        Ok(value)
    }
}

impl Decimal {
    fn add_fraction(&mut self, fraction: &[u8]) -> Result<(), ValueError> {
        for (at, &digit) in fraction.iter().enumerate() {
            match push(self.magnitude, digit).filter(|_| self.scale < MAX_SCALE) {
                Some(magnitude) => {
                    self.magnitude = magnitude;
                    self.scale += 1;
                }
                None => return self.round(&fraction[at..]),
            }
        }
        Ok(())
    }

    /// Rounds by the digits that did not fit: half to even.
    fn round(&mut self, rest: &[u8]) -> Result<(), ValueError> {
        let half = rest[0] == b'5' && rest[1..].iter().all(|&digit| digit == b'0');
        let up = if half { self.magnitude % 2 == 1 } else { rest[0] >= b'5' };
        self.magnitude += u128::from(up);
        if self.magnitude > MAX_MAGNITUDE {
            if self.scale == 0 {
                return Err(ValueError::Range("Decimal"));
            }
            // 2^96 ends in 6: one digit less is a whole number again after rounding up.
            self.magnitude = self.magnitude.div_ceil(10);
            self.scale -= 1;
        }
        Ok(())
    }
}

fn push(magnitude: u128, digit: u8) -> Option<u128> {
    let next = magnitude * 10 + u128::from(digit - b'0');
    (next <= MAX_MAGNITUDE).then_some(next)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value().text())
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.normalized(), other.normalized());
        (a.magnitude, a.scale, a.negative) == (b.magnitude, b.scale, b.negative)
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let value = self.normalized();
        (value.magnitude, value.scale, value.negative).hash(state);
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.normalized(), other.normalized());
        match (a.negative, b.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => a.cmp_magnitude(&b),
            (true, true) => b.cmp_magnitude(&a),
        }
    }
}

impl Decimal {
    /// Whole parts first, then fractions at a common scale; neither can overflow 128 bits.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let (a, b) = (10u128.pow(self.scale.into()), 10u128.pow(other.scale.into()));
        let whole = (self.magnitude / a).cmp(&(other.magnitude / b));
        let fraction =
            |value: &Self, power: u128| (value.magnitude % power) * (10u128.pow(28) / power);
        whole.then_with(|| fraction(self, a).cmp(&fraction(other, b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> String {
        text.parse::<Decimal>().unwrap().to_string()
    }

    #[test]
    fn keeps_trailing_zeros_and_rounds_what_does_not_fit() {
        assert_eq!(text("1.10"), "1.10");
        assert_eq!(text("0.00"), "0.00");
        assert_eq!(text("-0"), "0");
        assert_eq!(text("+1"), "1");
        assert_eq!(text(".5"), "0.5");
        assert_eq!(text("1."), "1");
        assert_eq!(text("0.00000000000000000000000000015"), "0.0000000000000000000000000002");
        assert_eq!(text("0.00000000000000000000000000025"), "0.0000000000000000000000000002");
        assert_eq!(text("79228162514264337593543950335"), Decimal::MAX.to_string());
        assert_eq!(text("7922816251426433759354395033.59"), "7922816251426433759354395034");
        for bad in ["79228162514264337593543950336", "79228162514264337593543950335.5"] {
            assert_eq!(bad.parse::<Decimal>(), Err(ValueError::Range("Decimal")), "{bad}");
        }
        for bad in ["", "-", ".", "1E2", "1,5", " 1", "0x1", "1.2.3"] {
            assert_eq!(bad.parse::<Decimal>(), Err(ValueError::Form("Decimal")), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(units in -(MAX_MAGNITUDE as i128)..=MAX_MAGNITUDE as i128, scale in 0u8..=28) {
            let value = Decimal::new(units, scale).unwrap();
            let back: Decimal = value.to_string().parse().unwrap();
            prop_assert_eq!((back.units(), back.scale()), (units, scale));
        }

        #[test]
        fn order_is_that_of_the_numbers(a in -1000i128..1000, b in -1000i128..1000, s in 0u8..4, t in 0u8..4) {
            let (x, y) = (Decimal::new(a, s).unwrap(), Decimal::new(b, t).unwrap());
            let (a, b) = (a * 10i128.pow((4 - s).into()), b * 10i128.pow((4 - t).into()));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x == y, a == b);
        }

        #[test]
        fn any_text_is_refused_or_read(text in "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}x?") {
            let _ = text.parse::<Decimal>();
        }
    }
}
