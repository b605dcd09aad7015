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
        // A line that is deeper goes on with the one above.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
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

#[test]
fn what_the_references_of_a_file_find_is_shown() {
    let folder = made();
    let path = folder.path();
    let text = r#"<configuration><system.serviceModel><behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
  <serviceCertificate findValue="calc" x509FindType="FindBySubjectName"/></serviceCredentials></behavior></serviceBehaviors>
<endpointBehaviors><behavior name="C"><clientCredentials><clientCertificate findValue="ALICE"/></clientCredentials></behavior>
</endpointBehaviors></behaviors><client><endpoint address="http://localhost/" binding="wsHttpBinding" contract="I">
<identity><certificateReference findValue="calc" x509FindType="FindBySubjectName"/></identity></endpoint></client>
</system.serviceModel></configuration>"#;
    std::fs::write(path.join("app.config"), text).expect("written");
    let found = waxwing(path, &["certs", "find", "--config", "app.config"]);
    assert_eq!(code(&found), 1, "{}", text_of(&found));
    let all = text_of(&found);
    for part in [
        "service behavior \"S\": <serviceCertificate>",
        "'CN=calc'",
        "endpoint behavior \"C\": <clientCertificate>",
        "client endpoint \"\": <identity>",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let found = json(&waxwing(path, &["certs", "find", "--config", "app.config", "--json"]));
    let numbers = found["references"].as_array().expect("references").iter();
    let numbers = numbers.map(|one| one["found"].as_array().expect("found").len());
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(code(&waxwing(path, &["certs", "find"])), 64);
}

fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn what_was_meant_is_told() {
    let folder = made();
    let path = folder.path();
    let found = text_of(&waxwing(path, &["certs", "find", "alice"]));
    assert!(found.contains("--type FindBySubjectName would find 1"), "{found}");
    let found = text_of(&waxwing(path, &["certs", "find", "nobody"]));
    assert!(!found.contains("would find"), "{found}");
    let found = text_of(&waxwing(path, &["certs", "find", "alice", "--type", "SubjectName"]));
    assert!(found.contains("did you mean FindBySubjectName?"), "{found}");
    let help = text_of(&waxwing(path, &["certs", "find", "--help"]));
    let names = help.split(|c: char| !c.is_ascii_alphabetic());
    let names: std::collections::BTreeSet<_> = names.filter(|n| n.starts_with("FindBy")).collect();
    assert_eq!(names.len(), 15, "{names:?}");
    for name in names {
        name.parse::<waxwing::binding::X509FindType>().expect("a type");
    }
    std::fs::write(path.join("password"), "correct horse\n").expect("written");
    let convert = ["certs", "convert", "certificates/CurrentUser/My/alice.cert.pem", "alice.p12"];
    let password = ["--password-file", "password"];
    assert_eq!(code(&waxwing(path, &[&convert[..], &password].concat())), 0);
    let listed = waxwing(path, &["certs", "list", "alice.p12"]);
    assert_eq!(code(&listed), 2, "as the help says");
    assert!(text_of(&listed).contains("--password-file FILE"), "{}", text_of(&listed));
}

#[test]
fn another_authority_is_not_silently_left_out_and_every_file_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let make = |more: &[&str]| waxwing(folder.path(), &[&["certs", "make"], more].concat());
    let made = make(&["--authority", "Mine"]);
    assert_eq!(code(&made), 0, "{}", text_of(&made));
    let told = text_of(&made);
    for store in ["LocalMachine", "CurrentUser"] {
        assert!(told.contains(&format!("{store}/Root/authority.cert.pem")), "{told}");
    }
    let other = make(&["--client", "bob", "--authority", "Other"]);
    assert_eq!(code(&other), 2, "{}", text_of(&other));
    let told = text_of(&other);
    assert!(told.contains("has an authority already, Mine"), "{told}");
    assert!(!folder.path().join("certificates/CurrentUser/My/bob.cert.pem").exists());
    assert_eq!(code(&make(&["--client", "bob", "--authority", "Mine"])), 0);
    assert_eq!(code(&make(&["--client", "carol"])), 0);
}
