//! `waxwing certs`, `completions` and `man`, as a script runs them.

// Tests read files.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn waxwing(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
    command.args(arguments).current_dir(folder).env_remove("WAXWING_PKCS12_PASSWORD");
    command.output().expect("the program runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A folder with the stores of service `calc` and client `alice`.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    let made = waxwing(
        folder.path(),
        &[
            "certs",
            "make",
            "--service",
            "calc",
            "--client",
            "alice",
            "--host",
            "h.example",
            "--host",
            "127.0.0.1",
        ],
    );
    assert_eq!(code(&made), 0, "{}", text(&made.stderr));
    folder
}

/// The thumbprints of a listing.
fn thumbprints(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let listed = json(&waxwing(folder, &[&["certs", "list", "--json"], arguments].concat()));
    let places = listed["places"].as_array().expect("places");
    let certificates = places.iter().flat_map(|p| p["certificates"].as_array().expect("list"));
    certificates.map(|c| c["thumbprint"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn what_is_made_is_listed_with_its_uses_and_trusted_by_both() {
    let folder = made();
    let listed = json(&waxwing(folder.path(), &["certs", "list", "--json"]));
    let place = |name: &str| {
        let all = listed["places"].as_array().expect("places");
        all.iter().find(|p| p["place"] == format!("certificates/{name}")).expect("a store").clone()
    };
    let service = &place("LocalMachine/My")["certificates"][0];
    assert_eq!(service["subject"], "CN=calc");
    assert_eq!(service["names"], serde_json::json!(["h.example"]));
    assert_eq!(service["uses"], serde_json::json!(["service", "client"]));
    assert_eq!(service["key"], true);
    let root = &place("CurrentUser/Root")["certificates"][0];
    assert_eq!(root["uses"], serde_json::json!(["authority"]));
    assert_eq!(root["key"], false, "the key of the authority is in no store");
    assert_eq!(service["issuer"], root["subject"]);
}

#[test]
fn the_authority_stays_and_nothing_is_overwritten_unasked() {
    let folder = made();
    let root = thumbprints(folder.path(), &["certificates/LocalMachine/Root"]);
    let alice = thumbprints(folder.path(), &["certificates/CurrentUser/My"]);
    let again = waxwing(folder.path(), &["certs", "make", "--client", "alice"]);
    assert_eq!(code(&again), 2);
    assert!(text(&again.stderr).contains("--force"), "{}", text(&again.stderr));
    assert_eq!(thumbprints(folder.path(), &["certificates/CurrentUser/My"]), alice);
    assert_eq!(
        code(&waxwing(folder.path(), &["certs", "make", "--client", "alice", "--force"])),
        0
    );
    assert_ne!(thumbprints(folder.path(), &["certificates/CurrentUser/My"]), alice);
    assert_eq!(thumbprints(folder.path(), &["certificates/LocalMachine/Root"]), root);
    // An authority without its key is not replaced by another one.
    std::fs::remove_file(folder.path().join("certificates/authority.key.pem")).expect("removed");
    assert_eq!(code(&waxwing(folder.path(), &["certs", "make", "--client", "bob"])), 2);
    assert_eq!(thumbprints(folder.path(), &["certificates/LocalMachine/Root"]), root);
}

#[test]
fn find_says_what_wcf_takes() {
    let folder = made();
    let path = folder.path();
    let find = |arguments: &[&str]| waxwing(path, &[&["certs", "find"], arguments].concat());
    let one = find(&["alice", "--type", "FindBySubjectName"]);
    assert_eq!(code(&one), 0, "{}", text(&one.stdout));
    let alice = &thumbprints(path, &["certificates/CurrentUser/My"])[0];
    assert!(text(&one.stdout).contains(alice.as_str()));
    assert_eq!(code(&find(&[alice, "--type", "FindByThumbprint"])), 0);
    let elsewhere = find(&["calc", "--type", "FindBySubjectName"]);
    assert_eq!(code(&elsewhere), 1);
    let other = waxwing(path, &["certs", "make", "--client", "alice2"]);
    assert_eq!(code(&other), 0);
    let several = find(&["alice", "--type", "FindBySubjectName", "--json"]);
    assert_eq!(code(&several), 1);
    assert_eq!(json(&several)["found"].as_array().expect("found").len(), 2);
    let misspelled = find(&["alice", "--type", "FindBySubjectname"]);
    assert_eq!(code(&misspelled), 64);
    assert!(text(&misspelled.stderr).contains("did you mean FindBySubjectName?"));
}

#[test]
fn pfx_and_back_is_the_same_certificate_and_key() {
    let folder = made();
    let path = folder.path();
    std::fs::write(path.join("password"), "correct horse\n").expect("written");
    std::fs::write(path.join("wrong"), "battery\n").expect("written");
    let alice = thumbprints(path, &["certificates/CurrentUser/My"]);
    for (file, more) in [("new.pfx", None), ("old.pfx", Some("--old-windows"))] {
        let mut arguments =
            vec!["certs", "convert", "certificates/CurrentUser/My/alice.cert.pem", file];
        let unprotected = waxwing(path, &arguments);
        assert_eq!(code(&unprotected), 2, "no file without a password");
        assert!(!path.join(file).exists());
        arguments.extend(["--password-file", "password"]);
        arguments.extend(more);
        let written = waxwing(path, &arguments);
        assert_eq!(code(&written), 0, "{}", text(&written.stderr));
        assert_eq!(thumbprints(path, &[file, "--password-file", "password"]), alice);
        let wrong = waxwing(path, &["certs", "list", file, "--password-file", "wrong"]);
        assert_eq!(code(&wrong), 2);
        assert!(!text(&wrong.stdout).contains("battery"), "a password is never shown");
        let pem = format!("{file}.pem");
        let back = waxwing(path, &["certs", "convert", file, &pem, "--password-file", "password"]);
        assert_eq!(code(&back), 0, "{}", text(&back.stderr));
        let read = std::fs::read(path.join(&pem)).expect("PEM");
        let identity = waxwing::crypto::Identity::from_pem(&read).expect("certificate and key");
        assert_eq!(identity.certificate.thumbprint_hex(), alice[0]);
    }
}

#[test]
fn what_expires_or_cannot_be_read_is_told_by_the_exit_code() {
    let folder = made();
    let path = folder.path();
    assert_eq!(code(&waxwing(path, &["certs", "list"])), 0);
    assert_eq!(code(&waxwing(path, &["certs", "list", "--expires-within", "300"])), 0);
    assert_eq!(code(&waxwing(path, &["certs", "list", "--expires-within", "400"])), 1);
    std::fs::write(path.join("certificates/CurrentUser/My/bad.pem"), "nothing").expect("written");
    let bad = waxwing(path, &["certs", "list"]);
    assert_eq!(code(&bad), 2);
    assert!(text(&bad.stdout).contains("CN=alice"), "one bad file hides no other");
    assert_eq!(code(&waxwing(path, &["certs", "list", "nowhere"])), 2);
}

#[test]
fn completions_and_pages_know_every_command() {
    let folder = tempfile::tempdir().expect("folder");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = waxwing(folder.path(), &["completions", shell]);
        assert_eq!(code(&script), 0);
        assert!(text(&script.stdout).contains("convert"), "{shell}");
    }
    assert_eq!(code(&waxwing(folder.path(), &["man", "--output", "pages"])), 0);
    let help = text(&waxwing(folder.path(), &["--help"]).stdout);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 5, "{help}");
    for name in commands {
        let page = std::fs::read_to_string(folder.path().join(format!("pages/waxwing-{name}.1")));
        assert!(page.expect("a page").contains(name));
    }
}

#[test]
fn wrong_arguments_have_a_code_of_their_own() {
    let folder = tempfile::tempdir().expect("folder");
    assert_eq!(code(&waxwing(folder.path(), &["certs", "lsit"])), 64);
    assert_eq!(code(&waxwing(folder.path(), &["certs", "make", "--client", "../x"])), 64);
    assert_eq!(code(&waxwing(folder.path(), &["check"])), 2, "as it always was");
    assert_eq!(code(&waxwing(folder.path(), &["certs", "--help"])), 0);
}
