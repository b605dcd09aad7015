//! The closed name lists of WCF's configuration: security modes, credential types, encodings…
//!
//! Every enumeration has the .NET type's members; `as_str` gives the name used in a file.

use crate::values::names;

names! {
    /// Where `wsHttpBinding`, `ws2007HttpBinding` and `netTcpBinding` secure messages.
    pub enum SecurityMode;
    /// Not at all.
    None,
    /// The connection only (TLS, or Windows stream security over TCP).
    Transport,
    /// Each SOAP message: signed, encrypted.
    Message,
    /// TLS for integrity and confidentiality, the client's credential in the SOAP header.
    TransportWithMessageCredential,
}

names! {
    /// Where `wsDualHttpBinding` secures messages.
    pub enum WsDualHttpSecurityMode;
    /// Not at all.
    None,
    /// Each SOAP message.
    Message,
}

names! {
    /// Where the federation bindings secure messages.
    pub enum WsFederationHttpSecurityMode;
    /// Not at all.
    None,
    /// Each SOAP message.
    Message,
    /// TLS, and the issued token in the SOAP header.
    TransportWithMessageCredential,
}

names! {
    /// Where `basicHttpBinding` and `netHttpBinding` secure messages.
    pub enum BasicHttpSecurityMode;
    /// Not at all.
    None,
    /// TLS.
    Transport,
    /// Each SOAP message.
    Message,
    /// TLS, and the client's credential in the SOAP header.
    TransportWithMessageCredential,
    /// HTTP authentication without TLS.
    TransportCredentialOnly,
}

names! {
    /// Where `basicHttpsBinding` and `netHttpsBinding` secure messages.
    pub enum BasicHttpsSecurityMode;
    /// TLS.
    Transport,
    /// TLS, and the client's credential in the SOAP header.
    TransportWithMessageCredential,
}

names! {
    /// What a client proves itself with inside the SOAP message.
    pub enum MessageCredentialType;
    /// Nothing: an anonymous client.
    None,
    /// A Windows account (Kerberos or NTLM).
    Windows,
    /// A user name and password.
    UserName,
    /// An X.509 certificate.
    Certificate,
    /// A token of a security token service.
    IssuedToken,
}

names! {
    /// What a client of `basicHttpBinding` or `netHttpBinding` proves itself with in the message.
    pub enum BasicHttpMessageCredentialType;
    /// A user name and password.
    UserName,
    /// An X.509 certificate.
    Certificate,
}

names! {
    /// Whether a contract needs a session (`ServiceContract.SessionMode`).
    pub enum SessionMode;
    /// A session is used if the binding offers one.
    Allowed,
    /// Without a session the endpoint is refused.
    Required,
    /// A session of the binding is not visible to the service.
    NotAllowed,
}

names! {
    /// How a client authenticates on the HTTP layer.
    pub enum HttpClientCredentialType;
    /// Not at all.
    None,
    /// HTTP Basic.
    Basic,
    /// HTTP Digest.
    Digest,
    /// NTLM.
    Ntlm,
    /// Negotiate (Kerberos or NTLM).
    Windows,
    /// A TLS client certificate.
    Certificate,
    /// What the hosting web server says.
    InheritedFromHost,
}

names! {
    /// How a client authenticates to an HTTP proxy.
    pub enum HttpProxyCredentialType;
    /// Not at all.
    None,
    /// HTTP Basic.
    Basic,
    /// HTTP Digest.
    Digest,
    /// NTLM.
    Ntlm,
    /// Negotiate (Kerberos or NTLM).
    Windows,
}

names! {
    /// How a client of `netTcpBinding` authenticates on the connection.
    pub enum TcpClientCredentialType;
    /// Not at all: the service's TLS certificate only.
    None,
    /// Windows stream security.
    Windows,
    /// A TLS client certificate.
    Certificate,
}

names! {
    /// How a SOAP message becomes octets in the `ws…HttpBinding`s and `basicHttpBinding`.
    pub enum WsMessageEncoding;
    /// XML text.
    Text,
    /// XML with large binary content moved out into MIME parts.
    Mtom,
}

names! {
    /// How a SOAP message becomes octets in `netHttpBinding`.
    pub enum NetHttpMessageEncoding;
    /// .NET binary XML.
    Binary,
    /// XML text.
    Text,
    /// XML with large binary content moved out into MIME parts.
    Mtom,
}

names! {
    /// How the host name of an address takes part in finding the service.
    pub enum HostNameComparisonMode;
    /// Any host name.
    StrongWildcard,
    /// The very host name.
    Exact,
    /// Any host name, if nothing else matched.
    WeakWildcard,
}

names! {
    /// Whether messages are held in memory as a whole.
    pub enum TransferMode;
    /// Requests and replies are buffered; reliable sessions need this.
    Buffered,
    /// Both are streamed.
    Streamed,
    /// Only requests are streamed.
    StreamedRequest,
    /// Only replies are streamed.
    StreamedResponse,
}

