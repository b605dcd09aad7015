//! Mistakes in names, values and the text as such.

use super::file::{binding, bindings, client, custom, model, ws};
use super::structure::{
    addresses, behavior_mistakes, combinations, credential_mistakes, custom_bindings, places,
    references,
};
use super::{Group, Mistake};

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
        credential_mistakes(),
    ];
    for group in groups {
        all.extend(group.into_iter().map(|(name, file)| Mistake { name, file }));
    }
    all
}

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
        ("service-model-in-location", "<configuration>\n  <location path=\"api\">\n    <system.serviceModel />\n  </location>\n  <system.serviceModel />\n</configuration>\n".to_owned()),
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
