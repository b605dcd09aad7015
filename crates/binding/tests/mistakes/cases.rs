//! The mistakes.

use super::Mistake;
use super::file::{behaviors, binding, bindings, client, custom, model, service, ws};

/// The snippet of "How to: Secure Messages within Reliable Sessions" with the mistakes that older
/// editions print: `<security … />` closes itself, and the value has a leading blank.
pub(crate) const PAGE_SNIPPET: &str = r#"        <binding name="MessageSecurity">
          <security mode="Message" />
            <message clientCredentialType = " Certificate" />
          </security>
        </binding>"#;

pub(crate) fn all() -> Vec<Mistake> {
    let mut all = Vec::new();
    let groups = [
        page(),
        not_well_formed(),
        frame(),
        names(),
        enumerations(),
        numbers(),
        spans(),
        places(),
        combinations(),
        custom_bindings(),
        references(),
        addresses(),
        behavior_mistakes(),
    ];
    for group in groups {
        all.extend(group.into_iter().map(|(name, file)| Mistake { name, file }));
    }
    all
}

type Group = Vec<(&'static str, String)>;

fn page() -> Group {
    vec![
        ("page-as-printed", binding("wsHttpBinding", PAGE_SNIPPET)),
        (
            "page-without-stray-end-tag",
            binding("wsHttpBinding", &PAGE_SNIPPET.replace("          </security>\n", "")),
        ),
        (
            "page-nested-with-leading-blank",
            binding("wsHttpBinding", &PAGE_SNIPPET.replace("\"Message\" />", "\"Message\">")),
        ),
    ]
}

fn not_well_formed() -> Group {
    let wrap = |text: &str| ws(text);
    vec![
        ("element-not-closed", wrap("          <security mode=\"Message\">")),
        ("end-tag-misspelt", wrap("          <security mode=\"None\"></securty>")),
        ("end-tag-of-nothing", wrap("          </reliableSession>")),
        ("value-without-quotes", wrap("          <security mode=None />")),
        ("quote-not-closed", wrap("          <security mode=\"None />\n          <x a=\"1\" />")),
        ("attribute-without-value", wrap("          <reliableSession enabled />")),
        ("attribute-twice", wrap("          <security mode=\"None\" mode=\"None\" />")),
        (
            "ampersand",
            client(
                "<endpoint address=\"http://h/?a=1&b=2\" binding=\"wsHttpBinding\" contract=\"I\" />",
            ),
        ),
        ("comment-not-closed", wrap("          <!-- <security mode=\"None\" />")),
        (
            "file-cut-off",
            wrap("          <security mode=\"None\" />")
                .replace("  </system.serviceModel>\n</configuration>\n", ""),
        ),
        ("two-roots", format!("{}<configuration />\n", wrap(""))),
        ("doctype", format!("<!DOCTYPE configuration>\n{}", wrap(""))),
        ("empty-file", String::new()),
        ("no-xml-at-all", "mode = Message\n".to_owned()),
    ]
}

fn frame() -> Group {
    vec![
        ("root-misspelt", ws("").replace("configuration>", "config>")),
        ("service-model-misspelt", ws("").replace("system.serviceModel", "system.servicemodel")),
        ("no-service-model", "<configuration>\n  <appSettings />\n</configuration>\n".to_owned()),
        ("section-twice", model("    <bindings />\n    <services />\n    <bindings />")),
        ("section-misspelt", model("    <binding />")),
        ("binding-outside-bindings", model("    <wsHttpBinding><binding /></wsHttpBinding>")),
        ("attribute-on-root", ws("").replace("<configuration>", "<configuration xmlns:xdt=\"http://schemas.microsoft.com/XML-Document-Transform\">")),
        ("attribute-on-service-model", ws("").replace("serviceModel>\n    <b", "serviceModel a=\"1\">\n    <b")),
        ("attribute-on-bindings", model("    <bindings enabled=\"true\" />")),
        ("section-in-another-file", model("    <bindings configSource=\"bindings.config\" />")),
        ("services-in-another-file", model("    <services configSource=\"services.config\" />")),
        ("waxwing-section-not-declared", "<configuration>\n  <system.serviceModel />\n  <waxwing>\n    <trace file=\"t.log\" />\n  </waxwing>\n</configuration>\n".to_owned()),
        ("waxwing-attribute-misspelt", "<configuration>\n  <configSections>\n    <section name=\"waxwing\" type=\"System.Configuration.IgnoreSection\" />\n  </configSections>\n  <system.serviceModel />\n  <waxwing>\n    <certificates storeroot=\"certs\" />\n  </waxwing>\n</configuration>\n".to_owned()),
    ]
}

fn names() -> Group {
    vec![
        ("element-misspelt", ws("          <reliableSesion enabled=\"true\" />")),
        ("element-wrong-case", ws("          <ReliableSession enabled=\"true\" />")),
        ("element-plural", ws("          <reliableSessions enabled=\"true\" />")),
        ("element-unknown", ws("          <reliability />")),
        ("attribute-misspelt", ws("          <reliableSession enable=\"true\" />")),
        ("attribute-wrong-case", ws("          <reliableSession Enabled=\"true\" />")),
        ("attribute-unknown", ws("          <reliableSession colour=\"blue\" />")),
        ("binding-type-misspelt", bindings("      <wsHttpBindings><binding /></wsHttpBindings>")),
        ("binding-type-wrong-case", bindings("      <WSHttpBinding><binding /></WSHttpBinding>")),
        ("binding-type-short", bindings("      <wsHttp><binding /></wsHttp>")),
        ("add-instead-of-binding", binding("wsHttpBinding", "        <add name=\"b\" />")),
        (
            "namespace-on-binding",
            binding("wsHttpBinding", "        <binding name=\"b\" xmlns=\"urn:x\" />"),
        ),
        ("text-in-element", ws("          <security mode=\"None\">on</security>")),
    ]
}

fn enumerations() -> Group {
    let mode = |value: &str| ws(&format!("          <security mode=\"{value}\" />"));
    let credential = |value: &str| {
        ws(&format!(
            "          <security>\n            <message clientCredentialType=\"{value}\" />\n          \
             </security>"
        ))
    };
    vec![
        ("mode-misspelt", mode("Mesage")),
        ("mode-wrong-case", mode("message")),
        ("mode-unknown", mode("Encrypted")),
        ("mode-list", mode("Transport, Message")),
        ("mode-number", mode("2")),
        ("mode-empty", mode("")),
        (
            "mode-of-another-binding",
            binding(
                "wsDualHttpBinding",
                "        <binding name=\"b\">\n          <security mode=\"Transport\" />\n        </binding>",
            ),
        ),
        ("credential-wrong-case", credential("Username")),
        ("credential-trailing-blank", credential("Certificate ")),
        (
            "suite-wrong-case",
            ws(
                "          <security>\n            <message algorithmSuite=\"basic256\" />\n          </security>",
            ),
        ),
        (
            "suite-unknown",
            ws(
                "          <security>\n            <message algorithmSuite=\"Aes256Gcm\" />\n          </security>",
            ),
        ),
        (
            "reliable-version-number",
            custom(
                "          <reliableSession reliableMessagingVersion=\"1.1\" />\n          <httpTransport />",
            ),
        ),
        (
            "message-version-misspelt",
            custom(
                "          <textMessageEncoding messageVersion=\"Soap12Addressing10\" />\n          <httpTransport />",
            ),
        ),
        (
            "encoding-without-dash",
            binding("wsHttpBinding", "        <binding name=\"b\" textEncoding=\"utf8\" />"),
        ),
        (
            "encoding-latin1",
            binding("wsHttpBinding", "        <binding name=\"b\" textEncoding=\"iso-8859-1\" />"),
        ),
    ]
}

fn numbers() -> Group {
    let size = |value: &str| {
        binding(
            "wsHttpBinding",
            &format!("        <binding name=\"b\" maxReceivedMessageSize=\"{value}\" />"),
        )
    };
    let window = |attributes: &str| {
        custom(&format!("          <reliableSession {attributes} />\n          <httpTransport />"))
    };
    vec![
        ("bool-one", ws("          <reliableSession enabled=\"1\" />")),
        ("bool-yes", ws("          <reliableSession enabled=\"yes\" />")),
        ("size-with-unit", size("64K")),
        ("size-with-separator", size("65,536")),
        ("size-zero", size("0")),
        ("size-negative", size("-1")),
        ("size-too-large", size("4294967296")),
        ("size-over-long", size("9223372036854775808")),
        ("window-too-large", window("maxTransferWindowSize=\"5000\"")),
        ("retry-count-zero", window("maxRetryCount=\"0\"")),
        ("pending-channels-too-many", window("maxPendingChannels=\"20000\"")),
    ]
}

fn spans() -> Group {
    let idle = |value: &str| {
        ws(&format!("          <reliableSession enabled=\"true\" inactivityTimeout=\"{value}\" />"))
    };
    let receive = |value: &str| {
        binding(
            "wsHttpBinding",
            &format!("        <binding name=\"b\" receiveTimeout=\"{value}\" />"),
        )
    };
    vec![
        ("span-with-unit", idle("10min")),
        ("span-iso-8601", idle("PT10M")),
        ("span-zero", idle("00:00:00")),
        ("span-sixty-seconds", idle("00:00:60")),
        ("span-bare-number", receive("10")),
        ("span-bare-number-too-long", receive("60")),
        ("span-24-hours", receive("24:00:00")),
        ("span-25-hours", receive("25:00:00")),
        ("span-negative", receive("-00:01:00")),
        ("span-infinite-with-blank", receive(" Infinite")),
        ("span-unlimited-as-minus-one", receive("-1")),
    ]
}

fn places() -> Group {
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

fn combinations() -> Group {
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

fn custom_bindings() -> Group {
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

fn references() -> Group {
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

fn addresses() -> Group {
    let https = "<endpoint address=\"https://h/calc\" binding=\"wsHttpBinding\" contract=\"I\" />";
    let base = |addresses: &str, endpoint: &str| {
        service(&format!(
            "        <host>\n          <baseAddresses>\n{addresses}          </baseAddresses>\n        \
             </host>\n        <endpoint {endpoint} contract=\"I\" />"
        ))
    };
    vec![
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

fn behavior_mistakes() -> Group {
    let of = |kind: &str, inside: &str| {
        behaviors(&format!(
            "      <{kind}>\n        <behavior name=\"x\">\n{inside}\n        </behavior>\n      </{kind}>"
        ))
    };
    let client_certificate = |attributes: &str| {
        of(
            "endpointBehaviors",
            &format!(
                "          <clientCredentials>\n            <clientCertificate {attributes} />\n          </clientCredentials>"
            ),
        )
    };
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
