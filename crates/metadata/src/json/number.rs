//! Numbers as text: of JSON (RFC 8259 §6) and of XML Schema, without loss.

use super::limits::MAX_NUMBER;

/// A number without exponent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    negative: bool,
    /// Digits before the point, without leading zeros; empty for none.
    whole: String,
    /// Digits behind the point, as written.
    fraction: String,
}

impl Plain {
    /// Reads a number with or without sign, fraction and exponent. None for another text, and for one that would be
    /// longer than [`MAX_NUMBER`] digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let moved = usize::try_from(exponent.unsigned_abs()).ok()?;
        if whole.len() + fraction.len() + moved > 2 * MAX_NUMBER {
            return None;
        }
        let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
        if exponent >= 0 {
            let from = moved.min(fraction.len());
            whole.extend(fraction.drain(..from));
            whole.extend(std::iter::repeat_n('0', moved - from));
        } else {
            let from = moved.min(whole.len());
            let zeros = "0".repeat(moved - from);
            fraction = zeros + &whole.split_off(whole.len() - from) + &fraction;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        Some(Self { negative, whole, fraction })
    }

    /// The digits of an integer; none when something is behind the point.
    pub(super) fn integer(&self) -> Option<String> {
        if self.fraction.bytes().any(|b| b != b'0') {
            return None;
        }
        Some(match (self.whole.as_str(), self.negative) {
            ("", _) => "0".to_owned(),
            (digits, true) => format!("-{digits}"),
            (digits, false) => digits.to_owned(),
        })
    }

    /// As `xs:decimal` writes it, with the zeros at the end that it had.
    pub(super) fn decimal(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        match self.fraction.as_str() {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }
}

/// A number of XML Schema as JSON wants it: no `+`, digits on both sides of a point, no leading zeros.
pub(super) fn json_number(text: &str) -> Option<String> {
    if text.len() > MAX_NUMBER {
        return None;
    }
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    let plain = Plain::parse(mantissa)?;
    if let Some(exponent) = exponent.get(1..) {
        exponent.parse::<i32>().ok()?;
    }
    Some(plain.decimal() + exponent)
}

impl Plain {
    /// How many digits say something, and how many of them are behind the point.
    pub(super) fn significant(&self) -> (usize, usize) {
        let fraction = self.fraction.trim_end_matches('0').len();
        (self.whole.len() + fraction, fraction)
    }

    /// Which is larger.
    pub(super) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let fraction = |number: &Self| number.fraction.trim_end_matches('0').to_owned();
        let (own, others) = (fraction(self), fraction(other));
        let is_zero =
            |number: &Self, fraction: &str| number.whole.is_empty() && fraction.is_empty();
        let own_sign = self.negative && !is_zero(self, &own);
        let other_sign = other.negative && !is_zero(other, &others);
        let size =
            (self.whole.len(), &self.whole, own).cmp(&(other.whole.len(), &other.whole, others));
        match (own_sign, other_sign) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
        }
    }
}
