//! Questions for metadata.

use waxwing_soap::{
    Addressing, AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion,
};
use waxwing_xml::Name;

use super::read::MEX11;
use crate::name::namespaces::MEX;

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// WS-Transfer `Get`: all that there is, as WCF asks.
    Get,
    /// `GetMetadata` of 2004/09 without dialect and identifier, for Axis2 and others.
    GetMetadata,
    /// `GetMetadata` of the W3C's version.
    GetMetadata2009,
}

impl Question {
    /// The action.
    pub fn action(self) -> &'static str {
        match self {
            Self::Get => "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
            Self::GetMetadata => "http://schemas.xmlsoap.org/ws/2004/09/mex/GetMetadata/Request",
            Self::GetMetadata2009 => "http://www.w3.org/2009/09/ws-mex/GetMetadata",
        }
    }
}

/// The message that asks the endpoint at `to` (WS-MetadataExchange §3, WS-Transfer §3.1), under WS-Addressing 1.0.
pub fn request(
    question: Question,
    version: SoapVersion,
    to: &str,
    random: &mut dyn RandomSource,
) -> Envelope {
    let addressing = AddressingVersion::Addressing10;
    let mut envelope = Envelope::new(MessageVersion { soap: version, addressing });
    Addressing::request(question.action(), to, addressing, random).write(&mut envelope);
    let namespace = match question {
        Question::Get => return envelope,
        Question::GetMetadata => MEX,
        Question::GetMetadata2009 => MEX11,
    };
    let body = envelope.body().id();
    envelope.document_mut().append_element(body, Name::new("wsx", "GetMetadata", namespace));
    envelope
}
