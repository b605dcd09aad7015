//! Which step of a secured reliable session a message is, told from outside: its action is in clear, whoever signed it.

use std::fmt;

/// A step of a client, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// RST/Issue: the first leg of a negotiation, TLS inside SOAP.
    FirstLeg,
    /// RSTR/Issue: the next ones.
    NextLeg,
    /// RST/SCT: asks for the session's security context.
    Context,
    /// CreateSequence.
    Create,
    /// A message of the application.
    Call,
    /// An acknowledgement by itself, or a request for one.
    Acknowledgement,
    /// RST/SCT/Renew.
    Renew,
    /// LastMessage (2005) or CloseSequence (1.1).
    Close,
    /// TerminateSequence.
    Terminate,
    /// RST/SCT/Cancel.
    Cancel,
}

/// Each step with its word.
const WORDS: [(Step, &str); 10] = [
    (Step::FirstLeg, "leg1"),
    (Step::NextLeg, "leg2"),
    (Step::Context, "context"),
    (Step::Create, "create"),
    (Step::Call, "call"),
    (Step::Acknowledgement, "ack"),
    (Step::Renew, "renew"),
    (Step::Close, "close"),
    (Step::Terminate, "terminate"),
    (Step::Cancel, "cancel"),
];

impl Step {
    /// Of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, own)| *own == word).map(|(step, _)| *step)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(step, _)| *step == self).map_or("", |(_, word)| word)
    }

    /// Of an action.
    pub fn of_action(action: &str) -> Self {
        let rm = action.contains("/rm/") || action.contains("/ws-rx/wsrm/");
        let last = action.rsplit('/').next().unwrap_or_default();
        if action.contains("/trust/") || action.contains("/ws-trust/") {
            return match last {
                "SCT" | "SCT-Issue" => Self::Context,
                "Renew" | "SCT-Renew" => Self::Renew,
                "Cancel" | "SCT-Cancel" => Self::Cancel,
                _ if action.contains("/RSTR/") => Self::NextLeg,
                _ => Self::FirstLeg,
            };
        }
        match last {
            "CreateSequence" if rm => Self::Create,
            "LastMessage" | "CloseSequence" if rm => Self::Close,
            "TerminateSequence" if rm => Self::Terminate,
            "SequenceAcknowledgement"
            | "AckRequested"
            | "CloseSequenceResponse"
            | "TerminateSequenceResponse"
                if rm =>
            {
                Self::Acknowledgement
            }
            _ => Self::Call,
        }
    }

    /// Of a message: text, or MTOM around it.
    pub fn of_message(message: &[u8]) -> Option<Self> {
        action(message).map(|action| Self::of_action(&action))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the header `Action` of WS-Addressing says.
pub fn action(message: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(message);
    let mut rest = text.as_ref();
    loop {
        rest = rest.get(rest.find("Action")?..)?;
        // A closing tag, `Actions`, or an attribute is not it.
        let (tag, behind) = rest.split_once('>')?;
        let own = tag.get("Action".len()..)?;
        if (own.is_empty() || own.starts_with([' ', '\r', '\n', '\t'])) && !own.ends_with('/') {
            let value = behind.split('<').next()?.trim();
            if !value.is_empty() {
                return Some(value.to_owned());
            }
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_by_their_actions() {
        let cases = [
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue", Step::FirstLeg),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue", Step::NextLeg),
            ("http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue", Step::FirstLeg),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT", Step::Context),
            ("http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT", Step::Context),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT-Renew", Step::Renew),
            ("http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Renew", Step::Renew),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT-Cancel", Step::Cancel),
            ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Cancel", Step::Cancel),
            ("http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence", Step::Create),
            ("http://docs.oasis-open.org/ws-rx/wsrm/200702/CreateSequence", Step::Create),
            ("http://schemas.xmlsoap.org/ws/2005/02/rm/LastMessage", Step::Close),
            ("http://docs.oasis-open.org/ws-rx/wsrm/200702/CloseSequence", Step::Close),
            ("http://docs.oasis-open.org/ws-rx/wsrm/200702/TerminateSequence", Step::Terminate),
            ("http://docs.oasis-open.org/ws-rx/wsrm/200702/AckRequested", Step::Acknowledgement),
            ("http://Microsoft.ServiceModel.Samples/ICalculator/Add", Step::Call),
            ("urn:bank/CreateSequence", Step::Call),
        ];
        for (action, step) in cases {
            assert_eq!(Step::of_action(action), step, "{action}");
        }
        for (step, word) in WORDS {
            assert_eq!(Step::of_word(word), Some(step));
        }
    }

    #[test]
    fn the_action_is_found_in_a_message() {
        let message = br#"<s:Header><x:ActionNot>n</x:ActionNot><a:Action s:mustUnderstand="1" u:Id="_2">urn:a/B</a:Action></s:Header>"#;
        assert_eq!(action(message).as_deref(), Some("urn:a/B"));
        assert_eq!(action(b"<Action>urn:c</Action>").as_deref(), Some("urn:c"));
        assert_eq!(action(b"<s:Body/>"), None);
        assert_eq!(action(b"Action"), None);
    }
}
