//! Files with a mistake or an oddity: refused where WCF refuses them, with a text that contains
//! WCF's; what differs is listed with its reason.

mod common;

use common::{config_vectors, text};
use waxwing_binding::{Configuration, ContractRequirements, Loaded, SessionMode, Severity};

/// What WCF on its test platform said about a file.
#[derive(Debug)]
struct Outcome {
    accepted: bool,
    /// Exception messages, outermost first.
    messages: Vec<String>,
    line: Option<u32>,
}

fn outcome(text: &str) -> Outcome {
    let after = |line: &str, key: &str| line.strip_prefix(key).map(|s| s.trim_start().to_owned());
    Outcome {
        accepted: text.lines().any(|l| l == "accepted"),
        messages: text
            .lines()
            .filter_map(|l| after(l, "message:").or_else(|| after(l, "inner message:")))
            .collect(),
        line: text.lines().find_map(|l| after(l, "line:")).and_then(|n| n.parse().ok()),
    }
}

/// Assembly names differ by framework version.
const ASSEMBLY: &str =
    ", System.ServiceModel, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089";

/// The part of a message that the .NET Framework words alike: without the frame that
/// `System.Configuration` puts around the text of a converter, without the parameter names of
/// `ArgumentException`, without assembly names; ranges as the .NET Framework words them.
fn core(message: &str) -> String {
    let inner = message.split_once("The error is: ").map_or(message, |(_, inner)| inner);
    let inner = inner.split(" | Parameter name").next().unwrap_or(inner);
    let inner = inner.replace(ASSEMBLY, "");
    let inner = inner.replace(
        "Error Initializing the configuration system.",
        "Configuration system failed to initialize",
    );
    match inner.strip_prefix("The value must be in the range ") {
        Some(range) => format!("The value must be inside the range {}.", range.replace(" - ", "-")),
        None => inner.trim().to_owned(),
    }
}

fn says(loaded: &Loaded, severity: Severity, wcf: &str, line: Option<u32>) -> bool {
    let found = loaded.diagnostics.iter().filter(|d| d.severity == severity);
    found
        .filter(|d| line.is_none_or(|line| d.line == line))
        .any(|d| d.wcf_text.as_deref().is_some_and(|t| t.contains(wcf)))
}

