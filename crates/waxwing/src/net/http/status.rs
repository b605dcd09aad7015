//! What status codes say (RFC 9110 §15; SOAP 1.2 Part 2 §7.5, as WCF reads them).

/// What a status code says of the exchange, to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusMeaning {
    /// The body, if any, is a message: any 2xx, and 500.
    Message,
    /// 401, 403: the transport does not let the caller in.
    AccessDenied,
    /// 404: nobody is there.
    EndpointNotFound,
    /// 503: come again later.
    ServerTooBusy,
    /// 504: somebody on the way lost patience.
    GatewayTimeout,
    /// 415: another encoding or SOAP version.
    UnsupportedMediaType,
    /// 413: larger than the service takes.
    TooLarge,
    /// Anything else, 400 for one: the exchange makes no sense to the peer.
    ProtocolError,
}

impl StatusMeaning {
    /// The meaning of a status code.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200..=299 | 500 => Self::Message,
            401 | 403 => Self::AccessDenied,
            404 => Self::EndpointNotFound,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            503 => Self::ServerTooBusy,
            504 => Self::GatewayTimeout,
            _ => Self::ProtocolError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes() {
        for (status, meaning) in [
            (200, StatusMeaning::Message),
            (202, StatusMeaning::Message),
            (500, StatusMeaning::Message),
            (400, StatusMeaning::ProtocolError),
            (401, StatusMeaning::AccessDenied),
            (403, StatusMeaning::AccessDenied),
            (404, StatusMeaning::EndpointNotFound),
            (413, StatusMeaning::TooLarge),
            (415, StatusMeaning::UnsupportedMediaType),
            (503, StatusMeaning::ServerTooBusy),
            (504, StatusMeaning::GatewayTimeout),
            (100, StatusMeaning::ProtocolError),
            (302, StatusMeaning::ProtocolError),
            (501, StatusMeaning::ProtocolError),
        ] {
            assert_eq!(StatusMeaning::of(status), meaning, "{status}");
        }
    }
}
