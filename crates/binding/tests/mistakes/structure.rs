//! Mistakes in how things are put together.

use super::Group;
use super::file::{behaviors, binding, bindings, client, custom, model, service, ws};

pub(crate) fn places() -> Group {
    vec![
        ("reliable-session-not-enabled", ws("          <reliableSession ordered=\"true\" />")),
        (
            "enabled-on-dual",
            binding(
                "wsDualHttpBinding",
                "        <binding name=\"b\">\n          <reliableSession enabled=\"true\" />\n        </binding>",
            ),
        ),
        (
            "enabled-on-custom",
            custom("          <reliableSession enabled=\"true\" />\n          <httpTransport />"),
        ),
        (
            "retry-count-on-standard",
            ws("          <reliableSession enabled=\"true\" maxRetryCount=\"20\" />"),
        ),
        (
            "reliable-session-on-basic",
            binding(
                "basicHttpBinding",
                "        <binding name=\"b\">\n          <reliableSession enabled=\"true\" />\n        </binding>",
            ),
        ),
        (
            "reliable-session-on-named-pipe",
            binding(
                "netNamedPipeBinding",
                "        <binding name=\"b\">\n          <reliableSession enabled=\"true\" />\n        </binding>",
            ),
        ),
        (
            "buffer-size-on-ws",
            binding("wsHttpBinding", "        <binding name=\"b\" maxBufferSize=\"65536\" />"),
        ),
        (
            "transfer-mode-on-ws",
            binding("wsHttpBinding", "        <binding name=\"b\" transferMode=\"Streamed\" />"),
        ),
        (
            "mode-on-binding",
            binding("wsHttpBinding", "        <binding name=\"b\" mode=\"Message\" />"),
        ),
        (
            "credential-on-security",
            ws("          <security mode=\"Message\" clientCredentialType=\"Certificate\" />"),
        ),
        (
            "message-beside-security",
            ws(
                "          <security mode=\"Message\" />\n          <message clientCredentialType=\"Certificate\" />",
            ),
        ),
        (
            "negotiate-on-tcp",
            binding(
                "netTcpBinding",
                "        <binding name=\"b\">\n          <security mode=\"Message\">\n            <message negotiateServiceCredential=\"false\" />\n          </security>\n        </binding>",
            ),
        ),
        (
            "context-on-dual",
            binding(
                "wsDualHttpBinding",
                "        <binding name=\"b\">\n          <security>\n            <message establishSecurityContext=\"false\" />\n          </security>\n        </binding>",
            ),
        ),
        (
            "element-twice",
            ws(
                "          <reliableSession enabled=\"true\" />\n          <reliableSession ordered=\"true\" />",
            ),
        ),
        ("binding-type-twice", bindings("      <wsHttpBinding />\n      <wsHttpBinding />")),
    ]
}

pub(crate) fn combinations() -> Group {
    vec![
        (
            "reliable-over-https",
            ws(
                "          <reliableSession enabled=\"true\" />\n          <security mode=\"Transport\" />",
            ),
        ),
        (
            "reliable-without-context",
            ws(
                "          <reliableSession enabled=\"true\" />\n          <security mode=\"Message\">\n            <message establishSecurityContext=\"false\" />\n          </security>",
            ),
        ),
        (
            "mixed-without-credential",
            ws(
                "          <security mode=\"TransportWithMessageCredential\">\n            <message clientCredentialType=\"None\" />\n          </security>",
            ),
        ),
        (
            "basic-message-user-name",
            binding(
                "basicHttpBinding",
                "        <binding name=\"b\">\n          <security mode=\"Message\" />\n        </binding>",
            ),
        ),
        (
            "federation-bearer-key",
            binding(
                "wsFederationHttpBinding",
                "        <binding name=\"b\">\n          <security>\n            <message issuedKeyType=\"BearerKey\">\n              <issuer address=\"http://sts/\" />\n            </message>\n          </security>\n        </binding>",
            ),
        ),
        (
            "federation-issuer-without-address",
            binding(
                "wsFederationHttpBinding",
                "        <binding name=\"b\">\n          <security>\n            <message>\n              <issuer binding=\"wsHttpBinding\" />\n            </message>\n          </security>\n        </binding>",
            ),
        ),
        (
            "tcp-tls-sign-only",
            binding(
                "netTcpBinding",
                "        <binding name=\"b\">\n          <security>\n            <transport clientCredentialType=\"Certificate\" protectionLevel=\"Sign\" />\n          </security>\n        </binding>",
            ),
        ),
        (
            "tcp-reliable-streamed",
            binding(
                "netTcpBinding",
                "        <binding name=\"b\" transferMode=\"Streamed\">\n          <reliableSession enabled=\"true\" />\n        </binding>",
            ),
        ),
        (
            "tcp-buffer-size",
            binding(
                "netTcpBinding",
                "        <binding name=\"b\" maxBufferSize=\"1000\" maxReceivedMessageSize=\"2000\" />",
            ),
        ),
    ]
}

