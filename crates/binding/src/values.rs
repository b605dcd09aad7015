//! Values of attributes: how each type is read, checked and written.
//!
//! The rules are those of the .NET Framework's configuration converters: numbers and booleans are
//! trimmed, enumeration names are not and are case-sensitive.

use waxwing_soap::Address;

use crate::suggest;
use crate::time_span::{TimeSpan, TimeSpanError};

/// Smallest and largest legal value of a number, or of a time span in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) min: i64,
    pub(crate) max: i64,
}

impl Range {
    pub(crate) const fn new(min: i64, max: i64) -> Range {
        Range { min, max }
    }

    /// A span that must not be zero.
    pub(crate) const POSITIVE_SPAN: Range = Range::new(1, TimeSpan::MAX_TIMEOUT.ticks());
}

/// What a value must be besides being of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nothing else.
    Any,
    /// Within bounds; a text whose lower bound is 1 must not be empty.
    Range(Range),
    /// A text that .NET's `Uri` takes, relative or absolute; an empty one is no address.
    Uri,
}

impl Rule {
    /// The bounds, if there are any.
    pub(crate) fn range(self) -> Option<Range> {
        match self {
            Rule::Range(range) => Some(range),
            Rule::Any | Rule::Uri => None,
        }
    }
}

/// What a type looks like in a file, for messages and for the generated tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Name in the tables: `bool`, `int`, `TimeSpan`, or the name of the enumeration.
    pub(crate) name: &'static str,
    /// All legal names when the list is closed.
    pub(crate) names: &'static [&'static str],
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueError {
    /// Whether the text could not be converted, or the converted value is out of bounds, or it
    /// is only refused when the binding is built.
    pub(crate) stage: Stage,
    /// The innermost text of WCF.
    pub(crate) wcf: String,
    /// The same in our words.
    pub(crate) message: String,
    /// The nearest legal text.
    pub(crate) suggestion: Option<String>,
}

/// A text that is no name of an enumeration of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", .suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
pub struct UnknownName {
    /// What is wrong with it.
    pub message: String,
    /// The nearest name.
    pub suggestion: Option<String>,
}

/// The step at which WCF refuses a value; it decides the outer text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Convert,
    Validate,
    Apply,
}

/// A legal value that probably means something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
}

/// A type that an attribute may have.
pub(crate) trait Value: Sized + Clone + PartialEq {
    const KIND: Kind;

    fn read(text: &str, rule: Rule) -> Result<Self, ValueError>;

    /// The text to write, or `None` for an absent attribute.
    fn write(&self) -> Option<String>;

    fn suspicion(_text: &str) -> Option<Suspicion> {
        None
    }
}

fn refuse<T>(
    stage: Stage,
    wcf: String,
    message: String,
    suggestion: Option<String>,
) -> Result<T, ValueError> {
    Err(ValueError { stage, wcf, message, suggestion })
}

impl Value for bool {
    const KIND: Kind = Kind { name: "bool", names: &["true", "false"] };

    fn read(text: &str, _: Rule) -> Result<bool, ValueError> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("true") {
            return Ok(true);
        }
        if trimmed.eq_ignore_ascii_case("false") {
            return Ok(false);
        }
        let suggestion = match trimmed {
            "1" | "yes" | "on" => Some("true".to_owned()),
            "0" | "no" | "off" => Some("false".to_owned()),
            _ => suggest::nearest(trimmed, Self::KIND.names.iter().copied()),
        };
        refuse(
            Stage::Convert,
            format!("{text} is not a valid value for Boolean."),
            format!("\"{text}\" is neither true nor false"),
            suggestion,
        )
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Reads the number forms of .NET: decimal with a sign, or hexadecimal after `0x`, `#` or `&h`.
fn read_integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let hexadecimal = ["0x", "#", "&h"].iter().find_map(|prefix| lower.strip_prefix(prefix));
    if let Some(digits) = hexadecimal {
        let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return if valid { i128::from_str_radix(digits, 16).ok() } else { None };
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// What a person may have meant by `64K`, `65,536` or `10 MB`.
fn plain_number(text: &str) -> Option<String> {
    let compact: String =
        text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\'')).collect::<String>();
    let digits = compact.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: i64 = match compact[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(factor).map(|n| n.to_string())
}

fn read_number(
    text: &str,
    range: Range,
    type_name: &str,
    bounds: Range,
) -> Result<i64, ValueError> {
    let value = read_integer(text)
        .and_then(|n| i64::try_from(n).ok())
        .filter(|n| (bounds.min..=bounds.max).contains(n));
    let Some(value) = value else {
        return refuse(
            Stage::Convert,
            format!("{text} is not a valid value for {type_name}."),
            format!("\"{text}\" is not a whole number of type {type_name}"),
            plain_number(text),
        );
    };
    if (range.min..=range.max).contains(&value) {
        return Ok(value);
    }
    // -1 is "no limit" in many other files.
    let meant = match value {
        -1 => range.max.min(INT32.max),
        value => value.clamp(range.min, range.max),
    };
    refuse(
        Stage::Validate,
        format!("The value must be inside the range {}-{}.", range.min, range.max),
        format!("{value} is outside the range {} to {}", range.min, range.max),
        Some(meant.to_string()),
    )
}

const INT32: Range = Range::new(i32::MIN as i64, i32::MAX as i64);
const INT64: Range = Range::new(i64::MIN, i64::MAX);

impl Value for u32 {
    const KIND: Kind = Kind { name: "int", names: &[] };

