//! SOAP and WS-Addressing versions.

/// A version of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    /// SOAP 1.1 (W3C Note of May 2000).
    Soap11,
    /// SOAP 1.2 (W3C Recommendation).
    Soap12,
}

/// A version of WS-Addressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressingVersion {
    /// No addressing headers.
    None,
    /// The member submission of August 2004.
    August2004,
    /// WS-Addressing 1.0.
    Addressing10,
}

/// The versions that one message is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageVersion {
    /// The version of the envelope.
    pub soap: SoapVersion,
    /// The version of the addressing headers.
    pub addressing: AddressingVersion,
}

impl MessageVersion {
    /// SOAP 1.2 with WS-Addressing 1.0, which every WCF binding with reliable sessions speaks.
    pub const SOAP12_ADDRESSING10: Self =
        Self { soap: SoapVersion::Soap12, addressing: AddressingVersion::Addressing10 };
}

impl SoapVersion {
    /// The namespace of the envelope.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Soap11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::Soap12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// The name of the attribute that names the node a header is for.
    pub const fn role_attribute(self) -> &'static str {
        match self {
            Self::Soap11 => "actor",
            Self::Soap12 => "role",
        }
    }

    /// The media type of an envelope.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Soap11 => "text/xml",
            Self::Soap12 => "application/soap+xml",
        }
    }
}

impl AddressingVersion {
    /// The namespace of the headers; empty for [`AddressingVersion::None`].
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::None => "",
            Self::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing",
            Self::Addressing10 => "http://www.w3.org/2005/08/addressing",
        }
    }

    /// The address "on the way back of this message".
    pub const fn anonymous(self) -> &'static str {
        match self {
            Self::None => "",
            Self::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
            Self::Addressing10 => "http://www.w3.org/2005/08/addressing/anonymous",
        }
    }

    /// The address "nowhere"; only WS-Addressing 1.0 has one.
    pub const fn none(self) -> Option<&'static str> {
        match self {
            Self::Addressing10 => Some("http://www.w3.org/2005/08/addressing/none"),
            _ => None,
        }
    }

    /// What `RelatesTo` says of a message that had no `MessageID` (1.0 Metadata and Core §3.2; August 2004 §3); WCF never writes it, CXF does.
    pub const fn unspecified(self) -> &'static str {
        match self {
            Self::None => "",
            Self::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing/id/unspecified",
            Self::Addressing10 => "http://www.w3.org/2005/08/addressing/unspecified",
        }
    }

    /// The action of faults of WS-Addressing itself.
    pub const fn fault_action(self) -> &'static str {
        match self {
            Self::None => "",
            Self::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
            Self::Addressing10 => "http://www.w3.org/2005/08/addressing/fault",
        }
    }

    /// The action of every other fault that has no action of its own.
    pub const fn default_fault_action(self) -> &'static str {
        match self {
            Self::Addressing10 => "http://www.w3.org/2005/08/addressing/soap/fault",
            other => other.fault_action(),
        }
    }
}
