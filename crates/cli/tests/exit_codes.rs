//! The program itself: exit codes that a script can use, the table, JSON.

// Tests read files and clocks.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const PLAIN: &str = r#"<security mode="None" />"#;
const WINDOWS: &str = r#"<security mode="Message" />"#;

/// A file with client endpoints, each `name` with the binding's content.
fn clients(endpoints: &[(&str, &str)]) -> String {
    let elements: String = endpoints
        .iter()
        .map(|(name, _)| {
            format!(
                "<endpoint name=\"{name}\" address=\"http://h/{name}\" binding=\"wsHttpBinding\" \
                 bindingConfiguration=\"{name}\" contract=\"I\" />\n"
            )
        })
        .collect();
    let bindings: String = endpoints
        .iter()
        .map(|(name, inside)| format!("<binding name=\"{name}\">{inside}</binding>\n"))
        .collect();
    format!(
        "<configuration><system.serviceModel><client>{elements}</client><bindings><wsHttpBinding>\n\
         {bindings}</wsHttpBinding></bindings></system.serviceModel></configuration>"
    )
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
    command.arg("check").args(arguments).current_dir(folder).output().expect("the program runs")
}

fn code(files: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("folder");
    let names: Vec<String> = (0..files.len()).map(|i| format!("{i}.config")).collect();
    for (name, text) in names.iter().zip(files) {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let output = check(folder.path(), &names);
    (output.status.code().expect("ended"), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn a_script_learns_what_becomes_of_the_endpoints() {
    let runs = clients(&[("a", PLAIN)]);
    let cannot = clients(&[("b", WINDOWS)]);
    let mixed = clients(&[("a", PLAIN), ("b", WINDOWS)]);
    let broken = clients(&[("a", PLAIN), ("c", "<security mode=\"Mesage\" />")]);
    let empty = "<configuration><system.serviceModel /></configuration>";
    assert_eq!(code(&[&runs]).0, 0);
    assert_eq!(code(&[&broken]).0, 1);
    assert_eq!(code(&[&cannot]).0, 3);
    assert_eq!(code(&[&mixed]).0, 4);
    assert_eq!(code(&[&runs, &cannot]).0, 4);
    assert_eq!(code(&[&cannot, &cannot]).0, 3);
    assert_eq!(code(&[&cannot, &broken]).0, 1);
    let (none, said) = code(&[empty]);
    assert_eq!(none, 0);
    assert!(said.contains("has no endpoints: neither <client> nor <services> holds one"), "{said}");
    assert_eq!(code(&[empty, &cannot]).0, 3);
    // Of a file that cannot be read it is not said that it has none.
    let (unread, said) = code(&["<configuration><system.serviceModel><client>"]);
    assert_eq!(unread, 1);
    assert!(said.contains("no endpoints could be read from 0.config"), "{said}");
    assert!(!said.contains("has no endpoints"), "{said}");
    // Certificates that are not there keep an endpoint from running.
    let certificate = "<security><message clientCredentialType=\"None\" /></security>";
    let (code_, said) = code(&[&clients(&[("d", certificate)])]);
    assert_eq!(code_, 3, "{said}");
    assert!(said.contains("every certificate of the other side is refused"), "{said}");
}

#[test]
fn what_cannot_be_read_and_wrong_arguments() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("good.config"), clients(&[("a", PLAIN)])).expect("written");
    let missing = check(folder.path(), &["good.config", "missing.config"]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(check(folder.path(), &["--no-such-option"]).status.code(), Some(2));
    let help = check(folder.path(), &["--help"]);
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    for line in ["0  every endpoint runs", "3  nothing that the files have can run here"] {
        assert!(help.contains(line), "{help}");
    }
}

#[test]
fn the_table_comes_first() {
    let (_, said) = code(&[&clients(&[("a", PLAIN), ("b", WINDOWS), ("c", "<secure />")])]);
    let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("no {text:?} in:\n{said}"));
    assert!(at("verdict") < at("unknown-element"), "{said}");
    for row in [("client a", "runs"), ("client b", "cannot run here"), ("client c", "broken")] {
        let line = said.lines().find(|line| line.contains(row.0)).unwrap_or_default();
        assert!(line.contains(row.1), "{line}\n{said}");
    }
}

#[test]
fn json_holds_the_verdicts() {
    let folder = tempfile::tempdir().expect("folder");
    let text = clients(&[("a", PLAIN), ("b", WINDOWS)]);
    std::fs::write(folder.path().join("mixed.config"), text).expect("written");
    let output = check(folder.path(), &["--json", "mixed.config"]);
    assert_eq!(output.status.code(), Some(4));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let file = &json["files"][0];
    assert_eq!((&file["outcome"], &file["good"]), (&Value::from("some-run"), &Value::from(true)));
    let verdict = |i: usize| &file["verdicts"][i];
    assert_eq!((&verdict(0)["name"], &verdict(0)["verdict"]), (&"a".into(), &"runs".into()));
    assert_eq!(verdict(1)["verdict"], "cannot-run");
    assert_eq!(verdict(1)["reasons"][0]["text"], "Windows accounts");
}

#[test]
fn the_last_line_does_not_comfort() {
    let service = |endpoints: &str| {
        format!(
            "<configuration><system.serviceModel><services><service name=\"S\">{endpoints}</service></services>\
             <behaviors><serviceBehaviors><behavior><serviceMetadata /></behavior></serviceBehaviors></behaviors>\
             <bindings><wsHttpBinding><binding><security mode=\"None\" /></binding></wsHttpBinding></bindings>\
             </system.serviceModel></configuration>"
        )
    };
    let application = |address: &str| {
        format!("<endpoint address=\"{address}\" binding=\"wsHttpBinding\" contract=\"I\" />")
    };
    let metadata = "<endpoint address=\"net.tcp://h/m\" binding=\"mexTcpBinding\" contract=\"IMetadataExchange\" />";
    let last = |text: &str| {
        let (code, said) = code(&[text]);
        (code, said.lines().last().unwrap_or_default().to_owned())
    };
    let (ok, said) = last(&service(&application("http://h/a")));
    assert_eq!((ok, said.as_str()), (0, "0.config: every endpoint runs"));
    let over_http = metadata.replace("net.tcp", "http").replace("mexTcpBinding", "mexHttpBinding");
    let (ok, said) = last(&service(&(application("http://h/a") + &over_http)));
    assert_eq!((ok, said.as_str()), (0, "0.config: every endpoint runs"));
    let (ok, said) = last(&service(&(application("http://h/a") + metadata)));
    assert_eq!(ok, 0);
    assert_eq!(said, "0.config: every endpoint runs", "metadata over net.tcp run, too");
    let over_pipe = metadata.replace("net.tcp", "net.pipe").replace("mexTcp", "mexNamedPipe");
    let (ok, said) = last(&service(&(application("http://h/a") + &over_pipe)));
    assert_eq!(ok, 0, "without it the service runs");
    assert_eq!(said, "0.config: every endpoint runs, but not those of metadata; 1 note");
    let (ok, said) = last(&service(&application("a")));
    assert_eq!(ok, 0);
    assert!(
        said.contains("every endpoint runs, if the program gives what the table says"),
        "{said}"
    );
}

#[test]
fn a_service_has_one_base_address_of_a_scheme() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("a.config"), clients(&[("a", PLAIN)])).expect("written");
    let two = ["--base-address", "http://a/", "--base-address", "HTTP://b/", "a.config"];
    let output = check(folder.path(), &two);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        said.contains("This collection already contains an address with scheme http"),
        "{said}"
    );
    let other = ["--base-address", "http://a/", "--base-address", "https://b/", "a.config"];
    assert_eq!(check(folder.path(), &other).status.code(), Some(0));
}

