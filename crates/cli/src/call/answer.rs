//! What the command prints, and its exit code.

use std::process::ExitCode;

use waxwing::soap::{Addressing, AddressingVersion, Fault, FaultCode};
use waxwing_metadata::json::Json;

use super::request::Outgoing;
use crate::print::{Plain, line, plain};

/// What came of a call.
pub(super) enum Outcome {
    /// Something that only is shown: a template, a schema.
    Shown(String),
    /// The message that would be sent, and where to.
    Dry(Box<Outgoing>, Option<String>),
    /// Nothing answers.
    Nothing,
    /// The result.
    Result(Json),
    /// XML that is the result.
    Xml(String),
    /// A fault with its detail as JSON.
    Fault(Box<Fault>, Option<Json>),
}

impl Outcome {
    /// Prints it.
    pub(super) fn print(self, json: bool) -> ExitCode {
        match self {
            Self::Shown(text) => out(&text),
            Self::Nothing => {}
            Self::Result(value) if json => out(&value.to_string()),
            Self::Result(value) => out(&value.to_pretty()),
            Self::Xml(xml) if json => out(&Json::from(xml).to_string()),
            Self::Xml(xml) => out(&xml),
            Self::Dry(message, address) => dry(*message, address, json),
            Self::Fault(fault, detail) => {
                told(&fault, detail, json);
                return ExitCode::from(1);
            }
        }
        ExitCode::SUCCESS
    }
}

/// Writes a line; a reader that has read enough is no error.
fn out(text: &str) {
    use std::io::{IsTerminal as _, Write as _};
    let result = match std::io::stdout().is_terminal() {
        true => writeln!(Plain(std::io::stdout()), "{text}"),
        false => writeln!(std::io::stdout(), "{text}"),
    };
    crate::print::written("call", result);
}

/// The message with the headers of addressing that say where it goes; the channel adds an identifier, security and so on.
fn dry(message: Outgoing, address: Option<String>, json: bool) {
    let Outgoing { action, mut envelope } = message;
    let version = envelope.version();
    if version.addressing != AddressingVersion::None {
        let (action, to) = (Some(action.clone()), address.clone());
        Addressing { action, to, ..Addressing::default() }.write(&mut envelope);
    }
    let xml = envelope.document().to_xml();
    if json {
        let members = [
            ("address", address.map_or(Json::Null, Json::from)),
            ("action", Json::from(action)),
            ("envelope", Json::from(xml)),
        ];
        out(&Json::object(members).to_string());
        return;
    }
    let address = address.map(|address| line(&address));
    eprintln!("POST {}", address.as_deref().unwrap_or("(the port has no address: give --address)"));
    if version.addressing == AddressingVersion::None {
        eprintln!("SOAPAction: \"{}\"", line(&action));
    }
    out(&xml);
}

/// A fault: for programs as one object, for people the reason beside the detail.
fn told(fault: &Fault, detail: Option<Json>, json: bool) {
    let code = match &fault.code {
        FaultCode::Sender => "Sender".to_owned(),
        FaultCode::Receiver => "Receiver".to_owned(),
        FaultCode::MustUnderstand => "MustUnderstand".to_owned(),
        FaultCode::VersionMismatch => "VersionMismatch".to_owned(),
        FaultCode::DataEncodingUnknown => "DataEncodingUnknown".to_owned(),
        FaultCode::Other(name) => name.to_string(),
    };
    let subcode = fault.subcode().map(ToString::to_string);
    if !json {
        let subcode = subcode.map(|subcode| format!(", {subcode}")).unwrap_or_default();
        eprintln!("fault: {}", plain(&format!("{} ({code}{subcode})", fault.text())));
        if let Some(detail) = detail {
            out(&detail.to_pretty());
        }
        return;
    }
    let mut members = vec![("code", Json::from(code))];
    members.extend(subcode.map(|subcode| ("subcode", Json::from(subcode))));
    members.push(("reason", Json::from(fault.text())));
    members.extend(detail.map(|detail| ("detail", detail)));
    out(&Json::object([("fault", Json::object(members))]).to_string());
}
