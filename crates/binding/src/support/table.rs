//! The table: one row for each setting, or for a group of which the same holds.

use super::Feature::{
    AddressHeaders, BinaryMessages, Callbacks, Cookies, HttpAuthentication, Https, IssuedTokens,
    NoAddressing, StandardEndpoints, Tcp, WebSockets, WindowsAccounts, WsSecurity10,
};
use super::Support::{self, Partly, Refused, Runs, RunsExcept};
use crate::diagnostic::Severity;

/// It does nothing, and somebody may notice.
const fn warn(why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Warning, acts_as: None, why }
}

/// It does nothing, and only WCF's own running depends on it.
const fn note(why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Note, acts_as: None, why }
}

/// The same, where what happens is not the default.
const fn note_as(value: &'static str, why: &'static str) -> Support {
    Support::Nothing { severity: Severity::Note, acts_as: Some(value), why }
}

const NO_PROXY: &str = "messages go to their address directly, through no proxy";
const POOLS: &str = "memory is managed without such pools";
const NO_METADATA: &str =
    "the service does not describe itself: there is no ?wsdl and no metadata endpoint";
const NO_PAGE: &str = "there is no such page";
const NO_TRANSACTIONS: &str = "transactions do not flow";
const QUOTA: &str = "only maxReceivedMessageSize and maxDepth bound a message";
const CLASS: &str = "it names a .NET class; the program decides in code";
const AUTHORIZATION: &str =
    "whoever is authenticated may call; the program decides in code who may do what";
const MANAGER: &str = "it names a .NET class: the service opens only when the program decides in code who may do what (ServiceHostBuilder::authorize)";
const NO_WINDOWS: &str = "there are no Windows accounts here";
const NO_PEERS: &str = "there are no peer channels here";
const INACTIVITY: &str =
    "it ends idle security sessions of a service; a reliable session ends by its inactivityTimeout";
const ACKNOWLEDGED: &str =
    "acknowledgements go with the HTTP answers, so none waits (in WCF neither)";
const COOKIES: &str = "every channel negotiates for itself";
const RECONNECT: &str = "over HTTP a session never depends on its connection";
const IDENTITY_FOUNDATION: &str = "there is no Windows Identity Foundation here";

