//! Modes, credential types, encodings, protocols and algorithm suites of the bindings.

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
