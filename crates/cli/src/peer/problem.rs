//! What keeps a command from its work, with its exit code.

use std::process::ExitCode;

use waxwing::ChannelError;
use waxwing::contract::CallError;
use waxwing_metadata::json::Json;

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
    /// Tells people, and with `--json` programs, too: one object. Gives the exit code.
    pub(crate) fn told(&self, command: &str, json: bool) -> ExitCode {
        use std::io::Write as _;
        eprintln!("waxwing {command}: {}", crate::print::plain(&self.text));
        if json {
            let code = self.error.map(|code| ("code", Json::from(code)));
            let message = [("message", Json::from(self.text.as_str()))];
            let error = Json::object(code.into_iter().chain(message));
            let line = Json::object([("error", error)]).to_string();
            crate::print::written(command, writeln!(std::io::stdout(), "{line}"));
        }
        ExitCode::from(self.code)
    }

    /// The service cannot be talked to, or refused.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { code: FAILED, text: text.into(), error: None }
    }

    /// A call that did not come through, with the option that may help.
    pub(crate) fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Channel(inner) => match inner.downcast_ref::<ChannelError>() {
                Some(channel) => Self::of_channel(channel),
                None => Self::failed(error.to_string()),
            },
            _ => Self::failed(error.to_string()),
        }
    }

    /// A channel that cannot be made or opened, with the option that may help.
    pub(crate) fn of_channel(error: &ChannelError) -> Self {
        let code = error.code();
        let hint = hint(code).map(|hint| format!("\n  {hint}")).unwrap_or_default();
        Self { error: code, ..Self::failed(format!("{error}{hint}")) }
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

/// Which option helps where an error with this code speaks of configuration and code.
pub(crate) fn hint(code: Option<&str>) -> Option<&'static str> {
    match code? {
        "untrusted-service" | "tls-certificate" => Some(
            "here: --ca FILE believes one more authority (of what it issues, revocation is not looked up); without it the \
             stores under ./certificates are asked, or those of the configuration file",
        ),
        _ => None,
    }
}
