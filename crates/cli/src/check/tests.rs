//! What is printed, and the exit codes.

use super::*;

/// The snippet of the page "How to: Secure Messages within Reliable Sessions" in the form in which
/// older editions print it, inside a file.
const PAGE: &str = r#"<configuration>
  <system.serviceModel>
    <bindings>
      <wsHttpBinding>
        <binding name="MessageSecurity">
          <security mode="Message" />
            <message clientCredentialType = " Certificate" />
          </security>
        </binding>
      </wsHttpBinding >
    </bindings>
  </system.serviceModel>
</configuration>
"#;

const GOOD_CLIENT: &str = r#"<configuration>
  <system.serviceModel>
    <client>
      <endpoint name="calc" address="http://example.org/calc" binding="wsHttpBinding"
                bindingConfiguration="Plain" contract="ICalculator" />
    </client>
    <bindings>
      <wsHttpBinding>
        <binding name="Plain">
          <reliableSession enabled="true" />
          <security mode="None" />
        </binding>
      </wsHttpBinding>
    </bindings>
  </system.serviceModel>
</configuration>
"#;

const PLAIN: print::Style = print::Style { colors: false, quiet: false };

fn checked(text: &str) -> Checked {
    Checked {
        name: "app.config".to_owned(),
        outcome: check_text(
            text.to_owned(),
            &LoadOptions::default(),
            Path::new("nowhere"),
            &ProxyEnvironment::default(),
        ),
    }
}