names! {
    /// The dialect of transaction flow.
    pub enum TransactionProtocol as crate::values::ListWording::Own(
        "is not a valid transaction protocol.  Valid values are 'OleTransactions', \
         'WSAtomicTransactionOctober2004', and 'WSAtomicTransaction11'.");
    /// MSDTC's own.
    OleTransactions,
    /// WS-AtomicTransaction of October 2004.
    WsAtomicTransactionOctober2004 = "WSAtomicTransactionOctober2004",
    /// WS-AtomicTransaction 1.1.
    WsAtomicTransaction11 = "WSAtomicTransaction11",
    "Default" => OleTransactions;
}

names! {
    /// The version of WS-ReliableMessaging.
    pub enum ReliableMessagingVersion as crate::values::ListWording::Own(
        "is not a valid reliable messaging version.  Valid values are \
         'WSReliableMessagingFebruary2005' and 'WSReliableMessaging11'.");
    /// WS-ReliableMessaging 1.0 of February 2005.
    WsReliableMessagingFebruary2005 = "WSReliableMessagingFebruary2005",
    /// WS-ReliableMessaging 1.1 (OASIS, February 2007).
    WsReliableMessaging11 = "WSReliableMessaging11",
    "Default" => WsReliableMessagingFebruary2005;
}

names! {
    /// A signature, digest, encryption and key wrap algorithm for each purpose, under one name
    /// (WS-SecurityPolicy 1.2 §6.1).
    pub enum AlgorithmSuite as crate::values::ListWording::ClassFactory(
        "System.ServiceModel.Security.SecurityAlgorithmSuite");
    /// AES-256, SHA-1, RSA-OAEP.
    Basic256,
    /// AES-192, SHA-1, RSA-OAEP.
    Basic192,
    /// AES-128, SHA-1, RSA-OAEP.
    Basic128,
    /// Triple DES, SHA-1, RSA-OAEP.
    TripleDes,
    /// AES-256, SHA-1, RSA 1.5.
    Basic256Rsa15,
    /// AES-192, SHA-1, RSA 1.5.
    Basic192Rsa15,
    /// AES-128, SHA-1, RSA 1.5.
    Basic128Rsa15,
    /// Triple DES, SHA-1, RSA 1.5.
    TripleDesRsa15,
    /// AES-256, SHA-256, RSA-OAEP.
    Basic256Sha256,
    /// AES-192, SHA-256, RSA-OAEP.
    Basic192Sha256,
    /// AES-128, SHA-256, RSA-OAEP.
    Basic128Sha256,
    /// Triple DES, SHA-256, RSA-OAEP.
    TripleDesSha256,
    /// AES-256, SHA-256, RSA 1.5.
    Basic256Sha256Rsa15,
    /// AES-192, SHA-256, RSA 1.5.
    Basic192Sha256Rsa15,
    /// AES-128, SHA-256, RSA 1.5.
    Basic128Sha256Rsa15,
    /// Triple DES, SHA-256, RSA 1.5.
    TripleDesSha256Rsa15,
    "Default" => Basic256;
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
        !matches!(self, MessageVersion::Soap11 | MessageVersion::Soap12 | MessageVersion::None)
    }

    /// The SOAP version, or `None` without SOAP.
    pub fn soap(self) -> Option<SoapVersion> {
        use MessageVersion as V;
        match self {
            V::Soap11 | V::Soap11WsAddressing10 | V::Soap11WsAddressingAugust2004 => {
                Some(SoapVersion::Soap11)
            }
            V::None => None,
            _ => Some(SoapVersion::Soap12),
        }
    }

    /// The addressing version, or `None` without addressing headers.
    pub fn addressing(self) -> Option<AddressingVersion> {
        use MessageVersion as V;
        match self {
            V::Soap11 | V::Soap12 | V::None => None,
            V::Soap11WsAddressingAugust2004 | V::Soap12WsAddressingAugust2004 => {
                Some(AddressingVersion::August2004)
            }
            _ => Some(AddressingVersion::Addressing10),
        }
    }
}

/// The version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    /// SOAP 1.1.
    Soap11,
    /// SOAP 1.2.
    Soap12,
}

/// The version of WS-Addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressingVersion {
    /// WS-Addressing 1.0 (W3C, 2005/08).
    Addressing10,
    /// The member submission of August 2004.
    August2004,
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

names! {
    /// The order of elements in the security header.
    pub enum SecurityHeaderLayout;
    /// Declared before used.
    Strict,
    /// Any.
    Lax,
    /// Any, the timestamp first.
    LaxTimestampFirst,
    /// Any, the timestamp last.
    LaxTimestampLast,
}

names! {
    /// Compression of binary messages.
    pub enum CompressionFormat;
    /// None.
    None,
    /// GZip.
    GZip,
    /// Deflate.
    Deflate,
}

names! {
    /// When `netHttpBinding` uses a WebSocket.
    pub enum WebSocketTransportUsage;
    /// For duplex contracts.
    WhenDuplex,
    /// Always.
    Always,
    /// Never.
    Never,
}

