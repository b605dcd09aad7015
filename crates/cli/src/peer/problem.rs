//! What keeps a command from its work, with its exit code.

use waxwing::ChannelError;
use waxwing::contract::CallError;

/// A fault came back, or the service cannot be talked to.
pub(crate) const FAILED: u8 = 1;
/// The source cannot be read.
pub(crate) const UNREADABLE: u8 = 2;
/// The arguments are wrong.
pub(crate) const USAGE: u8 = 64;

/// Why a command ends, for people.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The exit code.
    pub(crate) code: u8,
    /// What is wrong and what to do.
    pub(crate) text: String,
    /// The stable code of the error, of a channel's.
    pub(crate) error: Option<&'static str>,
}

impl Problem {
    /// The service cannot be talked to, or refused.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { code: FAILED, text: text.into(), error: None }
    }

    /// A call that did not come through.
    pub(crate) fn of_call(error: &CallError) -> Self {
        let channel = match error {
            CallError::Channel(error) => error.downcast_ref::<ChannelError>(),
            _ => None,
        };
        Self { error: channel.and_then(ChannelError::code), ..Self::failed(error.to_string()) }
    }

    /// The source cannot be read.
    pub(crate) fn unreadable(text: impl Into<String>) -> Self {
        Self { code: UNREADABLE, text: text.into(), error: None }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into(), error: None }
    }
}
