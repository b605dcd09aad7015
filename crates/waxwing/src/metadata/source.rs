//! What a user names as a source.

use std::path::PathBuf;

use waxwing_metadata::Location;

/// Where metadata come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `-`: the standard input.
    Input,
    /// `http://…`, `https://…`, or an address of another transport.
    Address(String),
    /// A file or folder.
    Path(PathBuf),
}

impl Source {
    pub(super) fn of(text: &str) -> Self {
        if text == "-" {
            return Self::Input;
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        match scheme {
            "" => Self::Path(text.into()),
            "file" => Self::Path(text["file://".len()..].into()),
            scheme if scheme.chars().all(is_scheme) => Self::Address(text.to_owned()),
            _ => Self::Path(text.into()),
        }
    }

    /// Scheme, host and port of an address.
    pub(super) fn origin(&self) -> Option<String> {
        match self {
            Self::Address(address) => Location::new(address.as_str()).origin(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        assert_eq!(Source::of("-"), Source::Input);
        assert_eq!(Source::of("a/b.wsdl"), Source::Path("a/b.wsdl".into()));
        assert_eq!(Source::of("file:///a/b.wsdl"), Source::Path("/a/b.wsdl".into()));
        assert_eq!(Source::of(r"C:\a.wsdl"), Source::Path(r"C:\a.wsdl".into()));
        assert_eq!(Source::of("http://h/x"), Source::Address("http://h/x".to_owned()));
        assert_eq!(Source::of("net.tcp://h/x"), Source::Address("net.tcp://h/x".to_owned()));
    }
}
