//! `docs/configuration.md`: its tables are those of the code.

use std::path::Path;

use waxwing_binding::reference_tables;

const BEGIN: &str = "<!-- begin of the generated tables: UPDATE=1 cargo test -p waxwing-binding --test reference -->\n";
const END: &str = "<!-- end of the generated tables -->\n";

/// Fails when the document has drifted from the code; with `UPDATE=1` rewrites it instead.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests read their data from files")]
fn the_document_s_tables_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let document = std::fs::read_to_string(&path).expect("docs/configuration.md");
    let (before, rest) = document.split_once(BEGIN).expect("the mark of the beginning");
    let (tables, after) = rest.split_once(END).expect("the mark of the end");
    let expected = format!("\n{}\n", reference_tables());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("written");
        return;
    }
    let first = tables.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        tables == expected,
        "docs/configuration.md has drifted; rewrite it with UPDATE=1. First difference: {first:#?}"
    );
}
