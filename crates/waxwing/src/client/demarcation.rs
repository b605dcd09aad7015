//! Where in a session an operation may stand (`IsInitiating`, `IsTerminating`), as the client knows it before anything is
//! sent.

use crate::contract::{OwnedContract, SessionMode};

/// What the contract's sessions allow next.
pub(super) struct Demarcation {
    contract: OwnedContract,
    has_begun: bool,
    /// The operation after which nothing is called any more.
    ended_by: Option<Box<str>>,
}

impl Demarcation {
    pub(super) fn new(contract: OwnedContract) -> Self {
        Self { contract, has_begun: false, ended_by: None }
    }

    /// Takes the call of an operation. Gives whether it is the last one.
    ///
    /// WCF looks for the first operation only while the channel is not open yet, and leaves it to the service later: here it
    /// is refused in either case.
    ///
    /// # Errors
    /// WCF's words for an operation that may not be called now.
    pub(super) fn admit(&mut self, action: &str) -> Result<bool, String> {
        if self.contract.session_mode() != SessionMode::Required {
            return Ok(false);
        }
        let Some(operation) = self.contract.find(action) else { return Ok(false) };
        if let Some(last) = &self.ended_by {
            return Err(format!(
                "This channel cannot send any more messages because IsTerminating operation '{last}' has already been \
                 called. Make another channel for another session (ChannelFactory::create_channel)"
            ));
        }
        if !self.has_begun && !operation.is_initiating() {
            return Err(format!(
                "The operation '{}' cannot be the first operation to be called because IsInitiating is false. Call one \
                 that begins a session first",
                operation.name()
            ));
        }
        self.has_begun = true;
        let is_last = operation.is_terminating();
        if is_last {
            self.ended_by = Some(operation.name().into());
        }
        Ok(is_last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{ContractDescription, OperationDescription};

    const CONTRACT: ContractDescription = ContractDescription::new(
        "IOrders",
        "urn:o",
        &[
            OperationDescription::new("Begin", "urn:begin", Some("urn:begun")),
            OperationDescription::new("Add", "urn:add", Some("urn:added")).in_session(false, false),
            OperationDescription::new("Submit", "urn:submit", None).in_session(false, true),
        ],
    )
    .with_session_mode(SessionMode::Required);

    #[test]
    fn a_session_has_a_beginning_and_an_end() {
        let mut session = Demarcation::new(OwnedContract::from(&CONTRACT));
        for action in ["urn:add", "urn:submit"] {
            let refused = session.admit(action).unwrap_err();
            assert!(refused.contains("cannot be the first operation to be called"), "{refused}");
        }
        for (action, is_last) in [("urn:begin", false), ("urn:add", false), ("urn:submit", true)] {
            assert_eq!(session.admit(action), Ok(is_last), "{action}");
        }
        for action in ["urn:begin", "urn:add", "urn:submit"] {
            let refused = session.admit(action).unwrap_err();
            assert!(refused.contains("IsTerminating operation 'Submit'"), "{refused}");
        }
    }
}
