//! What is wrong with JSON, for people: where, what, and what was expected.

use std::fmt;

/// Why JSON does not become XML by a contract, or XML does not become JSON.
///
/// `Display` begins with the path of the value, as JSONPath writes it (RFC 9535 §2.7): `$.order.lines[3].price: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    /// Steps from the inside to the outside.
    steps: Vec<Step>,
    message: String,
    help: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
}

impl JsonError {
    /// Something wrong with the value that is being read.
    pub fn new(message: impl Into<String>) -> Self {
        let inner = Inner { steps: Vec::new(), message: message.into(), help: None };
        Self { inner: Box::new(inner) }
    }

    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        Self::new(format!("this is no JSON: {error}"))
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.inner.help = Some(help.into());
        self
    }

    /// The same, of a member of the value.
    #[must_use]
    pub fn at_member(mut self, name: &str) -> Self {
        self.inner.steps.push(Step::Member(name.to_owned()));
        self
    }

    /// The same, of an item of the value.
    #[must_use]
    pub fn at_index(mut self, index: usize) -> Self {
        self.inner.steps.push(Step::Index(index));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What to do, where there is a hint.
    pub fn hint(&self) -> Option<&str> {
        self.inner.help.as_deref()
    }

    /// Where: `$` is the whole value.
    pub fn path(&self) -> String {
        let mut path = "$".to_owned();
        for step in self.inner.steps.iter().rev() {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Member(name) if is_plain(name) => path.push_str(&format!(".{name}")),
                Step::Member(name) => {
                    path.push_str(&format!("['{}']", name.escape_debug()));
                }
            }
        }
        path
    }
}

/// Whether a name needs no quotes in a path.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.inner.message)?;
        match &self.inner.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}
