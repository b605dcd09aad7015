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
