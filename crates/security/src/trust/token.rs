//! The `SecurityContextToken` in a response (WS-SecureConversation §2, renewed §5).

use waxwing_xml::{Document, Element, Name, NodeId, Value};

use super::read;
use crate::error::{Reason, Result};
use crate::wsse::names::{COOKIE, WSU};
use crate::wsse::{ContextToken, Dialect, TokenKey};

/// A security context token as its issuer hands it out, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedContextToken {
    /// The dialect of the element.
    pub dialect: Dialect,
    /// The `u:Id`.
    pub id: Box<str>,
    /// The context's identifier.
    pub identifier: Box<str>,
    /// The generation of the key, present after a renewal.
    pub instance: Option<Box<str>>,
    /// What the issuer does not want to remember of the context, in base64 as it stands in the element: whoever uses the
    /// token brings it along, and reads nothing in it.
    pub cookie: Option<Box<str>>,
    /// The element as it was received or will be written, self-contained. It may hold more than is
    /// understood here: messages repeat it as it is, save for the prefix `u`, which every
    /// Security header declares.
    pub element: Box<str>,
    /// See [`ContextToken::identifier_value`].
    pub identifier_value: Option<[u8; 16]>,
}

impl IssuedContextToken {
    /// A new token.
    pub fn new(
        dialect: Dialect,
        id: impl Into<Box<str>>,
        identifier: impl Into<Box<str>>,
        instance: Option<Box<str>>,
    ) -> Self {
        let (id, identifier) = (id.into(), identifier.into());
        let cookie = None;
        let (element, identifier_value) = ("".into(), None);
        let mut token =
            Self { dialect, id, identifier, instance, cookie, element, identifier_value };
        token.element = token.to_element();
        token
    }

    /// The same token, which holds what its issuer forgets.
    #[must_use]
    pub fn with_cookie(mut self, octets: &[u8]) -> Self {
        self.cookie = Some(read::base64(octets).into());
        self.element = self.to_element();
        self
    }

    fn to_element(&self) -> Box<str> {
        let mut document = Document::new(read::conversation(self.dialect, "SecurityContextToken"));
        let root = document.root().id();
        self.write_content(&mut document, root);
        document.to_xml().into_boxed_str()
    }

    pub(super) fn write(&self, document: &mut Document, parent: NodeId) {
        let name = read::conversation(self.dialect, "SecurityContextToken");
        let token = document.append_element(parent, name);
        self.write_content(document, token);
    }

    fn write_content(&self, document: &mut Document, token: NodeId) {
        document.set_attribute(token, Name::new("u", "Id", WSU), &self.id);
        let name = |local| read::conversation(self.dialect, local);
        document.append_text_element(token, name("Identifier"), &self.identifier);
        if let Some(instance) = &self.instance {
            document.append_text_element(token, name("Instance"), instance);
        }
        if let Some(cookie) = &self.cookie {
            document.append_text_element(token, Name::new("dnse", "Cookie", COOKIE), cookie);
        }
    }

    /// Reads a `SecurityContextToken` element.
    ///
    /// # Errors
    /// When it has no identifier or no `u:Id`.
    pub fn read(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        let sc = dialect.conversation();
        if !element.is(sc, "SecurityContextToken") {
            return Err(Reason::Unsupported("a token other than a SecurityContextToken").into());
        }
        let named = element.child(sc, "Identifier");
        let identifier_value = match named.and_then(|identifier| identifier.value()) {
            Some(Value::UniqueId(value)) => Some(value),
            _ => None,
        };
        let identifier = named
            .map(read::text)
            .filter(|identifier| !identifier.is_empty())
            .ok_or(Reason::Missing("the Identifier of a SecurityContextToken"))?;
        let id = element
            .attribute_ns(WSU, "Id")
            .ok_or(Reason::Missing("the Id of a SecurityContextToken"))?;
        let instance = element.child(sc, "Instance").map(read::text);
        let cookie = element.child(COOKIE, "Cookie").map(read::text);
        let mut text = Vec::new();
        element.document().write_element_to(element.id(), &mut text);
        let element = String::from_utf8(text).unwrap_or_default().into_boxed_str();
        let id = id.into();
        Ok(Self { dialect, id, identifier, instance, cookie, element, identifier_value })
    }

    /// The token with its key.
    pub fn with_key(&self, key: TokenKey) -> ContextToken {
        ContextToken {
            dialect: self.dialect,
            identifier: self.identifier.clone(),
            instance: self.instance.clone(),
            id: self.id.clone(),
            element: within_header(&self.element),
            identifier_value: self.identifier_value,
            key,
        }
    }
}

/// The element as WCF repeats it in a Security header, where `u` is declared already.
fn within_header(element: &str) -> Box<str> {
    let tag = element.find('>').unwrap_or(element.len());
    let (tag, rest) = element.split_at(tag);
    let behind = |at: usize| {
        let own = tag[at..].strip_prefix(" xmlns:u=\"")?;
        own.strip_prefix(WSU)?.strip_prefix('"')
    };
    let mut spaces = memchr::memchr_iter(b' ', tag.as_bytes());
    let declared = spaces.find_map(|at| Some((&tag[..at], behind(at)?)));
    let (before, behind) = declared.unwrap_or((tag, ""));
    [before, behind, rest].concat().into()
}
