//! The programs of the README are the examples that are compiled.

#![allow(clippy::disallowed_methods)]

use std::path::Path;

#[test]
fn the_programs_of_the_readme_are_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut shown = 0;
    for block in readme.split("<!-- crates/").skip(1) {
        let (file, rest) = block.split_once(" -->\n```rust,ignore\n").expect("a program follows");
        let (program, _) = rest.split_once("```").expect("it ends");
        let text = std::fs::read_to_string(root.join("crates").join(file)).unwrap();
        let text = text.split_once("// README\n").map_or(text.as_str(), |(_, program)| program);
        assert!(program == text, "README.md shows another {file}");
        shown += 1;
    }
    assert_eq!(shown, 4);
}

/// Who reads the front page of the crate, or of the manual, finds every page of the manual.
#[test]
fn every_page_of_the_manual_is_named_on_the_front_pages() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let crate_page = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    let manual = std::fs::read_to_string(source.join("manual/mod.rs")).unwrap();
    let mut pages = 0;
    for entry in std::fs::read_dir(source.join("manual")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(page) = name.strip_suffix(".md") else { continue };
        let module = format!("_{}", page.replace('-', "_"));
        assert!(crate_page.contains(&format!("(manual::{module})")), "lib.rs has no {module}");
        assert!(manual.contains(&format!("]({module})")), "manual/mod.rs has no {module}");
        assert!(manual.contains(&format!("include_str!(\"{name}\")")), "{name} is not shown");
        pages += 1;
    }
    assert!(pages >= 11, "{pages}");
}

/// The README names each example that is a program of its own.
#[test]
fn every_example_of_a_security_is_named_in_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for example in
        ["calculator_service", "calculator_client", "https", "nemhandel", "chat", "streams"]
    {
        assert!(root.join("crates/waxwing/examples").join(format!("{example}.rs")).exists());
        assert!(readme.contains(&format!("`{example}`")), "README.md does not name {example}");
    }
}
