//! What assertions ask for.

use waxwing_binding::{
    AlgorithmSuite, AuthenticationSchemes, SecurityHeaderLayout, X509ReferenceStyle,
};

/// What an assertion asks for, where a reader of its place must act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that is kept.
    Nothing,
    /// WS-ReliableMessaging of February 2005.
    Reliable10,
    /// WS-ReliableMessaging 1.1.
    Reliable11,
    InactivityTimeout,
    AcknowledgementInterval,
    SequenceStr,
    DeliveryAssurance,
    InOrder,
    /// WS-Addressing 1.0.
    Addressing10,
    /// WS-Addressing of August 2004.
    Addressing2004,
    AnonymousResponses,
    NonAnonymousResponses,
    Mtom,
    Binary,
    Cookies,
    HttpAuthentication(AuthenticationSchemes),
    Streamed,
    CompositeDuplex,
    OneWay,
    TransactionFlow,
    TransportBinding,
    SymmetricBinding,
    AsymmetricBinding,
    ProtectionToken,
    TransportToken,
    InitiatorToken,
    RecipientToken,
    AlgorithmSuite,
    Suite(AlgorithmSuite),
    Layout,
    LayoutOf(SecurityHeaderLayout),
    IncludeTimestamp,
    EncryptBeforeSigning,
    EncryptSignature,
    ProtectTokens,
    Supporting(Supporting),
    Wss10,
    Wss11,
    SignatureConfirmation,
    Trust10,
    Trust13,
    ClientEntropy,
    ServerEntropy,
    SignedParts,
    EncryptedParts,
    RequiredParts,
    HttpsToken,
    SslTransport,
    WindowsTransport,
    ProtectionLevel,
    RequireClientCertificate,
    HttpBasic,
    HttpDigest,
    X509Token,
    UsernameToken,
    SecureConversationToken,
    SslContextToken,
    SpnegoContextToken,
    KerberosToken,
    IssuedToken,
    Issuer,
    Template,
    DerivedKeys,
    Reference(X509ReferenceStyle),
    HashPassword,
    MustNotSendCancel,
    MustNotSendRenew,
    BootstrapPolicy,
    /// SAP's marker: harmless while its text is `false` or `no`.
    HarmlessIfFalse,
}

/// The kinds of supporting tokens (WS-SecurityPolicy 1.2 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supporting {
    Plain,
    Signed,
    Encrypted,
    SignedEncrypted,
    Endorsing,
    SignedEndorsing,
    EndorsingEncrypted,
    SignedEndorsingEncrypted,
}
