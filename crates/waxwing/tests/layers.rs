//! The edges of the house (docs/architecture.md): which crate may depend on which, and that no
//! crate below the IO line depends on anything that does IO.

use std::collections::BTreeMap;
use std::process::Command;

/// Each crate with the crates of the workspace that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("waxwing-xml", &[]),
    ("waxwing-crypto", &[]),
    ("waxwing-soap", &["waxwing-xml"]),
    ("waxwing-datacontract", &["waxwing-xml"]),
    ("waxwing-macros", &[]),
    ("waxwing-security", &["waxwing-xml", "waxwing-crypto", "waxwing-soap"]),
    ("waxwing-reliable", &["waxwing-xml", "waxwing-soap"]),
    ("waxwing-binding", &["waxwing-xml", "waxwing-soap"]),
    (
        "waxwing-metadata",
        &["waxwing-xml", "waxwing-soap", "waxwing-datacontract", "waxwing-binding"],
    ),
    (
        "waxwing-session",
        &[
            "waxwing-xml",
            "waxwing-crypto",
            "waxwing-soap",
            "waxwing-security",
            "waxwing-reliable",
            "waxwing-binding",
        ],
    ),
];

/// The same of crates above the IO line, which may take anything from outside.
const ABOVE: &[(&str, &[&str])] = &[("waxwing-store", &["waxwing-crypto"])];

/// What a crate below the IO line may take from outside: none of it reads a file, a socket, the
/// clock or (RSA padding and TLS of `openssl` aside) the random source.
const PURE: &[&str] = &[
    "aes",
    "arrayvec",
    "base64",
    "base64-simd",
    "bytes",
    "cbc",
    // Without its clock.
    "chrono",
    "des",
    // Compression of octets in memory.
    "flate2",
    "hmac",
    "itoa",
    "jiff",
    "md-5",
    "memchr",
    "openssl",
    "openssl-sys",
    "postcard",
    "proc-macro2",
    "quote",
    "regex-lite",
    "rustc-hash",
    "rust_decimal",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "smallvec",
    "subtle",
    "syn",
    "thiserror",
    "unicode-ident",
    // Without its random source.
    "uuid",
    "zeroize",
    "zmij",
];

fn normal_dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let dependencies = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|d| d["kind"].is_null())
            .map(|d| d["name"].as_str().unwrap().to_owned())
            .collect()
    };
    packages.iter().map(|p| (p["name"].as_str().unwrap().to_owned(), dependencies(p))).collect()
}

#[test]
fn arrows_point_down_and_pure_crates_do_no_io() {
    let found = normal_dependencies();
    let mut wrong = Vec::new();
    for (name, arrows) in ARROWS {
        let dependencies = found.get(*name).unwrap_or_else(|| panic!("no crate {name}"));
        for dependency in dependencies {
            let allowed =
                arrows.contains(&dependency.as_str()) || PURE.contains(&dependency.as_str());
            if !allowed {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    for (name, arrows) in ABOVE {
        let own = found.get(*name).unwrap_or_else(|| panic!("no crate {name}"));
        let own = own.iter().filter(|dependency| dependency.starts_with("waxwing"));
        let other = own.filter(|dependency| !arrows.contains(&dependency.as_str()));
        wrong.extend(other.map(|dependency| format!("{name} -> {dependency}")));
    }
    assert!(wrong.is_empty(), "edges that the architecture does not have: {wrong:?}");
}

#[test]
fn only_programs_stand_above_the_facade() {
    let found = normal_dependencies();
    let above: Vec<_> = found
        .iter()
        .filter(|(_, dependencies)| dependencies.iter().any(|d| d == "waxwing"))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(above.iter().all(|name| ["waxwing-cli", "waxwing-bench"].contains(name)), "{above:?}");
    // What tests share is no part of what a user gets: only the program's demonstration runs on it.
    let kit: Vec<_> = found
        .iter()
        .filter(|(_, dependencies)| dependencies.iter().any(|d| d == "waxwing-testkit"))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(kit, ["waxwing-cli"]);
    let own = found["waxwing-testkit"].iter().find(|d| d.starts_with("waxwing"));
    assert_eq!(own, None, "a test that speaks through the kit must not speak to itself");
}
