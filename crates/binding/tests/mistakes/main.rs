//! Mistakes that people make, each with the diagnosis that it gets.
//!
//! A snapshot holds the file and what is said about it. To see all after a change:
//! `INSTA_UPDATE=always cargo test -p waxwing-binding --test mistakes`, then read the difference.

mod cases;
mod structure;

use std::collections::BTreeSet;

use waxwing_binding::Configuration;

/// Names of mistakes, and the files with them.
type Group = Vec<(&'static str, String)>;

/// A mistake: its name and the file with it.
struct Mistake {
    name: &'static str,
    file: String,
}

/// Files without a mistake of their own, around the one that is meant.
mod file {
    /// `inside` as the content of `<system.serviceModel>`.
    pub(crate) fn model(inside: &str) -> String {
        format!(
            "<configuration>\n  <system.serviceModel>\n{inside}\n  </system.serviceModel>\n\
             </configuration>\n"
        )
    }

    /// `inside` as the content of `<bindings>`.
    pub(crate) fn bindings(inside: &str) -> String {
        model(&format!("    <bindings>\n{inside}\n    </bindings>"))
    }

    /// `binding` in a section.
    pub(crate) fn binding(section: &str, binding: &str) -> String {
        bindings(&format!("      <{section}>\n{binding}\n      </{section}>"))
    }

    /// A `<wsHttpBinding>` with `inside`.
    pub(crate) fn ws(inside: &str) -> String {
        binding(
            "wsHttpBinding",
            &format!("        <binding name=\"b\">\n{inside}\n        </binding>"),
        )
    }

    /// A `<customBinding>` with `inside`.
    pub(crate) fn custom(inside: &str) -> String {
        binding(
            "customBinding",
            &format!("        <binding name=\"b\">\n{inside}\n        </binding>"),
        )
    }

    /// A client endpoint as written.
    pub(crate) fn client(endpoint: &str) -> String {
        model(&format!("    <client>\n      {endpoint}\n    </client>"))
    }

    /// A service with one plain endpoint, and `behaviors`.
    pub(crate) fn behaviors(inside: &str) -> String {
        model(&format!("    <behaviors>\n{inside}\n    </behaviors>"))
    }

    /// A service with `inside`.
    pub(crate) fn service(inside: &str) -> String {
        model(&format!(
            "    <services>\n      <service name=\"Samples.CalculatorService\">\n{inside}\n      \
             </service>\n    </services>"
        ))
    }
}

#[test]
fn every_mistake_has_its_diagnosis() {
    let cases = cases::all();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|c| c.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for Mistake { name, file } in &cases {
            let diagnostics = Configuration::load(file).diagnostics;
            assert!(!diagnostics.is_empty(), "{name}: nothing found");
            let said: Vec<String> =
                diagnostics.iter().map(|d| d.in_file("app.config").to_string()).collect();
            insta::assert_snapshot!(*name, format!("{file}\n{}", said.join("\n\n")));
        }
    });
}

/// Nobody can act on a finding that does not say where, what WCF does, or (if it is an error) what
/// to do.
#[test]
fn every_finding_can_be_acted_on() {
    for Mistake { name, file } in &cases::all() {
        for d in Configuration::load(file).diagnostics {
            assert!(d.line >= 1 && d.column >= 1, "{name}: {d}");
            assert!(d.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "{name}: no fix: {d}");
            assert!(!d.wcf_behavior.is_empty(), "{name}: {d}");
        }
    }
}

/// Writing the suggestion in the place that is marked mends it.
#[test]
fn every_suggestion_mends_what_it_is_made_for() {
    let mut tried = 0;
    for Mistake { name, file } in &cases::all() {
        for d in Configuration::load(file).diagnostics {
            let Some(suggestion) = &d.suggestion else { continue };
            let written = &file[d.span.start..d.span.end];
            let mended = match d.code {
                // Start and end tag.
                "unknown-element"
                | "unknown-section"
                | "unknown-extension"
                | "unknown-binding-type"
                    if d.column > 1 && file[..d.span.start].ends_with('<') =>
                {
                    file.replace(&format!("<{written}"), &format!("<{suggestion}"))
                        .replace(&format!("</{written}"), &format!("</{suggestion}"))
                }
                _ => format!("{}{suggestion}{}", &file[..d.span.start], &file[d.span.end..]),
            };
            let after = Configuration::load(&mended).diagnostics;
            let still = after.iter().find(|a| a.code == d.code && a.span.start == d.span.start);
            assert!(still.is_none(), "{name}: {d}\n{mended}");
            tried += 1;
        }
    }
    assert!(tried >= 50, "{tried}");
}

/// What the explanations tell the user to write is right: the page's snippet with its two mistakes
/// mended loads.
#[test]
fn the_page_s_snippet_mended_as_told_is_good() {
    let page = file::binding("wsHttpBinding", cases::PAGE_SNIPPET);
    let broken = Configuration::load(&page);
    let told: Vec<&str> = broken.diagnostics.iter().filter_map(|d| d.fix.as_deref()).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    let corrected = told
        .iter()
        .find_map(|fix| fix.split_once("reads:\n"))
        .map(|(_, text)| text)
        .expect("the corrected text");
    let start = page.find("<security").expect("start");
    let end = page.find("</security>").expect("end") + "</security>".len();
    let mended = format!("{}{corrected}{}", &page[..start], &page[end..]);
    let configuration = Configuration::parse(&mended).unwrap_or_else(|e| panic!("{e}"));
    let waxwing_binding::Binding::WsHttp(binding) = &configuration.bindings[0] else {
        panic!("{configuration:?}")
    };
    assert_eq!(
        binding.security.message.client_credential_type,
        waxwing_binding::MessageCredentialType::Certificate
    );
}
