//! Any bytes are a configuration file or refused. Findings lie in the text; a good file is
//! explained, and written and read again it is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_binding::{Configuration, decode};

/// More findings than this are not told.
const MAX_FINDINGS: usize = 500;
/// Longest text of a finding, in bytes.
const MAX_TEXT: usize = 5000;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = decode(data) else { return };
    let loaded = Configuration::load(&text);
    assert!(loaded.diagnostics.len() <= MAX_FINDINGS);
    for d in &loaded.diagnostics {
        assert!(d.span.start <= text.len() && d.span.end <= text.len() + 1, "{d}");
        assert!(text.is_char_boundary(d.span.start), "{d}");
        assert!(d.line as usize <= text.matches('\n').count() + 1, "{d}");
        let shown = d.excerpt.text.chars().count();
        assert!(d.excerpt.start <= shown && d.excerpt.length <= shown.max(1), "{d}");
        assert!(d.message.len() < MAX_TEXT && d.to_string().len() < 8 * MAX_TEXT, "{d}");
    }
    let configuration = loaded.configuration;
    for told in configuration.explain() {
        assert!(!told.to_string().is_empty());
    }
    let had_errors = loaded.diagnostics.iter().any(|d| d.severity.as_str() == "error");
    if had_errors {
        return;
    }
    let written = configuration.to_xml();
    let again = Configuration::parse(&written).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(again, configuration, "{written}");
    assert_eq!(again.to_xml(), written);
});
