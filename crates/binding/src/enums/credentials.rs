//! Details of custom bindings, behaviors, certificates and stores.

use crate::values::names;

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

names! {
    /// How a password is shown in messages (Username Token Profile 1.0 §3.1).
    pub enum UserNamePasswordType;
    /// The password itself, in what the messages or the transport encrypt: all that WCF knows.
    PasswordText,
    /// A digest of it with a nonce and the time.
    PasswordDigest,
}

names! {
    /// What keeps reliable sessions.
    pub enum StoreProvider;
    /// A file of one process.
    Sqlite = "sqlite",
    /// A PostgreSQL database, which several nodes share.
    Postgres = "postgres",
}
