//! Why a value could not be written or read. Texts are .NET's own where .NET has one; the path of elements is ours.

use std::fmt;

use crate::name::ContractName;

/// A value that could not be read from XML.
///
/// `Display` gives the .NET text and then the path of the element, such as `(at Person/Age)`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadError {
    /// What is wrong.
    pub kind: ReadErrorKind,
    /// Names of the elements from the outermost to the one at fault, separated by `/`.
    pub path: String,
    /// Line and column (both from 1) in the text, where known.
    pub position: Option<(u32, u32)>,
}

/// What is wrong with the XML of a value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// `i:nil` on a value type; holds the CLR name (`System.Int32`).
    NullValueType(String),
    /// `i:nil` or nothing for a Rust type that has no null; holds the contract name.
    NullNotAllowed(String),
    /// Text that is not of the type; holds the CLR name (`System.Double`) and the type's short name.
    Content(&'static str, &'static str),
    /// A number outside the range of its type; holds .NET's wording (`an Int32`).
    Overflow(&'static str),
    /// Text that the type's own parser refuses: a duration, a GUID; holds the text and the type's short name.
    Unparsable(String, &'static str),
    /// Text other than white space between the members of a class or the items of a collection.
    TextBetweenMembers,
    /// An element inside simple content; holds the CLR name.
    ElementInContent(&'static str),
    /// The end of a class before a member that `IsRequired`; holds the class element, its namespace and the member.
    RequiredMissing(String, String, String),
    /// A member that comes before one that `IsRequired`; holds the element found, its namespace and the member expected.
    RequiredSkipped(String, String, String),
    /// Another document element; holds the expected and the found name.
    WrongRoot(Box<[ContractName; 2]>),
    /// An `i:type` that the reader has no type for; holds the element's and the type's name.
    UnknownType(Box<[ContractName; 2]>),
    /// An `i:type` or QName whose prefix is not declared; holds the text.
    UndeclaredPrefix(String),
    /// A name that is not a member of the enumeration; holds the name and the enumeration.
    NotAMember(String, String),
    /// A key that is already in the dictionary.
    DuplicateKey,
    /// A `z:Ref` to no `z:Id` that came before; holds the reference.
    DanglingReference(String),
    /// More elements than [`crate::ReadOptions::max_items`]; holds the limit.
    TooManyItems(u32),
    /// More octets in base64 than [`crate::ReadOptions::max_array_length`]; holds the limit.
    TooManyOctets(u32),
    /// More items in an array than [`crate::ReadOptions::max_array_length`]; holds the limit.
    ArrayTooLong(u32),
    /// A string longer than [`crate::ReadOptions::max_string_length`]; holds the limit.
    StringTooLong(u32),
    /// Deeper than [`crate::ReadOptions::max_depth`]; holds the limit.
    TooDeep(u32),
    /// Anything else, in words.
    Custom(String),
}

impl ReadError {
    /// An error in words, for hand-written contracts.
    pub fn custom(message: impl Into<String>) -> Self {
        ReadErrorKind::Custom(message.into()).into()
    }

    /// The same error, one element further out.
    #[must_use]
    pub fn inside(mut self, element: &str) -> Self {
        if !self.path.is_empty() {
            self.path.insert(0, '/');
        }
        self.path.insert_str(0, element);
        self
    }

    /// The same error with a place in the text.
    #[must_use]
    pub fn at(mut self, position: (u32, u32)) -> Self {
        self.position.get_or_insert(position);
        self
    }
}

impl From<ReadErrorKind> for ReadError {
    #[cold]
    fn from(kind: ReadErrorKind) -> Self {
        Self { kind, path: String::new(), position: None }
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some((line, column)), true) = (self.position, self.kind.has_line_info()) {
            write!(f, "Error in line {line} position {column}. ")?;
        }
        write!(f, "{}", self.kind)?;
        if !self.path.is_empty() {
            write!(f, " (at {})", self.path)?;
        }
        Ok(())
    }
}

impl ReadErrorKind {
    /// .NET puts the place before the text only where its XML reader reports the mistake.
    fn has_line_info(&self) -> bool {
        matches!(
            self,
            Self::TextBetweenMembers
                | Self::RequiredMissing(..)
                | Self::RequiredSkipped(..)
                | Self::WrongRoot(..)
                | Self::UnknownType(..)
        )
    }
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NullValueType(clr) => write!(f, "ValueType '{clr}' cannot be null."),
            Self::NullNotAllowed(name) => write!(
                f,
                "A value of '{name}' is null or missing, but the Rust type has no null. Declare it as Option."
            ),
            Self::Content(clr, short) => write!(
                f,
                "There was an error deserializing the object of type {clr}. Content cannot be converted to the type {short}."
            ),
            Self::Overflow(what) => {
                write!(f, "Value was either too large or too small for {what}.")
            }
            Self::Unparsable(text, short) => {
                write!(f, "The value '{text}' cannot be parsed as the type '{short}'.")
            }
            Self::TextBetweenMembers => {
                write!(
                    f,
                    "Expecting state 'Element'.. Encountered 'Text'  with name '', namespace ''."
                )
            }
            Self::ElementInContent(clr) => write!(
                f,
                "There was an error deserializing the object of type {clr}. 'Element' is an invalid XmlNodeType."
            ),
            Self::RequiredMissing(class, namespace, member) => write!(
                f,
                "'EndElement' '{class}' from namespace '{namespace}' is not expected. Expecting element '{member}'."
            ),
            Self::RequiredSkipped(found, namespace, member) => write!(
                f,
                "'Element' '{found}' from namespace '{namespace}' is not expected. Expecting element '{member}'."
            ),
            Self::WrongRoot(names) => {
                let [expected, found] = &**names;
                write!(
                    f,
                    "Expecting element '{}' from namespace '{}'.. Encountered 'Element'  with name '{}', namespace '{}'.",
                    expected.local, expected.namespace, found.local, found.namespace
                )
            }
            Self::UnknownType(names) => {
                let [element, found] = &**names;
                write_unknown_type(f, element, found)
            }
            Self::UndeclaredPrefix(text) => {
                write!(f, "The prefix of the qualified name '{text}' is not declared.")
            }
            Self::NotAMember(text, clr) => write!(
                f,
                "Invalid enum value '{text}' cannot be deserialized into type '{clr}'. {ENUM_HINT}"
            ),
            Self::DuplicateKey => write!(f, "An item with the same key has already been added."),
            Self::DanglingReference(id) => {
                write!(f, "Deserialized object with reference id '{id}' not found in stream.")
            }
            Self::TooManyItems(_)
            | Self::TooManyOctets(_)
            | Self::ArrayTooLong(_)
            | Self::StringTooLong(_)
            | Self::TooDeep(_) => self.write_quota(f),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

impl ReadErrorKind {
    /// What exceeds a limit, in WCF's words.
    fn write_quota(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyItems(limit) => write!(
                f,
                "Maximum number of items that can be serialized or deserialized in an object graph is '{limit}'. \
                 Change the object graph or increase the MaxItemsInObjectGraph quota."
            ),
            Self::TooManyOctets(limit) => write!(
                f,
                "The maximum array length quota ({limit}) has been exceeded while reading XML data. This quota may be \
                 increased by changing the MaxArrayLength property on the XmlDictionaryReaderQuotas object used when \
                 creating the XML reader."
            ),
            Self::ArrayTooLong(limit) => write!(
                f,
                "The maximum array length quota ({limit}) or the maximum items in object graph quota has been exceeded \
                 while reading XML data. These quotas may be increased by changing the MaxArrayLength property on \
                 XmlDictionaryReaderQuotas or the MaxItemsInObjectGraph setting."
            ),
            Self::StringTooLong(limit) => write!(
                f,
                "The maximum string content length quota ({limit}) has been exceeded while reading XML data. This quota may \
                 be increased by changing the MaxStringContentLength property on the XmlDictionaryReaderQuotas object used \
                 when creating the XML reader."
            ),
            Self::TooDeep(limit) => {
                write!(f, "The maximum depth of {limit} elements within a value has been exceeded.")
            }
            _ => Ok(()),
        }
    }
}

fn write_unknown_type(
    f: &mut fmt::Formatter<'_>,
    element: &ContractName,
    found: &ContractName,
) -> fmt::Result {
    write!(
        f,
        "Element '{}:{}' contains data of the '{}:{}' data contract. The deserializer has no knowledge of any type that \
         maps to this contract. Add the type corresponding to '{}' to the list of known types - for example, by using the \
         KnownTypeAttribute attribute or by adding it to the list of known types passed to DataContractSerializer.",
        element.namespace, element.local, found.namespace, found.local, found.local
    )
}

const ENUM_HINT: &str = "Ensure that the necessary enum values are present and are marked with EnumMemberAttribute \
                         attribute if the type has DataContractAttribute attribute.";

/// A value that has no XML form.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteError {
    /// What is wrong.
    pub kind: WriteErrorKind,
    /// Names of the elements from the outermost to the one at fault, separated by `/`.
    pub path: String,
}

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// A character that XML 1.0 cannot hold.
    InvalidCharacter(char),
    /// An enum value without a member name; holds the value and the enumeration.
    EnumValue(String, String),
    /// A reference to a value that is gone or was never set (see [`crate::Shared`]).
    EmptyReference(String),
    /// More elements than [`crate::WriteOptions::max_items`]; holds the limit.
    TooManyItems(u32),
    /// Deeper than [`crate::WriteOptions::max_depth`]; holds the limit.
    TooDeep(u32),
    /// Anything else, in words.
    Custom(String),
}

