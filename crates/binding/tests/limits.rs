//! What is too large or too deep is refused, whatever else is wrong with it.

use waxwing_binding::{Configuration, Loaded, MAX_DEPTH, MAX_FILE_BYTES};

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|d| d.code).collect()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
}

#[test]
fn a_file_of_10_mb_is_refused_unread() {
    let padding = "<!-- -->".repeat((10 << 20) / 8);
    let text = format!("<configuration>{padding}<system.serviceModel/></configuration>");
    let loaded = Configuration::load(&text);
    assert_eq!(codes(&loaded), ["limit-exceeded"]);
    assert_eq!(loaded.configuration, Configuration::default());
    assert!(loaded.diagnostics[0].message.contains(&MAX_FILE_BYTES.to_string()));
}

#[test]
fn ten_thousand_nested_elements_are_refused() {
    let text = format!("<configuration>{}</configuration>", nested(10_000));
    assert_eq!(codes(&Configuration::load(&text)), ["limit-exceeded"]);
    let just_too_deep = format!("<configuration>{}</configuration>", nested(MAX_DEPTH));
    assert_eq!(codes(&Configuration::load(&just_too_deep)), ["limit-exceeded"]);
    let deep_enough = format!("<configuration>{}</configuration>", nested(MAX_DEPTH - 1));
    assert_eq!(codes(&Configuration::load(&deep_enough)), ["no-service-model"]);
}

#[test]
fn depth_behind_a_fault_does_not_overflow_the_stack() {
    // The strict parser stops at the stray end tag; the explanation reads on.
    for depth in [10_000, 500_000] {
        let text = format!("<configuration></b>{}</configuration>", nested(depth));
        let loaded = Configuration::load(&text);
        assert!(loaded.has_errors());
        assert_eq!(loaded.diagnostics[0].code, "malformed-xml");
    }
    let unclosed = format!("<configuration></b>{}", "<a>".repeat(900_000));
    assert!(Configuration::load(&unclosed).has_errors());
}

#[test]
fn attributes_and_elements_are_counted() {
    let attributes: String = (0..1000).map(|i| format!(" a{i}=\"\"")).collect();
    let text = format!("<configuration{attributes}/>");
    assert_eq!(codes(&Configuration::load(&text)), ["limit-exceeded"]);
    let text = format!("<configuration>{}</configuration>", "<a/>".repeat(100_000));
    assert_eq!(codes(&Configuration::load(&text)), ["limit-exceeded"]);
    let bindings: String = (0..3000).map(|i| format!("<binding name=\"{i}\"/>")).collect();
    let text = format!(
        "<configuration><system.serviceModel><bindings><wsHttpBinding>{bindings}</wsHttpBinding>\
         </bindings></system.serviceModel></configuration>"
    );
    let loaded = Configuration::load(&text);
    assert_eq!(codes(&loaded), ["limit-exceeded"]);
    assert_eq!(loaded.configuration.bindings.len(), 2000);
}

#[test]
fn findings_are_bounded_in_number_and_size() {
    let name = "x".repeat(100_000);
    let endpoints = "<endpoint/>".repeat(2000);
    let text = format!(
        "<configuration><system.serviceModel><services><service name=\"{name}\">{endpoints}\
         </service></services></system.serviceModel></configuration>"
    );
    let diagnostics = Configuration::load(&text).diagnostics;
    assert_eq!(diagnostics.len(), 500);
    for d in &diagnostics {
        let texts = [Some(&d.message), d.wcf_text.as_ref(), d.fix.as_ref(), d.suggestion.as_ref()];
        assert!(texts.into_iter().flatten().all(|t| t.len() < 5000), "{}", d.code);
        assert!(d.excerpt.text.len() < 1000 && d.path.len() < 1000);
    }
}