fn printed(text: &str, as_json: bool, style: print::Style) -> String {
    let mut out = Vec::new();
    report(&[checked(text)], as_json, style, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_page_s_two_slips_get_two_answers() {
    insta::assert_snapshot!(printed(PAGE, false, PLAIN));
    assert_eq!(exit_code(&[checked(PAGE)]), HAS_ERRORS);
}

#[test]
fn a_good_file_is_explained() {
    insta::assert_snapshot!(printed(GOOD_CLIENT, false, PLAIN));
    assert_eq!(exit_code(&[checked(GOOD_CLIENT)]), GOOD);
    let quiet = print::Style { quiet: true, ..PLAIN };
    assert_eq!(printed(GOOD_CLIENT, false, quiet), "app.config: every endpoint runs\n");
}

const SERVICE_OF_GOOD_CLIENT: &str = r#"<configuration>
  <system.serviceModel>
    <services>
      <service name="Calculator">
        <endpoint address="http://localhost/calc" binding="wsHttpBinding" bindingConfiguration="Plain" contract="ICalculator" />
      </service>
    </services>
    <bindings>
      <wsHttpBinding>
        <binding name="Plain">
          <reliableSession enabled="true" />
          <security mode="None" />
        </binding>
      </wsHttpBinding>
    </bindings>
  </system.serviceModel>
</configuration>
"#;

#[test]
fn both_ends_of_an_address_are_compared() {
    let ends = |service: &str| {
        let client = checked(GOOD_CLIENT);
        let service = Checked {
            name: "service.config".to_owned(),
            outcome: check_text(
                service.to_owned(),
                &LoadOptions::default(),
                Path::new("nowhere"),
                &ProxyEnvironment::default(),
            ),
        };
        let files = [client, service];
        let mut out = Vec::new();
        let quiet = print::Style { quiet: true, ..PLAIN };
        report(&files, false, quiet, &mut out).expect("written");
        (exit_code(&files), String::from_utf8(out).expect("UTF-8"))
    };
    assert_eq!(
        ends(SERVICE_OF_GOOD_CLIENT),
        (GOOD, "app.config: every endpoint runs\nservice.config: every endpoint runs\n".to_owned())
    );
    let unreliable = SERVICE_OF_GOOD_CLIENT.replace("enabled=\"true\"", "enabled=\"false\"");
    let (code, said) = ends(&unreliable);
    assert_eq!(code, HAS_ERRORS);
    assert_eq!(
        said,
        "app.config: every endpoint runs\nservice.config: every endpoint runs\n\"calc\" of app.config and \
         \"WSHttpBinding_ICalculator\" of service.config would not understand each other:\n  \
         reliable session: the client has WS-ReliableMessaging February 2005 (1.0), the service none\n"
    );
}

#[test]
fn escape_sequences_only_with_colors() {
    assert!(!printed(PAGE, false, PLAIN).contains('\x1b'));
    assert!(printed(PAGE, false, print::Style { colors: true, ..PLAIN }).contains('\x1b'));
}

#[test]
fn json_says_the_same() {
    let page: serde_json::Value = serde_json::from_str(&printed(PAGE, true, PLAIN)).expect("JSON");
    let file = &page["files"][0];
    assert_eq!((file["good"].as_bool(), file["file"].as_str()), (Some(false), Some("app.config")));
    let found = file["diagnostics"].as_array().expect("diagnostics");
    let places: Vec<_> = found
        .iter()
        .map(|d| (d["code"].as_str().unwrap_or(""), d["line"].as_u64().unwrap_or(0)))
        .collect();
    assert_eq!(places, [("bad-value", 7), ("malformed-xml", 8)]);
    let good: serde_json::Value =
        serde_json::from_str(&printed(GOOD_CLIENT, true, PLAIN)).expect("JSON");
    let endpoint = &good["files"][0]["endpoints"][0];
    assert_eq!(endpoint["address"], "http://example.org/calc");
    let facts = endpoint["facts"].as_array().expect("facts");
    assert!(facts.iter().any(|f| f["topic"] == "reliability"));
}

#[test]
fn files_that_cannot_be_read_have_their_own_code() {
    let folder = tempfile::tempdir().expect("folder");
    let missing = check(&folder.path().join("missing.config"), &[]);
    let binary = folder.path().join("binary.config");
    std::fs::write(&binary, [0xff, 0x00, 0xc3, 0x28]).expect("written");
    let large = folder.path().join("large.config");
    std::fs::write(&large, vec![b' '; 10 << 20]).expect("written");
    for (file, words) in [
        (missing, "cannot be read"),
        (check(&binary, &[]), "UTF-8"),
        (check(&large, &[]), "larger than"),
    ] {
        let Outcome::Unread(why) = &file.outcome else { panic!("{} was read", file.name) };
        assert!(why.contains(words), "{why}");
        assert_eq!(exit_code(&[file]), UNREAD);
    }
}

#[test]
fn a_file_in_one_long_line_is_shown_cut() {
    let line = format!("<configuration><system.serviceModel><!--{}--><bindngs/>", "x".repeat(5000));
    let text = format!("{line}</system.serviceModel></configuration>");
    let out = printed(&text, false, PLAIN);
    assert!(out.contains("bindngs") && out.lines().all(|l| l.chars().count() < 400), "{out}");
}

#[test]
fn base_addresses_and_section_files_come_from_outside() {
    let folder = tempfile::tempdir().expect("folder");
    let bindings = "<bindings><wsHttpBinding><binding sendTimeout=\"1min\"><security mode=\"None\" /></binding></wsHttpBinding></bindings>";
    std::fs::write(folder.path().join("b.config"), bindings).expect("written");
    let file = folder.path().join("Web.config");
    let text = r#"<configuration><system.serviceModel><bindings configSource="b.config" />
<services><service name="S"><endpoint address="calc" binding="wsHttpBinding" contract="I" /></service></services></system.serviceModel></configuration>"#;
    std::fs::write(&file, text).expect("written");
    let said = |given: &[String]| {
        let mut out = Vec::new();
        report(&[check(&file, given)], false, PLAIN, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    };
    let without = said(&[]);
    assert!(
        without.contains("no-base-address") && without.contains("b.config:1:48: error[bad-value]"),
        "{without}"
    );
    std::fs::write(folder.path().join("b.config"), bindings.replace("1min", "00:01:00"))
        .expect("written");
    let with = said(&["http://localhost:8000/svc".to_owned()]);
    assert!(
        !with.contains("no-base-address") && with.contains("http://localhost:8000/svc/calc"),
        "{with}"
    );
    assert!(
        absolute("calc").is_err() && absolute("http://").is_err() && absolute("http://h").is_ok()
    );
}