/// How a file's outcome differs from that of WCF on its test platform.
enum Difference {
    /// The test platform was too lenient: the .NET Framework refuses the file, with this text.
    Refused(&'static str),
    /// The .NET Framework words it otherwise than the test platform: like this.
    Worded(&'static str),
    /// The program or IIS may give what the file lacks: told as a warning, in the same words.
    Outside,
    /// The demand is the contract's, which the file only names: found when the endpoint opens.
    Contract,
    /// A mistake in the contract itself, which the file only names: the attribute macro of a
    /// contract refuses it when the program is compiled.
    InTheContract,
}
use Difference::{Contract, InTheContract, Outside, Refused, Worded};

const ENUMERATION: &str = "The enumeration value must be one of the following: ";

/// The files whose outcome differs, with the reason.
const DIFFERENCES: &[(&str, Difference)] = &[
    // The test platform does not enforce required attributes and fails later.
    ("baseaddress-missing-attribute", Worded("Required attribute 'baseAddress' not found.")),
    ("service-name-missing", Worded("Required attribute 'name' not found.")),
    // The converter of enumerations lists the legal names.
    ("basic-message-credential-windows", Worded(ENUMERATION)),
    ("enum-unknown", Worded(ENUMERATION)),
    ("wsdual-transport-mode", Worded(ENUMERATION)),
    // It neither trims, nor ignores case, nor takes numbers.
    ("credential-wrong-case", Refused(ENUMERATION)),
    ("enum-number", Refused(ENUMERATION)),
    ("enum-trailing-blank", Refused(ENUMERATION)),
    ("enum-wrong-case", Refused(ENUMERATION)),
    ("page-3-nested-leading-blank", Refused(ENUMERATION)),
    // The .NET Framework takes lists as well, and ORs them: "Transport, Message" becomes
    // TransportWithMessageCredential. Nobody means that; Waxwing refuses it and says so.
    ("enum-comma-list", Refused(ENUMERATION)),
    ("enum-comma-list-same", Refused(ENUMERATION)),
    // The test platform ignores namespaces and text.
    ("binding-namespace", Refused("Unrecognized attribute 'xmlns'.")),
    ("text-content", Refused("The configuration section cannot contain a CDATA or text element.")),
    // The test platform does not see the key of an unnamed custom binding.
    ("custom-two-unnamed", Refused("Duplicate key value:  ''.")),
    // Texts of System.Configuration about the frame of the file.
    ("root-wrong", Worded("Configuration file does not have a valid root element")),
    ("section-twice", Worded("Sections must only appear once per config file.")),
    ("section-unknown", Worded("Unrecognized configuration section system.serviceModel/binding.")),
    ("client-endpoint-no-address", Outside),
    ("service-no-endpoint-no-base", Outside),
    ("contract-not-implemented", Contract),
    ("contract-unknown-name", Contract),
    ("ordered-required-no-reliable", Contract),
    ("ordered-required-unordered", Contract),
    ("session-required-no-session", Contract),
    ("session-required-oneshot", Contract),
    ("no-initiating-operation", InTheContract),
    ("oneway-with-result", InTheContract),
    ("two-operations-same-name", InTheContract),
];

#[test]
fn refuses_what_wcf_refuses_in_its_words() {
    let vectors = config_vectors("invalid");
    assert_eq!(vectors.len(), 142);
    let mut wrong = Vec::new();
    for (name, vector) in &vectors {
        let wcf = outcome(text(vector, "outcome"));
        let loaded = Configuration::load(text(vector, "config"));
        let difference = DIFFERENCES.iter().find(|(n, _)| n == name).map(|(_, d)| d);
        let says = |words: &str| says(&loaded, Severity::Error, words, wcf.line);
        let good = match difference {
            None if wcf.accepted => !loaded.has_errors(),
            None => wcf.messages.iter().all(|m| says(&core(m))),
            Some(Refused(words)) => wcf.accepted && says(words),
            Some(Worded(words)) => !wcf.accepted && says(words),
            Some(Outside) => wcf.messages.iter().all(|m| {
                !loaded.has_errors() && self::says(&loaded, Severity::Warning, &core(m), wcf.line)
            }),
            Some(Contract) => {
                let text = contract_text(&loaded.configuration).unwrap_or_default();
                wcf.messages.iter().all(|m| text.contains(&core(m)))
            }
            Some(InTheContract) => !wcf.accepted && !loaded.has_errors(),
        };
        if !good {
            wrong.push(format!("{name}: {wcf:#?}\n{:#?}", loaded.diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    for (name, _) in DIFFERENCES {
        assert!(vectors.contains_key(*name), "no file {name}");
    }
}

/// The contracts of the test programs, implemented by the service class.
const CONTRACTS: &[&str] = &[
    "Microsoft.ServiceModel.Samples.ICalculator",
    "Microsoft.ServiceModel.Samples.ISession",
    "Microsoft.ServiceModel.Samples.IOrdered",
];

/// What is said when the file's service is opened by a program that knows its contracts.
fn contract_text(configuration: &Configuration) -> Option<String> {
    let service = &configuration.services.services[0];
    let effective = match configuration.resolve_service(service, CONTRACTS) {
        Ok(effective) => effective,
        Err(error) => return Some(error.to_string()),
    };
    let endpoint = &effective.endpoints[0];
    let requirements = ContractRequirements::named(endpoint.contract.clone());
    let requirements = match endpoint.contract.as_str() {
        c if c.ends_with("ISession") => requirements.session_mode(SessionMode::Required),
        c if c.ends_with("IOrdered") => requirements.ordered(true),
        _ => requirements,
    };
    endpoint.contract_refusals(&requirements).first().map(ToString::to_string)
}
