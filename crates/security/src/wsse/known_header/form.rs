//! What stands in the tokens of WS-SecureConversation between the places that differ from one message to the next, in pieces as
//! long as they are.

use crate::wsse::Dialect;
use crate::wsse::dialect::conversation;

/// How tokens of one dialect are written, in their order.
pub(super) struct Form {
    pub(super) dialect: Dialect,
    /// From a SecurityContextToken up to its id.
    pub(super) context: &'static str,
    /// From there up to the identifier.
    pub(super) identifier: &'static str,
    pub(super) identifier_end: &'static str,
    pub(super) instance: &'static str,
    pub(super) instance_end: &'static str,
    pub(super) context_end: &'static str,
    /// From a DerivedKeyToken up to its id.
    pub(super) key: &'static str,
    /// From there up to the attributes of the reference to its token.
    pub(super) base: &'static str,
    /// Before the generation of the key that is referred to.
    pub(super) base_instance: &'static str,
    pub(super) offset: &'static str,
    pub(super) offset_end: &'static str,
    pub(super) length: &'static str,
    pub(super) length_end: &'static str,
    pub(super) nonce: &'static str,
    /// From the nonce on.
    pub(super) key_end: &'static str,
}

macro_rules! form {
    ($dialect:ident, $c:literal, $conversation:ident) => {
        Form {
            dialect: Dialect::$dialect,
            context: concat!("<", $c, ":SecurityContextToken u:Id=\""),
            identifier: form!(@declared $c, $conversation, "<", $c, ":Identifier>"),
            identifier_end: concat!("</", $c, ":Identifier>"),
            instance: concat!("<", $c, ":Instance>"),
            instance_end: concat!("</", $c, ":Instance>"),
            context_end: concat!("</", $c, ":SecurityContextToken>"),
            key: concat!("<", $c, ":DerivedKeyToken u:Id=\""),
            base: form!(@declared $c, $conversation, "<o:SecurityTokenReference><o:Reference"),
            base_instance: concat!(" ", $c, ":Instance=\""),
            offset: concat!("<", $c, ":Offset>"),
            offset_end: concat!("</", $c, ":Offset>"),
            length: concat!("<", $c, ":Length>"),
            length_end: concat!("</", $c, ":Length>"),
            nonce: concat!("<", $c, ":Nonce>"),
            key_end: concat!("</", $c, ":Nonce></", $c, ":DerivedKeyToken>"),
        }
    };
    // From the id of a token to the end of its start tag, and what is next.
    (@declared $c:literal, $conversation:ident, $($next:literal),*) => {
        concat!("\" xmlns:", $c, "=\"", conversation!($conversation ""), "\">", $($next),*)
    };
}

impl Form {
    pub(super) const ALL: [Self; 2] = [form!(February2005, "c", feb), form!(Version13, "sc", v13)];

    /// The prefix of an element of this form at the beginning of a text.
    pub(super) fn prefix<'t>(&self, text: &'t str) -> &'t str {
        let prefix = "<".len().."<".len() + self.dialect.conversation_prefix().len();
        text.get(prefix).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_of_the_prefixes_and_namespaces_of_their_dialects() {
        assert_eq!(Form::ALL.map(|form| form.dialect), Dialect::ALL);
        for form in Form::ALL {
            let (c, namespace) = (form.dialect.conversation_prefix(), form.dialect.conversation());
            assert_eq!(form.context, format!("<{c}:SecurityContextToken u:Id=\""));
            assert_eq!(form.identifier, format!("\" xmlns:{c}=\"{namespace}\"><{c}:Identifier>"));
            assert_eq!(form.prefix(form.context), c);
        }
    }
}