    fn read(text: &str, rule: Rule) -> Result<u32, ValueError> {
        let range = rule.range().unwrap_or(Range::new(0, i32::MAX as i64));
        read_number(text, range, "Int32", INT32).map(|n| n as u32)
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for u64 {
    const KIND: Kind = Kind { name: "long", names: &[] };

    fn read(text: &str, rule: Rule) -> Result<u64, ValueError> {
        let range = rule.range().unwrap_or(Range::new(0, i64::MAX));
        read_number(text, range, "Int64", INT64).map(|n| n as u64)
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for String {
    const KIND: Kind = Kind { name: "string", names: &[] };

    fn read(text: &str, rule: Rule) -> Result<String, ValueError> {
        if rule == Rule::Uri
            && let Err(why) = Address::of(text).check().map_err(|e| e.to_string())
        {
            return refuse(
                Stage::Convert,
                why.clone(),
                format!("\"{text}\" is no address: {}", in_our_words(&why)),
                None,
            );
        }
        if rule.range().is_some_and(|r| (text.chars().count() as i64) < r.min) {
            return refuse(
                Stage::Validate,
                "The string must be at least 1 characters long.".to_owned(),
                "the value must not be empty".to_owned(),
                None,
            );
        }
        Ok(text.to_owned())
    }

    fn write(&self) -> Option<String> {
        Some(self.clone())
    }
}

/// A refusal of .NET's `Uri` without its first words.
fn in_our_words(why: &str) -> String {
    let what = why.strip_prefix("Invalid URI: ").unwrap_or(why).trim_end_matches('.');
    let mut chars = what.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

impl Value for TimeSpan {
    const KIND: Kind = Kind { name: "TimeSpan", names: &[] };

    fn read(text: &str, rule: Rule) -> Result<TimeSpan, ValueError> {
        let range = rule.range().unwrap_or(Range::new(0, TimeSpan::MAX_TIMEOUT.ticks()));
        let span = TimeSpan::parse(text).map_err(|error| ValueError {
            stage: Stage::Convert,
            wcf: match error {
                TimeSpanError::Format => format!("{text} is not a valid value for TimeSpan."),
                TimeSpanError::Range => "The TimeSpan could not be parsed because at least one of \
                    the numeric components is out of range or contains too many digits."
                    .to_owned(),
            },
            message: format!("\"{text}\" is not a time span: {error}"),
            suggestion: intended_span(text),
        })?;
        let in_range = |span: TimeSpan| (range.min..=range.max).contains(&span.ticks());
        if span.is_infinite() || in_range(span) {
            return Ok(span);
        }
        let (min, max) = (TimeSpan::from_ticks(range.min), TimeSpan::from_ticks(range.max));
        refuse(
            Stage::Validate,
            format!("The value must be inside the range {min}-{max}."),
            match TimeSpan::suspicion(text) {
                Some(s) => format!("{span} is outside the range {min} to {max}: {}", s.message),
                None => format!("{span} is outside the range {min} to {max}"),
            },
            intended_span(text).filter(|meant| {
                TimeSpan::parse(meant).is_ok_and(|s| s.is_infinite() || in_range(s))
            }),
        )
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn suspicion(text: &str) -> Option<Suspicion> {
        let trimmed = text.trim();
        let first = trimmed.split(':').next()?;
        let number: u32 = first.parse().ok()?;
        let bare = trimmed.len() == first.len();
        if bare && number > 0 {
            return Some(Suspicion {
                message: format!("a number alone counts days: this is {number} day(s)"),
                suggestion: intended_span(text),
            });
        }
        if !bare && number > 23 && trimmed.matches(':').count() == 2 {
            return Some(Suspicion {
                message: format!(
                    "a first field above 23 counts days: this is {number} day(s), not {number} hours"
                ),
                suggestion: intended_span(text),
            });
        }
        None
    }
}

/// The span a person probably meant: seconds for a bare number, minutes for `10min`, ISO 8601
/// durations, blanks around `Infinite`, hours above 23.
fn intended_span(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "infinite" | "infinity" | "never" | "-1" | "-00:00:00.001") {
        return Some("Infinite".to_owned());
    }
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(TimeSpan::seconds(seconds).to_string());
    }
    let digits = lower.trim_start_matches("pt").trim_end_matches(|c: char| !c.is_ascii_digit());
    if let (Ok(n), Some(unit)) = (digits.parse::<u32>(), lower.rsplit(digits).next()) {
        let unit = unit.trim();
        let scale = match unit {
            "ms" => return Some(TimeSpan::milliseconds(n).to_string()),
            "s" | "sec" | "secs" | "seconds" => 1,
            "m" | "min" | "mins" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            _ => return None,
        };
        return n.checked_mul(scale).map(|s| TimeSpan::seconds(s).to_string());
    }
    let fields: Vec<u32> = text.split(':').map(|f| f.parse().ok()).collect::<Option<_>>()?;
    let seconds = match fields.as_slice() {
        [h, m, s] => h.checked_mul(3600)?.checked_add(m.checked_mul(60)?)?.checked_add(*s)?,
        [h, m] => h.checked_mul(3600)?.checked_add(m.checked_mul(60)?)?,
        _ => return None,
    };
    Some(TimeSpan::seconds(seconds).to_string())
}

/// An attribute whose absence differs from its default.
impl<T: Value> Value for Option<T> {
    const KIND: Kind = T::KIND;

    fn read(text: &str, rule: Rule) -> Result<Self, ValueError> {
        T::read(text, rule).map(Some)
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(Value::write)
    }

    fn suspicion(text: &str) -> Option<Suspicion> {
        T::suspicion(text)
    }
}

/// How WCF refuses a name that is not in a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListWording {
    /// A .NET enumeration.
    Enumeration,
    /// A class with named instances; carries the class name.
    ClassFactory(&'static str),
    /// A wording of its own, following the quoted value.
    Own(&'static str),
}

/// More names than this are not listed in a message; the fix lists them.
const LONG_LIST: usize = 8;

/// Reads a name of a closed list: exact, case-sensitive, blanks not trimmed.
pub(crate) fn read_name<T: Copy>(
    text: &str,
    all: &[(T, &'static str)],
    wording: ListWording,
) -> Result<T, ValueError> {
    if let Some((value, _)) = all.iter().find(|(_, name)| *name == text) {
        return Ok(*value);
    }
    let list = all.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    let wcf = match wording {
        ListWording::Enumeration => {
            format!("The enumeration value must be one of the following: {list}.")
        }
        ListWording::ClassFactory(class) => {
            format!("The value '{text}' is not a valid instance of type '{class}'.")
        }
        ListWording::Own(rest) => format!("'{text}' {rest}"),
    };
    let trimmed = text.trim();
    let exact = all.iter().any(|(_, name)| *name == trimmed);
    let names: Vec<&'static str> = all.iter().map(|(_, name)| *name).collect();
    let suggestion = suggest::value(trimmed, &names);
    let message = if exact && text.starts_with(char::is_whitespace) {
        format!("\"{text}\" begins with a blank, and WCF does not trim names")
    } else if exact {
        format!("\"{text}\" ends with a blank, and WCF does not trim names")
    } else if suggestion.as_ref().is_some_and(|s| s.eq_ignore_ascii_case(trimmed)) {
        format!("\"{text}\" differs in upper and lower case from a legal name")
    } else if text.contains(',') {
        format!("\"{text}\" names several values, but only one is allowed")
    } else if names.len() > LONG_LIST {
        format!("\"{text}\" is no legal name here")
    } else {
        format!("\"{text}\" is not one of: {list}")
    };
    refuse(Stage::Convert, wcf, message, suggestion)
}

/// Declares an enumeration of a closed list of names with its conversions.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $T:ident as $wording:expr;
        $( $(#[$vmeta:meta])* $V:ident $(= $text:literal)? , )+
        $( $alias:literal => $A:ident; )*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $T { $( $(#[$vmeta])* $V, )+ }

        impl $T {
            const NAMES: &'static [($T, &'static str)] =
                &[
                    $( ($T::$V, $crate::values::name_text!($V $(= $text)?)), )+
                    $( ($T::$A, $alias), )*
                ];

            /// The name in a configuration file.
            pub fn as_str(self) -> &'static str {
                match self { $( $T::$V => $crate::values::name_text!($V $(= $text)?), )+ }
            }
        }

        impl std::fmt::Display for $T {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// The name as a configuration file has it.
        impl std::str::FromStr for $T {
            type Err = $crate::values::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let read = $crate::values::read_name(text, Self::NAMES, $wording);
                read.map_err(|error| $crate::values::UnknownName {
                    message: error.message,
                    suggestion: error.suggestion,
                })
            }
        }

        impl $crate::values::Value for $T {
            const KIND: $crate::values::Kind = $crate::values::Kind {
                name: stringify!($T),
                names: &[ $( $crate::values::name_text!($V $(= $text)?), )+ $( $alias, )* ],
            };

            fn read(
                text: &str,
                _: $crate::values::Rule,
            ) -> Result<Self, $crate::values::ValueError> {
                $crate::values::read_name(text, Self::NAMES, $wording)
            }

            fn write(&self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub enum $T:ident;
        $( $(#[$vmeta:meta])* $V:ident $(= $text:literal)? , )+
        $( $alias:literal => $A:ident; )*
    ) => {
        $crate::values::names! {
            $(#[$meta])*
            pub enum $T as $crate::values::ListWording::Enumeration;
            $( $(#[$vmeta])* $V $(= $text)? , )+
            $( $alias => $A; )*
        }
    };
}

macro_rules! name_text {
    ($V:ident = $text:literal) => {
        $text
    };
    ($V:ident) => {
        stringify!($V)
    };
}

pub(crate) use {name_text, names};