pub(crate) fn custom_bindings() -> Group {
    vec![
        ("custom-empty", custom("")),
        (
            "custom-transport-first",
            custom("          <httpTransport />\n          <textMessageEncoding />"),
        ),
        (
            "custom-unknown-element",
            custom("          <reliableMessaging />\n          <httpTransport />"),
        ),
        (
            "custom-element-twice",
            custom(
                "          <reliableSession />\n          <reliableSession />\n          <httpTransport />",
            ),
        ),
        (
            "custom-two-transports",
            custom("          <httpTransport />\n          <tcpTransport />"),
        ),
        (
            "custom-two-encoders",
            custom(
                "          <textMessageEncoding />\n          <binaryMessageEncoding />\n          <httpTransport />",
            ),
        ),
        (
            "custom-over-transport-on-http",
            custom(
                "          <security authenticationMode=\"UserNameOverTransport\" />\n          <httpTransport />",
            ),
        ),
        (
            "custom-ssl-on-http",
            custom("          <sslStreamSecurity />\n          <httpTransport />"),
        ),
        (
            "custom-manual-addressing",
            custom(
                "          <reliableSession />\n          <httpTransport manualAddressing=\"true\" />",
            ),
        ),
        (
            "custom-without-addressing",
            custom(
                "          <reliableSession />\n          <textMessageEncoding messageVersion=\"Soap12\" />\n          <httpTransport />",
            ),
        ),
        (
            "custom-nested-conversation",
            custom(
                "          <security authenticationMode=\"SecureConversation\">\n            <secureConversationBootstrap authenticationMode=\"SecureConversation\" />\n          </security>\n          <httpTransport />",
            ),
        ),
        (
            "custom-security-above-session",
            custom(
                "          <security authenticationMode=\"SecureConversation\">\n            <secureConversationBootstrap authenticationMode=\"MutualCertificate\" />\n          </security>\n          <reliableSession />\n          <httpTransport />",
            ),
        ),
        (
            "custom-session-not-bound",
            custom(
                "          <reliableSession />\n          <security authenticationMode=\"MutualCertificate\" />\n          <httpTransport />",
            ),
        ),
    ]
}

pub(crate) fn references() -> Group {
    let named = "    <bindings>\n      <wsHttpBinding>\n        <binding name=\"SecureReliable\" />\n      </wsHttpBinding>\n    </bindings>";
    let endpoint = |attributes: &str| {
        model(&format!(
            "    <client>\n      <endpoint name=\"calc\" address=\"http://h/calc\" contract=\"ICalculator\"\n                \
             {attributes} />\n    </client>\n{named}"
        ))
    };
    vec![
        ("binding-name-misspelt", endpoint("binding=\"wsHttpBinding\" bindingConfiguration=\"SecureRelaible\"")),
        ("binding-name-wrong-case", endpoint("binding=\"wsHttpBinding\" bindingConfiguration=\"secureReliable\"")),
        ("binding-name-of-another-type", endpoint("binding=\"ws2007HttpBinding\" bindingConfiguration=\"SecureReliable\"")),
        ("endpoint-binding-misspelt", endpoint("binding=\"wsHttpBindng\"")),
        ("endpoint-without-binding", endpoint("bindingConfiguration=\"SecureReliable\"")),
        ("behavior-name-missing", endpoint("binding=\"wsHttpBinding\" behaviorConfiguration=\"nope\"")),
        ("binding-name-twice", binding("wsHttpBinding", "        <binding name=\"b\" />\n        <binding name=\"b\" />")),
        ("two-unnamed-bindings", binding("wsHttpBinding", "        <binding />\n        <binding name=\"\" />")),
        ("client-endpoint-twice", model("    <client>\n      <endpoint name=\"c\" address=\"http://h/1\" binding=\"basicHttpBinding\" contract=\"I\" />\n      <endpoint name=\"c\" address=\"http://h/2\" binding=\"basicHttpBinding\" contract=\"I\" />\n    </client>")),
        ("client-endpoint-without-contract", client("<endpoint address=\"http://h/\" binding=\"basicHttpBinding\" />")),
        ("service-endpoint-without-contract", service("        <endpoint address=\"http://h/\" binding=\"basicHttpBinding\" />")),
        ("service-name-empty", service("        <endpoint address=\"http://h/\" binding=\"basicHttpBinding\" contract=\"I\" />").replace("Samples.CalculatorService", "")),
    ]
}