impl WriteError {
    /// An error in words, for hand-written contracts.
    pub fn custom(message: impl Into<String>) -> Self {
        WriteErrorKind::Custom(message.into()).into()
    }

    /// The same error, one element further out.
    #[must_use]
    pub fn inside(mut self, element: &str) -> Self {
        if !self.path.is_empty() {
            self.path.insert(0, '/');
        }
        self.path.insert_str(0, element);
        self
    }
}

impl From<WriteErrorKind> for WriteError {
    #[cold]
    fn from(kind: WriteErrorKind) -> Self {
        Self { kind, path: String::new() }
    }
}

impl std::error::Error for WriteError {}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            WriteErrorKind::InvalidCharacter(c) => {
                write!(
                    f,
                    "'{c}', hexadecimal value 0x{:02X}, is an invalid character.",
                    *c as u32
                )?;
            }
            WriteErrorKind::EnumValue(value, clr) => write!(
                f,
                "Enum value '{value}' is invalid for type '{clr}' and cannot be serialized. {ENUM_HINT}"
            )?,
            WriteErrorKind::EmptyReference(name) => {
                write!(
                    f,
                    "A Shared value of '{name}' is empty: it was never set, or its owner is gone."
                )?;
            }
            WriteErrorKind::TooManyItems(limit) => {
                write!(f, "{}", ReadErrorKind::TooManyItems(*limit))?;
            }
            WriteErrorKind::TooDeep(limit) => write!(f, "{}", ReadErrorKind::TooDeep(*limit))?,
            WriteErrorKind::Custom(message) => f.write_str(message)?,
        }
        if !self.path.is_empty() {
            write!(f, " (at {})", self.path)?;
        }
        Ok(())
    }
}

/// `Debug` of an error is its text: it is what a `main` prints that returns it.
macro_rules! debug_is_display {
    ($($error:ty),+) => {
        $(impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        })+
    };
}

debug_is_display!(ReadError, ReadErrorKind, WriteError);
