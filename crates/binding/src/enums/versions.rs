//! Versions of the specifications, and authentication modes.

use waxwing_soap::{AddressingVersion, SoapVersion};

use crate::MessageCredentialType;
use crate::values::names;

names! {
    /// A version of TLS below HTTP, by the names of .NET's `SslProtocols`.
    pub enum TlsProtocol;
    /// TLS 1.0, broken.
    Tls,
    /// TLS 1.1, broken.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

names! {
    /// The SOAP version together with the WS-Addressing version.
    pub enum MessageVersion as crate::values::ListWording::ClassFactory(
        "System.ServiceModel.Channels.MessageVersion");
    /// SOAP 1.1 without addressing.
    Soap11,
    /// SOAP 1.2 without addressing.
    Soap12,
    /// SOAP 1.1 and WS-Addressing 1.0.
    Soap11WsAddressing10 = "Soap11WSAddressing10",
    /// SOAP 1.2 and WS-Addressing 1.0.
    Soap12WsAddressing10 = "Soap12WSAddressing10",
    /// SOAP 1.1 and WS-Addressing of August 2004.
    Soap11WsAddressingAugust2004 = "Soap11WSAddressingAugust2004",
    /// SOAP 1.2 and WS-Addressing of August 2004.
    Soap12WsAddressingAugust2004 = "Soap12WSAddressingAugust2004",
    /// No SOAP at all.
    None,
    "Default" => Soap12WsAddressing10;
}

impl MessageVersion {
    /// Whether messages carry WS-Addressing headers; reliable sessions need them.
    pub fn has_addressing(self) -> bool {
        self.versions().is_some_and(|v| v.addressing != AddressingVersion::None)
    }

    /// The versions of SOAP and WS-Addressing, or `None` without SOAP.
    pub fn versions(self) -> Option<waxwing_soap::MessageVersion> {
        use AddressingVersion::{Addressing10, August2004};
        use SoapVersion::{Soap11, Soap12};
        let (soap, addressing) = match self {
            MessageVersion::Soap11 => (Soap11, AddressingVersion::None),
            MessageVersion::Soap12 => (Soap12, AddressingVersion::None),
            MessageVersion::Soap11WsAddressing10 => (Soap11, Addressing10),
            MessageVersion::Soap12WsAddressing10 => (Soap12, Addressing10),
            MessageVersion::Soap11WsAddressingAugust2004 => (Soap11, August2004),
            MessageVersion::Soap12WsAddressingAugust2004 => (Soap12, August2004),
            MessageVersion::None => return None,
        };
        Some(waxwing_soap::MessageVersion { soap, addressing })
    }
}

names! {
    /// The kind of message security of a custom binding's `<security>`.
    pub enum AuthenticationMode;
    /// Anonymous client; key encrypted to the service's certificate.
    AnonymousForCertificate,
    /// Anonymous client; TLS handshake inside SOAP (TLSNego).
    AnonymousForSslNegotiated,
    /// HTTPS; the client signs with a certificate.
    CertificateOverTransport,
    /// A token of a security token service, alone.
    IssuedToken,
    /// An issued token; key encrypted to the service's certificate.
    IssuedTokenForCertificate,
    /// An issued token; TLSNego.
    IssuedTokenForSslNegotiated,
    /// HTTPS; an issued token.
    IssuedTokenOverTransport,
    /// A Kerberos ticket for the service.
    Kerberos,
    /// HTTPS; a Kerberos ticket.
    KerberosOverTransport,
    /// Certificates on both sides, the service's known to the client beforehand.
    MutualCertificate,
    /// The same in the asymmetric form that suits duplex services.
    MutualCertificateDuplex,
    /// Certificates on both sides, exchanged by TLSNego.
    MutualSslNegotiated,
    /// WS-SecureConversation, set up by the `secureConversationBootstrap`.
    SecureConversation,
    /// Windows accounts by SPNEGO inside SOAP.
    SspiNegotiated,
    /// User name and password; key encrypted to the service's certificate.
    UserNameForCertificate,
    /// User name and password; TLSNego.
    UserNameForSslNegotiated,
    /// HTTPS; user name and password.
    UserNameOverTransport,
    /// HTTPS; Windows accounts by SPNEGO inside SOAP.
    SspiNegotiatedOverTransport,
}

impl AuthenticationMode {
    /// Whether messages are protected by the connection, not by themselves.
    pub fn is_over_transport(self) -> bool {
        self.as_str().ends_with("OverTransport")
    }

    /// Whether a negotiation (TLSNego or SPNEGO) precedes the first message.
    pub fn is_negotiated(self) -> bool {
        self.as_str().contains("Negotiated")
    }

    /// Whether the service proves itself with a certificate in the message, or in a TLS handshake
    /// inside SOAP.
    pub fn needs_service_certificate(self) -> bool {
        let name = self.as_str();
        name.contains("ForCertificate")
            || name.contains("SslNegotiated")
            || name.starts_with("MutualCertificate")
    }

    /// What the client proves itself with in this mode. `SecureConversation` has no credential of
    /// its own and gives [`MessageCredentialType::None`].
    pub fn credential(self) -> MessageCredentialType {
        use AuthenticationMode as M;
        use MessageCredentialType as C;
        match self {
            M::AnonymousForCertificate | M::AnonymousForSslNegotiated | M::SecureConversation => {
                C::None
            }
            M::CertificateOverTransport
            | M::MutualCertificate
            | M::MutualCertificateDuplex
            | M::MutualSslNegotiated => C::Certificate,
            M::IssuedToken
            | M::IssuedTokenForCertificate
            | M::IssuedTokenForSslNegotiated
            | M::IssuedTokenOverTransport => C::IssuedToken,
            M::Kerberos
            | M::KerberosOverTransport
            | M::SspiNegotiated
            | M::SspiNegotiatedOverTransport => C::Windows,
            M::UserNameForCertificate | M::UserNameForSslNegotiated | M::UserNameOverTransport => {
                C::UserName
            }
        }
    }
}

names! {
    /// The set of security specifications in force.
    pub enum MessageSecurityVersion as crate::values::ListWording::ClassFactory(
        "System.ServiceModel.MessageSecurityVersion");
    /// WS-Security 1.1, WS-Trust and WS-SecureConversation of February 2005.
    WsSecurity11February2005 =
        "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11",
    /// The same under Basic Security Profile 1.0.
    WsSecurity11February2005BasicSecurityProfile10 =
        "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10",
    /// WS-Security 1.0, February 2005, Basic Security Profile 1.0.
    WsSecurity10February2005BasicSecurityProfile10 =
        "WSSecurity10WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10",
    /// WS-Security 1.1, WS-Trust 1.3, WS-SecureConversation 1.3.
    WsSecurity11Trust13 = "WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12",
    /// The same under Basic Security Profile 1.0.
    WsSecurity11Trust13BasicSecurityProfile10 =
        "WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10",
    /// WS-Security 1.0, WS-Trust 1.3, Basic Security Profile 1.0.
    WsSecurity10Trust13BasicSecurityProfile10 =
        "WSSecurity10WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10",
    "Default" => WsSecurity11February2005;
}

/// The dialect of WS-Trust and WS-SecureConversation, which always go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrustVersion {
    /// Both of February 2005.
    February2005,
    /// WS-Trust 1.3 and WS-SecureConversation 1.3 (OASIS).
    Trust13,
}

impl MessageSecurityVersion {
    /// Whether WS-Security is version 1.1 (else 1.0).
    pub fn is_ws_security_11(self) -> bool {
        !self.as_str().starts_with("WSSecurity10")
    }

    /// The dialect of WS-Trust and WS-SecureConversation.
    pub fn trust(self) -> TrustVersion {
        if self.as_str().contains("WSTrust13") {
            TrustVersion::Trust13
        } else {
            TrustVersion::February2005
        }
    }

    /// Whether Basic Security Profile 1.0 attributes are written.
    pub fn is_basic_security_profile(self) -> bool {
        self.as_str().ends_with("BasicSecurityProfile10")
    }
}

names! {
    /// Who contributes randomness to the session key.
    pub enum KeyEntropyMode;
    /// The client.
    ClientEntropy,
    /// The service.
    ServerEntropy,
    /// Both.
    CombinedEntropy,
}

names! {
    /// In which order a message is signed and encrypted.
    pub enum MessageProtectionOrder;
    /// Sign the plain text, then encrypt.
    SignBeforeEncrypt,
    /// The same, and encrypt the signature, too.
    SignBeforeEncryptAndEncryptSignature,
    /// Encrypt, then sign.
    EncryptBeforeSign,
}