pub(crate) fn addresses() -> Group {
    let https = "<endpoint address=\"https://h/calc\" binding=\"wsHttpBinding\" contract=\"I\" />";
    let base = |addresses: &str, endpoint: &str| {
        service(&format!(
            "        <host>\n          <baseAddresses>\n{addresses}          </baseAddresses>\n        \
             </host>\n        <endpoint {endpoint} contract=\"I\" />"
        ))
    };
    vec![
        ("client-of-localhost-without-identity", client("<endpoint name=\"c\" address=\"http://localhost:8000/calc\" binding=\"wsHttpBinding\" bindingConfiguration=\"b\" contract=\"I\" />").replace("    </client>", "    </client>\n    <bindings>\n      <wsHttpBinding>\n        <binding name=\"b\">\n          <security>\n            <message clientCredentialType=\"None\" />\n          </security>\n        </binding>\n      </wsHttpBinding>\n    </bindings>")),
        (
            "client-without-address",
            client("<endpoint binding=\"basicHttpBinding\" contract=\"I\" />"),
        ),
        (
            "client-relative-address",
            client("<endpoint address=\"calc\" binding=\"basicHttpBinding\" contract=\"I\" />"),
        ),
        ("client-https-with-message-security", client(https)),
        ("client-tcp-address-with-ws", client(&https.replace("https:", "net.tcp:"))),
        (
            "base-address-relative",
            base(
                "            <add baseAddress=\"localhost:8000/calc\" />\n",
                "address=\"\" binding=\"basicHttpBinding\"",
            ),
        ),
        (
            "base-address-scheme-twice",
            base(
                "            <add baseAddress=\"http://h:1/\" />\n            <add baseAddress=\"http://h:2/\" />\n",
                "address=\"\" binding=\"basicHttpBinding\"",
            ),
        ),
        (
            "base-address-of-another-scheme",
            base(
                "            <add baseAddress=\"net.tcp://h:1/\" />\n",
                "address=\"\" binding=\"basicHttpBinding\"",
            ),
        ),
        (
            "base-address-attribute-missing",
            base(
                "            <add address=\"http://h:1/\" />\n",
                "address=\"\" binding=\"basicHttpBinding\"",
            ),
        ),
        ("service-without-endpoint", service("")),
        (
            "mex-without-metadata",
            base(
                "            <add baseAddress=\"http://h:1/\" />\n",
                "address=\"mex\" binding=\"mexHttpBinding\"",
            )
            .replace("contract=\"I\"", "contract=\"IMetadataExchange\""),
        ),
    ]
}

/// A file whose one behavior has this inside.
fn of(kind: &str, inside: &str) -> String {
    behaviors(&format!(
        "      <{kind}>\n        <behavior name=\"x\">\n{inside}\n        </behavior>\n      </{kind}>"
    ))
}

fn client_certificate(attributes: &str) -> String {
    of(
        "endpointBehaviors",
        &format!(
            "          <clientCredentials>\n            <clientCertificate {attributes} />\n          </clientCredentials>"
        ),
    )
}

pub(crate) fn behavior_mistakes() -> Group {
    vec![
        ("behavior-misspelt", of("serviceBehaviors", "          <serviceCredential />")),
        (
            "behavior-twice",
            of("serviceBehaviors", "          <serviceDebug />\n          <serviceDebug />"),
        ),
        (
            "service-behavior-at-endpoint",
            of("endpointBehaviors", "          <serviceCredentials />"),
        ),
        ("endpoint-behavior-at-service", of("serviceBehaviors", "          <clientCredentials />")),
        (
            "behavior-name-twice",
            behaviors(
                "      <serviceBehaviors>\n        <behavior name=\"x\" />\n        <behavior name=\"x\" />\n      </serviceBehaviors>",
            ),
        ),
        (
            "policy-version-unknown",
            of("serviceBehaviors", "          <serviceMetadata policyVersion=\"Policy10\" />"),
        ),
        (
            "throttle-zero",
            of("serviceBehaviors", "          <serviceThrottling maxConcurrentCalls=\"0\" />"),
        ),
    ]
}

pub(crate) fn credential_mistakes() -> Group {
    vec![
        (
            "store-location-misspelt",
            client_certificate("findValue=\"alice\" storeLocation=\"Currentuser\""),
        ),
        ("store-name-misspelt", client_certificate("findValue=\"alice\" storeName=\"Personal\"")),
        (
            "find-type-misspelt",
            client_certificate("findValue=\"alice\" x509FindType=\"FindByName\""),
        ),
        (
            "find-type-not-here",
            client_certificate("findValue=\"true\" x509FindType=\"FindByTimeValid\""),
        ),
        (
            "thumbprint-with-invisible-mark",
            client_certificate(
                "findValue=\"\u{200e}a1b2c3d4e5f60718293a4b5c6d7e8f9001122334\" x509FindType=\"FindByThumbprint\"",
            ),
        ),
        (
            "thumbprint-too-short",
            client_certificate("findValue=\"a1 b2 c3\" x509FindType=\"FindByThumbprint\""),
        ),
        (
            "validation-mode-misspelt",
            of(
                "endpointBehaviors",
                "          <clientCredentials>\n            <serviceCertificate>\n              <authentication certificateValidationMode=\"Chain\" />\n            </serviceCertificate>\n          </clientCredentials>",
            ),
        ),
        (
            "scoped-certificate-without-target",
            of(
                "endpointBehaviors",
                "          <clientCredentials>\n            <serviceCertificate>\n              <scopedCertificates>\n                <add findValue=\"x\" />\n              </scopedCertificates>\n            </serviceCertificate>\n          </clientCredentials>",
            ),
        ),
        (
            "password-in-file",
            of(
                "endpointBehaviors",
                "          <clientCredentials>\n            <userName userName=\"alice\" password=\"secret\" />\n          </clientCredentials>",
            ),
        ),
    ]
}