names! {
    /// What a stream security upgrade or a contract part protects.
    pub enum ProtectionLevel;
    /// Nothing.
    None,
    /// Integrity.
    Sign,
    /// Integrity and confidentiality.
    EncryptAndSign,
}

names! {
    /// The kind of key an issued token proves.
    pub enum IssuedKeyType;
    /// A key shared with the service.
    SymmetricKey,
    /// A key pair of the client.
    AsymmetricKey,
    /// None: whoever has the token may use it.
    BearerKey,
}

names! {
    /// How one endpoint's listen address is made.
    pub enum ListenUriMode;
    /// As written.
    Explicit,
    /// With a unique ending.
    Unique,
}

names! {
    /// The branch of a Windows certificate store.
    pub enum StoreLocation;
    /// Of the user who runs the program.
    CurrentUser,
    /// Of the machine.
    LocalMachine,
}

names! {
    /// A Windows certificate store.
    pub enum StoreName;
    /// Other people's certificates.
    AddressBook,
    /// Third-party trust anchors.
    AuthRoot,
    /// Intermediate authorities.
    CertificateAuthority,
    /// Revoked ones.
    Disallowed,
    /// Own certificates, with keys.
    My,
    /// Trust anchors.
    Root,
    /// Directly trusted certificates.
    TrustedPeople,
    /// Directly trusted publishers.
    TrustedPublisher,
}

names! {
    /// How a certificate is looked for in a store.
    pub enum X509FindType;
    /// SHA-1 thumbprint in hexadecimal; blanks do not matter.
    FindByThumbprint,
    /// Part of the subject name, case-insensitive.
    FindBySubjectName,
    /// The whole subject distinguished name, case-insensitive.
    FindBySubjectDistinguishedName,
    /// Part of the issuer name, case-insensitive.
    FindByIssuerName,
    /// The whole issuer distinguished name, case-insensitive.
    FindByIssuerDistinguishedName,
    /// Serial number, hexadecimal or decimal.
    FindBySerialNumber,
    /// Valid at a time.
    FindByTimeValid,
    /// Not yet valid at a time.
    FindByTimeNotYetValid,
    /// Expired at a time.
    FindByTimeExpired,
    /// Certificate template.
    FindByTemplateName,
    /// Application policy.
    FindByApplicationPolicy,
    /// Certificate policy.
    FindByCertificatePolicy,
    /// Extension.
    FindByExtension,
    /// Key usage.
    FindByKeyUsage,
    /// Subject key identifier in hexadecimal.
    FindBySubjectKeyIdentifier,
}

names! {
    /// When the peer's certificate is good enough.
    pub enum X509CertificateValidationMode;
    /// Always: proof of possession is enough.
    None,
    /// It lies in the TrustedPeople store.
    PeerTrust,
    /// Its chain ends in a trusted root.
    ChainTrust,
    /// Either.
    PeerOrChainTrust,
    /// The program's own validator says so.
    Custom,
}

names! {
    /// How revocation is checked when a chain is built.
    pub enum X509RevocationMode;
    /// Not at all.
    NoCheck,
    /// By asking the authority.
    Online,
    /// From what is cached.
    Offline,
}

names! {
    /// Who checks user names and passwords.
    pub enum UserNamePasswordValidationMode;
    /// Windows.
    Windows,
    /// An ASP.NET membership provider.
    MembershipProvider,
    /// The program's own validator.
    Custom,
}

names! {
    /// What roles a caller has.
    pub enum PrincipalPermissionMode;
    /// None.
    None,
    /// The Windows groups.
    UseWindowsGroups,
    /// The ASP.NET role provider's.
    UseAspNetRoles,
    /// What the program's authorization policy says.
    Custom,
    /// The caller's own principal.
    Always,
}

names! {
    /// How far a service may act as the client's Windows account.
    pub enum TokenImpersonationLevel;
    /// Not.
    None,
    /// The service does not learn who.
    Anonymous,
    /// The service learns who.
    Identification,
    /// On its machine.
    Impersonation,
    /// Everywhere.
    Delegation,
}

names! {
    /// Whether the audience of an issued token is checked.
    pub enum AudienceUriMode;
    /// Never.
    Never,
    /// Always.
    Always,
    /// For bearer tokens.
    BearerKeyOnly,
}

names! {
    /// The version of WS-Policy in metadata.
    pub enum PolicyVersion as crate::values::ListWording::ClassFactory(
        "System.ServiceModel.Description.PolicyVersion");
    /// WS-Policy 1.2.
    Policy12,
    /// WS-Policy 1.5.
    Policy15,
    "Default" => Policy12;
}

names! {
    /// When channel binding tokens are demanded.
    pub enum PolicyEnforcement;
    /// Never.
    Never,
    /// When the client supports them.
    WhenSupported,
    /// Always.
    Always,
}

names! {
    /// What channel binding tokens protect.
    pub enum ProtectionScenario;
    /// The one transport.
    TransportSelected,
    /// A proxy the client trusts.
    TrustedProxy,
}