fn demo(temporary: &Path, calls: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
    command.args(["demo", "--durable", "--calls", calls]).env("TMPDIR", temporary);
    command
}

#[test]
fn a_demonstration_of_nothing_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("folder");
    let output = demo(folder.path(), "0").output().expect("the program runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn what_a_demonstration_cannot_show_is_wrong_usage() {
    for (wrong, says) in [
        (&["--security", "message"][..], "is for --binding net-tcp and ws-dual"),
        (
            &["--binding", "net-tcp", "--credential", "username"],
            "without --security there is nobody",
        ),
        (&["--binding", "ws-dual", "--security", "mixed"], "wsDualHttpBinding has no TLS"),
        (
            &["--binding", "net-tcp", "--security", "transport", "--credential", "username"],
            "TLS takes no user name",
        ),
        (
            &["--binding", "net-tcp", "--security", "transport", "--loss", "0.1"],
            "ends with its connection",
        ),
        (&["--durable", "--security", "message"], "--durable shows ws2007HttpBinding"),
        (&["--durable", "--binding", "net-tcp"], "are not kept in a store yet"),
        (&["--durable", "--loss", "0.1"], "kills programs and loses no messages"),
        (&["--durable", "--trace", "trace.txt"], "writes no trace"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
        let output = command.arg("demo").args(wrong).output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(says), "{wrong:?}: {text}");
        assert!(!text.contains("Usage:"), "{wrong:?}: {text}");
    }
}

/// Its folder has private keys, and its processes would call on.
#[cfg(target_os = "linux")]
#[test]
fn a_demonstration_that_is_ended_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().expect("folder");
    // PostgreSQL runs as somebody else where this test runs as root.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("permissions");
    let entries = || std::fs::read_dir(folder.path()).expect("folder").count();
    let parts = || {
        let place = folder.path().display().to_string();
        let processes = std::fs::read_dir("/proc").expect("processes").flatten();
        let lines = processes.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&place)).count()
    };
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // By SIGTERM alone, as a service manager ends a program: its processes hear nothing of it. Whoever has a terminal ends all at once.
    let postgres: &[&str] = &["--store", "postgres"];
    // What is killed leaves its folder, so that comes last.
    let runs =
        [("-TERM", &[][..], 2), ("-TERM", postgres, 3), ("-TERM", postgres, 1), ("-KILL", &[], 2)];
    for (signal, options, processes) in runs {
        if !options.is_empty() && waxwing_testkit::postgres::programs().is_none() {
            let needed = std::env::var_os("WAXWING_NEEDS_POSTGRES").is_some();
            assert!(!needed, "{}", waxwing_testkit::postgres::MISSING);
            continue;
        }
        let mut command = demo(folder.path(), "100000");
        let mut child = command.args(options).spawn().expect("the program runs");
        until("client and service run", &|| parts() >= processes);
        let pid = child.id().to_string();
        Command::new("kill").args([signal, &pid]).status().expect("a signal");
        let status = child.wait().expect("it ends");
        until("its processes end", &|| parts() == 0);
        if signal == "-TERM" {
            assert_eq!((status.code(), entries()), (Some(1), 0), "{options:?}");
        }
    }
}