/// Patterns of paths (see [`super::support_of`]) and what becomes of the settings there.
pub(crate) const TABLE: &[(&str, Support)] = &[
    // Bindings that need what cannot be run, whatever is set in them.
    ("wsDualHttpBinding/**", Refused(Callbacks)),
    ("netTcpBinding/**", Refused(Tcp)),
    ("netHttpsBinding/**", Refused(Https)),
    ("basicHttpsBinding/**", Refused(Https)),
    ("basicHttpBinding/**", Refused(NoAddressing)),
    // Maps forget and remove what was said before.
    ("…/clear", Runs),
    ("…/remove/**", Runs),
    // What the other bindings have in common.
    ("…/binding/@name", Runs),
    ("…/binding/@openTimeout", Runs),
    ("…/binding/@closeTimeout", Runs),
    ("…/binding/@sendTimeout", Runs),
    ("…/binding/@receiveTimeout", Partly(INACTIVITY)),
    ("…/binding/@bypassProxyOnLocal", note_as("true", NO_PROXY)),
    ("…/binding/@transactionFlow", warn(NO_TRANSACTIONS)),
    ("…/@hostNameComparisonMode", warn("a service answers whatever name of the machine is asked")),
    ("…/@maxBufferPoolSize", note(POOLS)),
    ("…/@maxBufferSize", note("a message is held whole; maxReceivedMessageSize bounds it")),
    ("…/@maxReceivedMessageSize", Runs),
    ("…/binding/@messageEncoding", Runs),
    ("netHttpBinding/binding/@messageEncoding", RunsExcept(&["Binary"])),
    ("…/@proxyAddress", warn(NO_PROXY)),
    ("…/binding/@textEncoding", RunsExcept(&["utf-16", "unicodeFFFE"])),
    ("…/@transferMode", RunsExcept(&["Streamed", "StreamedRequest", "StreamedResponse"])),
    ("…/@useDefaultWebProxy", note_as("false", NO_PROXY)),
    ("…/@allowCookies", warn("no cookie is kept or sent back")),
    ("…/binding/@privacyNoticeAt", note(NO_METADATA)),
    ("…/binding/@privacyNoticeVersion", note(NO_METADATA)),
    ("…/readerQuotas/@maxDepth", Runs),
    ("…/readerQuotas/@maxStringContentLength", warn(QUOTA)),
    ("…/readerQuotas/@maxArrayLength", warn(QUOTA)),
    ("…/readerQuotas/@maxBytesPerRead", warn(QUOTA)),
    ("…/readerQuotas/@maxNameTableCharCount", warn(QUOTA)),
    ("…/reliableSession/@enabled", Runs),
    ("…/reliableSession/@ordered", Runs),
    ("…/reliableSession/@inactivityTimeout", Runs),
    ("…/security/@mode", RunsExcept(&["Transport", "TransportWithMessageCredential"])),
    ("wsFederationHttpBinding/binding/security/@mode", RunsExcept(FEDERATED)),
    ("ws2007FederationHttpBinding/binding/security/@mode", RunsExcept(FEDERATED)),
    ("…/security/transport/**", Refused(HttpAuthentication)),
    ("…/extendedProtectionPolicy/**", Refused(Https)),
    ("…/security/message/@clientCredentialType", RunsExcept(&["Windows", "IssuedToken"])),
    ("…/security/message/@negotiateServiceCredential", Runs),
    ("…/security/message/@establishSecurityContext", Runs),
    ("…/security/message/@algorithmSuite", Runs),
    ("netHttpBinding/binding/security/message/**", Refused(WsSecurity10)),
    ("wsFederationHttpBinding/binding/security/message/**", Refused(IssuedTokens)),
    (
        "wsFederationHttpBinding/binding/security/message/tokenRequestParameters",
        Refused(IssuedTokens),
    ),
    ("ws2007FederationHttpBinding/binding/security/message/**", Refused(IssuedTokens)),
    (
        "ws2007FederationHttpBinding/binding/security/message/tokenRequestParameters",
        Refused(IssuedTokens),
    ),
    ("…/webSocketSettings/**", Refused(WebSockets)),
    ("…/webSocketSettings/@transportUsage", RunsExcept(&["Always"])),
    // Elements of a custom binding.
    ("customBinding/binding/transactionFlow", warn(NO_TRANSACTIONS)),
    ("…/transactionFlow/**", warn(NO_TRANSACTIONS)),
    ("…/reliableSession/@acknowledgementInterval", note(ACKNOWLEDGED)),
    ("…/reliableSession/@flowControlEnabled", Runs),
    ("…/reliableSession/@maxPendingChannels", Runs),
    ("…/reliableSession/@maxRetryCount", Runs),
    ("…/reliableSession/@maxTransferWindowSize", Runs),
    ("…/reliableSession/@reliableMessagingVersion", Runs),
    ("…/@authenticationMode", RunsExcept(MODES)),
    ("…/@defaultAlgorithmSuite", Runs),
    ("…/@messageSecurityVersion", Runs),
    ("…/@keyEntropyMode", RunsExcept(&["ClientEntropy", "ServerEntropy"])),
    ("…/@messageProtectionOrder", Runs),
    ("…/@requireDerivedKeys", Runs),
    ("…/@securityHeaderLayout", Runs),
    ("…/@includeTimestamp", RunsExcept(&["false"])),
    ("…/@requireSignatureConfirmation", Runs),
    ("…/@requireSecurityContextCancellation", RunsExcept(&["false"])),
    ("…/@canRenewSecurityContextToken", Runs),
    ("…/@protectTokens", RunsExcept(&["true"])),
    (
        "…/@allowSerializedSigningTokenOnReply",
        note("no reply carries the service's token, and a client needs none"),
    ),
    ("…/@enableUnsecuredResponse", RunsExcept(&["true"])),
    ("…/@allowInsecureTransport", note("the modes that it is for need HTTPS, which is refused")),
    ("…/issuedTokenParameters/**", Refused(IssuedTokens)),
    ("…/issuedTokenParameters/additionalRequestParameters", Refused(IssuedTokens)),
    ("…/localClientSettings/@cacheCookies", note(COOKIES)),
    ("…/localClientSettings/@maxCookieCachingTime", note(COOKIES)),
    (
        "…/localClientSettings/@replayCacheSize",
        note("the default holds: 900000 replies are remembered"),
    ),
    ("…/localClientSettings/@detectReplays", Runs),
    ("…/localClientSettings/@maxClockSkew", Runs),
    ("…/localClientSettings/@replayWindow", Runs),
    ("…/localClientSettings/@sessionKeyRenewalInterval", Runs),
    ("…/localClientSettings/@sessionKeyRolloverInterval", Runs),
    ("…/localClientSettings/@timestampValidityDuration", Runs),
    ("…/localClientSettings/@cookieRenewalThresholdPercentage", Runs),
    ("…/localClientSettings/@reconnectTransportOnFailure", note(RECONNECT)),
    ("…/localServiceSettings/@reconnectTransportOnFailure", note(RECONNECT)),
    ("…/localServiceSettings/@detectReplays", Runs),
    ("…/localServiceSettings/@issuedCookieLifetime", Runs),
    ("…/localServiceSettings/@maxStatefulNegotiations", Runs),
    ("…/localServiceSettings/@replayCacheSize", Runs),
    ("…/localServiceSettings/@maxClockSkew", Runs),
    ("…/localServiceSettings/@negotiationTimeout", Runs),
    ("…/localServiceSettings/@replayWindow", Runs),
    ("…/localServiceSettings/@inactivityTimeout", Runs),
    ("…/localServiceSettings/@sessionKeyRenewalInterval", Runs),
    ("…/localServiceSettings/@sessionKeyRolloverInterval", Runs),
    ("…/localServiceSettings/@maxPendingSessions", Runs),
    ("…/localServiceSettings/@maxCachedCookies", Runs),
    ("…/localServiceSettings/@timestampValidityDuration", Runs),
    ("…/compositeDuplex/**", Refused(Callbacks)),
    ("…/oneWay/**", Refused(Callbacks)),
    ("…/sslStreamSecurity/**", Refused(Tcp)),
    ("…/windowsStreamSecurity/**", Refused(Tcp)),
    ("…/@messageVersion", RunsExcept(&["Soap11", "Soap12", "None"])),
    ("…/@writeEncoding", RunsExcept(&["utf-16", "unicodeFFFE"])),
    ("…/@maxReadPoolSize", note(POOLS)),
    ("…/@maxWritePoolSize", note(POOLS)),
    ("…/binaryMessageEncoding/**", Refused(BinaryMessages)),
    ("customBinding/binding/binaryMessageEncoding/readerQuotas/**", Refused(BinaryMessages)),
    ("…/httpTransport/@manualAddressing", RunsExcept(&["true"])),
    ("…/httpTransport/@authenticationScheme", RunsExcept(SCHEMES)),
    ("…/httpTransport/@bypassProxyOnLocal", note_as("true", NO_PROXY)),
    ("…/httpTransport/@decompressionEnabled", note_as("false", "no compressed reply is asked for")),
    (
        "…/httpTransport/@keepAliveEnabled",
        warn("connections are always used again, for 90 seconds"),
    ),
    ("…/httpTransport/@maxPendingAccepts", note("connections are accepted as they come")),
    ("…/httpTransport/@proxyAuthenticationScheme", note(NO_PROXY)),
    ("…/httpTransport/@realm", Refused(HttpAuthentication)),
    (
        "…/httpTransport/@requestInitializationTimeout",
        warn("the host has its own limits for the time of a request"),
    ),
    ("…/httpTransport/@unsafeConnectionNtlmAuthentication", Refused(HttpAuthentication)),
    ("…/messageHandlerFactory/**", warn(CLASS)),
    ("…/messageHandlerFactory/handlers", warn(CLASS)),
    ("customBinding/binding/httpsTransport/**", Refused(Https)),
    ("customBinding/binding/httpsTransport/messageHandlerFactory/handlers", Refused(Https)),
    ("customBinding/binding/tcpTransport/**", Refused(Tcp)),
    // Services.
    ("services/service/@name", Runs),
    ("services/service/@behaviorConfiguration", Runs),
    ("services/service/host/baseAddresses/add/**", Runs),
    ("services/service/host/timeouts/@openTimeout", note("a host opens at once, or says why not")),
    ("services/service/host/timeouts/@closeTimeout", Runs),
    ("services/service/endpoint/@address", Runs),
    ("services/service/endpoint/@binding", Runs),
    ("services/service/endpoint/@bindingConfiguration", Runs),
    ("services/service/endpoint/@bindingName", note(NO_METADATA)),
    ("services/service/endpoint/@bindingNamespace", note(NO_METADATA)),
    ("services/service/endpoint/@contract", Runs),
    ("services/service/endpoint/@behaviorConfiguration", Runs),
    ("services/service/endpoint/@name", Runs),
    ("services/service/endpoint/@listenUri", Runs),
    ("services/service/endpoint/@listenUriMode", RunsExcept(&["Unique"])),
    ("services/service/endpoint/@isSystemEndpoint", note(NO_METADATA)),
    ("services/service/endpoint/@kind", Refused(StandardEndpoints)),
    ("services/service/endpoint/@endpointConfiguration", Refused(StandardEndpoints)),
    ("services/service/endpoint/headers", Refused(AddressHeaders)),
    ("services/service/endpoint/identity/**", note(NO_METADATA)),
    // Clients.
    ("client/endpoint/@name", Runs),
    ("client/endpoint/@address", Runs),
    ("client/endpoint/@binding", Runs),
    ("client/endpoint/@bindingConfiguration", Runs),
    ("client/endpoint/@contract", Runs),
    ("client/endpoint/@behaviorConfiguration", Runs),
    ("client/endpoint/@kind", Refused(StandardEndpoints)),
    ("client/endpoint/@endpointConfiguration", Refused(StandardEndpoints)),
    ("client/endpoint/headers", Refused(AddressHeaders)),
    ("client/endpoint/identity/userPrincipalName/@value", Refused(WindowsAccounts)),
    ("client/endpoint/identity/servicePrincipalName/@value", Refused(WindowsAccounts)),
    ("client/endpoint/identity/dns/@value", Runs),
    ("client/endpoint/identity/rsa/@value", Runs),
    ("client/endpoint/identity/certificate/@encodedValue", Runs),
    ("client/endpoint/identity/certificateReference/**", Runs),
    (
        "client/endpoint/identity/certificateReference/@isChainIncluded",
        note("the certificate itself is compared, its issuers are not"),
    ),
    ("client/metadata", note("it is for programs that read metadata")),
    ("protocolMapping/add/**", Runs),
    // Behaviors.
    ("…/behavior/@name", Runs),
    ("…/serviceCredentials/@type", warn(CLASS)),
    ("…/serviceCredentials/@useIdentityConfiguration", warn(IDENTITY_FOUNDATION)),
    ("…/serviceCredentials/@identityConfiguration", warn(IDENTITY_FOUNDATION)),
    ("…/serviceCredentials/serviceCertificate/**", Runs),
    (
        "…/serviceCredentials/clientCertificate/certificate/**",
        note("a client's certificate comes with its messages"),
    ),
    ("…/authentication/@certificateValidationMode", Runs),
    ("…/authentication/@revocationMode", Runs),
    ("…/authentication/@trustedStoreLocation", Runs),
    ("…/authentication/@customCertificateValidatorType", note(CLASS)),
    ("…/authentication/@includeWindowsGroups", note(NO_WINDOWS)),
    ("…/authentication/@mapClientCertificateToWindowsAccount", warn(NO_WINDOWS)),
    ("…/userNameAuthentication/@userNamePasswordValidationMode", note_as("Custom", CLASS)),
    ("…/userNameAuthentication/@membershipProviderName", note(CLASS)),
    ("…/userNameAuthentication/@customUserNamePasswordValidatorType", note(CLASS)),
    ("…/userNameAuthentication/**", note(NO_WINDOWS)),
    ("…/windowsAuthentication/**", Refused(WindowsAccounts)),
    ("…/secureConversationAuthentication/@securityStateEncoderType", Refused(Cookies)),
    ("…/issuedTokenAuthentication/**", Refused(IssuedTokens)),
    ("…/serviceCredentials/peer", note(NO_PEERS)),
    ("…/serviceMetadata/@httpGetEnabled", warn(NO_METADATA)),
    ("…/serviceMetadata/@httpsGetEnabled", warn(NO_METADATA)),
    ("…/serviceMetadata/@externalMetadataLocation", warn(NO_METADATA)),
    ("…/serviceMetadata/**", note(NO_METADATA)),
    ("…/serviceDebug/@includeExceptionDetailInFaults", Runs),
    ("…/serviceDebug/@httpHelpPageEnabled", note_as("false", NO_PAGE)),
    ("…/serviceDebug/@httpsHelpPageEnabled", note_as("false", NO_PAGE)),
    ("…/serviceDebug/**", note(NO_PAGE)),
    ("…/serviceThrottling/@maxConcurrentCalls", Runs),
    ("…/serviceThrottling/@maxConcurrentSessions", Runs),
    ("…/serviceThrottling/@maxConcurrentInstances", Runs),
    ("…/serviceTimeouts/**", warn(NO_TRANSACTIONS)),
    ("…/serviceAuthorization/@principalPermissionMode", warn(AUTHORIZATION)),
    ("…/serviceAuthorization/@roleProviderName", warn(AUTHORIZATION)),
    ("…/serviceAuthorization/@impersonateCallerForAllOperations", warn(NO_WINDOWS)),
    ("…/serviceAuthorization/@impersonateOnSerializingReply", warn(NO_WINDOWS)),
    ("…/serviceAuthorization/@serviceAuthorizationManagerType", warn(MANAGER)),
    ("…/authorizationPolicies/**", warn(MANAGER)),
    ("…/serviceHealth/@healthDetailsEnabled", note_as("false", NO_PAGE)),
    ("…/serviceHealth/@httpGetEnabled", note_as("false", NO_PAGE)),
    ("…/serviceHealth/@httpsGetEnabled", note_as("false", NO_PAGE)),
    ("…/serviceHealth/**", note(NO_PAGE)),
    ("…/dataContractSerializer/@maxItemsInObjectGraph", warn(QUOTA)),
    (
        "…/dataContractSerializer/@ignoreExtensionDataObject",
        note_as("true", "what a data contract does not know is dropped"),
    ),
    ("…/serviceAuthenticationManager", warn(AUTHORIZATION)),
    (
        "…/serviceSecurityAudit",
        warn("nothing is written to the event log; `tracing` has what happens"),
    ),
    ("…/useRequestHeadersForMetadataAddress", note(NO_METADATA)),
    ("…/workflowRuntime", warn("there are no workflows here")),
    ("…/persistenceProvider", warn("there are no workflows here")),
    ("…/etwTracking", warn("there are no workflows here")),
    ("…/workflowIdle", warn("there are no workflows here")),
    ("…/workflowUnhandledException", warn("there are no workflows here")),
    ("…/workflowInstanceManagement", warn("there are no workflows here")),
    ("…/bufferedReceive", warn("there are no workflows here")),
    ("…/sendMessageChannelCache", warn("there are no workflows here")),
    ("…/sqlWorkflowInstanceStore", warn("there are no workflows here")),
    ("…/serviceDiscovery", warn("services are not announced here")),
    ("…/routing", warn("messages are not passed on to other services here")),
    ("…/clientCredentials/@type", warn(CLASS)),
    ("…/clientCredentials/@supportInteractive", note_as("false", "nobody is asked for a card")),
    ("…/clientCredentials/@useIdentityConfiguration", warn(IDENTITY_FOUNDATION)),
    ("…/clientCredentials/clientCertificate/**", Runs),
    ("…/clientCredentials/serviceCertificate/defaultCertificate/**", Runs),
    ("…/clientCredentials/serviceCertificate/scopedCertificates/**", Runs),
    ("…/sslCertificateAuthentication/**", Refused(Https)),
    ("…/clientCredentials/windows/**", Refused(WindowsAccounts)),
    ("…/clientCredentials/httpDigest/**", Refused(HttpAuthentication)),
    ("…/clientCredentials/issuedToken", Refused(IssuedTokens)),
    ("…/clientCredentials/peer", note(NO_PEERS)),
    ("…/callbackDebug/**", Refused(Callbacks)),
    ("…/callbackTimeouts/**", Refused(Callbacks)),
    ("…/clientVia/@viaUri", Runs),
    (
        "…/dispatcherSynchronization/**",
        note("replies are always sent without waiting for one another"),
    ),
    ("…/synchronousReceive", note("messages are received as they come")),
    ("…/transactedBatching", note(NO_TRANSACTIONS)),
    ("…/webHttp", warn("it is for webHttpBinding, which is refused")),
    ("…/enableWebScript", warn("it is for webHttpBinding, which is refused")),
    ("…/endpointDiscovery", warn("services are not announced here")),
    ("…/soapProcessing", warn("messages are not passed on to other services here")),
    // Other sections of `<system.serviceModel>`.
    ("diagnostics", note("`tracing` has what happens, and <waxwing><trace> the messages")),
    ("serviceHostingEnvironment", note("it is for the web server that hosts .NET")),
    ("comContracts", note("there is no COM here")),
    ("machineSettings", note("it is for .NET's own machine.config")),
    ("commonBehaviors", warn("they are for machine.config")),
    (
        "extensions",
        note("the classes that it registers are .NET's; an endpoint that needs one is refused"),
    ),
    ("standardEndpoints", note("an endpoint with a kind is refused")),
    ("routing", warn("messages are not routed")),
    ("tracking", note("there are no workflows here")),
    // What only Waxwing has.
    ("waxwing/certificates/**", Runs),
    ("waxwing/reliability/**", Runs),
    ("waxwing/trace/**", Runs),
    ("waxwing/store/@file", warn("sequences are kept in memory only")),
    ("waxwing/admin/@listen", warn("there is no such page yet")),
];

/// Modes of security that are not none.
const FEDERATED: &[&str] = &["Message", "TransportWithMessageCredential"];
/// Ways to authenticate over HTTP.
const SCHEMES: &[&str] =
    &["Digest", "Negotiate", "Ntlm", "IntegratedWindowsAuthentication", "Basic"];
/// Modes of message security that are not run.
const MODES: &[&str] = &[
    "CertificateOverTransport",
    "IssuedToken",
    "IssuedTokenForCertificate",
    "IssuedTokenForSslNegotiated",
    "IssuedTokenOverTransport",
    "Kerberos",
    "KerberosOverTransport",
    "MutualCertificateDuplex",
    "SspiNegotiated",
    "SspiNegotiatedOverTransport",
    "UserNameOverTransport",
];
