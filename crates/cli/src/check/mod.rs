//! `waxwing check FILE|URL…`: what becomes of each endpoint, what is wrong, what a good file does on the wire.

mod json;
mod live;
mod pair;
mod pairs;
mod print;
mod table;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use waxwing::ConfigurationFile;
use waxwing::binding::{
    Address, Configuration, Explanation, LoadOptions, MAX_FILE_BYTES, ProxyEnvironment, decode,
};
use waxwing::check::{EndpointVerdict, FileCheck, Outcome as Judgement};
use waxwing::environment::Clock;

use crate::peer::access::Access;
use crate::print::{Colors, Plain};
use crate::source::Limits;

/// What the exit code says, for `--help`.
const EXIT_CODES: &str = "\
Exit code:
  0  every endpoint runs, and clients and services of one address fit together
  1  a file or an endpoint is broken (WCF refuses it, too), or two ends do not fit
  2  wrong arguments, or a file cannot be read
  3  nothing that the files have can run here
  4  some endpoints run, others cannot run here, or an outbox does not open
Endpoints of metadata do not count. A file without endpoints is no mistake (0).";

/// What the command takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// Configuration files (app.config, web.config…), "-" for the standard input; or the address of a service, a folder or a
    /// .wsdl file: what the service says of itself. With both, whether the client's file fits the service
    #[arg(required = true, value_name = "FILE|URL")]
    files: Vec<PathBuf>,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
    /// Print errors only: no warnings, no notes, no explanation of good files
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
    /// A base address that the services get from outside, as IIS or a program gives it; one for each scheme
    #[arg(long = "base-address", value_name = "URI", value_parser = absolute)]
    base_addresses: Vec<String>,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    access: Access,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colors::Auto)]
    color: Colors,
}

/// A file that was looked at.
struct Checked {
    /// Its name as given.
    name: String,
    outcome: Outcome,
}

enum Outcome {
    /// It could not be read, and why.
    Unread(String),
    /// What a service says of itself.
    Live(Box<live::Live>),
    Read {
        text: String,
        check: Box<FileCheck>,
        /// What a good file does; empty for one with errors.
        explanations: Vec<Explanation>,
    },
}

impl Checked {
    /// Whether WCF would load the file and open what is in it.
    fn is_good(&self) -> bool {
        match &self.outcome {
            Outcome::Read { check, .. } => !check.loaded.has_errors(),
            Outcome::Live(_) => true,
            Outcome::Unread(_) => false,
        }
    }

    fn endpoints(&self) -> &[EndpointVerdict] {
        match &self.outcome {
            Outcome::Read { check, .. } => &check.endpoints,
            Outcome::Unread(_) | Outcome::Live(_) => &[],
        }
    }
}

/// Every endpoint runs.
const GOOD: u8 = 0;
/// A file has errors, or the two ends of an address do not fit.
const HAS_ERRORS: u8 = 1;
/// A file could not be read (clap exits with the same code for wrong arguments).
const UNREAD: u8 = 2;
/// Nothing that the files have can run here.
const NOTHING_RUNS: u8 = 3;
/// Some endpoints run, others cannot run here.
const PART_RUNS: u8 = 4;

/// Checks the files and prints what was found; the exit code is that of [`EXIT_CODES`].
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let given = &arguments.base_addresses;
    if let Some(scheme) = given_twice(given) {
        eprintln!(
            "error: two values of --base-address begin with {scheme}: a service has one for each scheme (WCF: This \
             collection already contains an address with scheme {scheme}.)"
        );
        return ExitCode::from(UNREAD);
    }
    let limits = &arguments.limits;
    let one = |file: &PathBuf| match live::is_source(file) {
        true => {
            let read = live::read(file, limits, &arguments.access);
            let outcome = read.map_or_else(Outcome::Unread, |live| Outcome::Live(Box::new(live)));
            Checked { name: file.display().to_string(), outcome }
        }
        false => check(file, given),
    };
    let checked: Vec<Checked> = arguments.files.iter().map(one).collect();
    let stdout = io::stdout();
    let colors = arguments.color.on_stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    let style = print::Style { colors, quiet: arguments.quiet };
    let written = match arguments.json {
        true => report(&checked, true, style, &mut out),
        false => report(&checked, false, style, &mut Plain(&mut out)),
    };
    let written = written.and_then(|()| out.flush());
    match written {
        // Whoever reads has read enough (`waxwing check … | head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("waxwing check: cannot write: {error}");
            return ExitCode::from(UNREAD);
        }
        Ok(()) => {}
    }
    ExitCode::from(exit_code(&checked))
}

fn report(
    checked: &[Checked],
    as_json: bool,
    style: print::Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pairs = pairs::pairs(checked);
    if as_json {
        return json::print(checked, &pairs, out);
    }
    checked.iter().try_for_each(|file| print::print(file, style, out))?;
    pairs.iter().try_for_each(|pair| print::pair(pair, style, out))
}

fn exit_code(checked: &[Checked]) -> u8 {
    if checked.iter().any(|c| matches!(c.outcome, Outcome::Unread(_))) {
        return UNREAD;
    }
    let all_good = checked.iter().all(Checked::is_good);
    if let Some(code) = of_services(checked) {
        return code;
    }
    if pairs::pairs(checked).iter().any(pair::Pair::is_apart) {
        return HAS_ERRORS;
    }
    let endpoints: Vec<EndpointVerdict> =
        checked.iter().flat_map(|file| file.endpoints().iter().cloned()).collect();
    let closed = |c: &Checked| matches!(&c.outcome, Outcome::Read { check, .. } if !check.closed_outboxes.is_empty());
    match Judgement::of(&endpoints, !all_good) {
        Judgement::AllRun if checked.iter().any(closed) => PART_RUNS,
        Judgement::AllRun | Judgement::NoEndpoints => GOOD,
        Judgement::SomeRun => PART_RUNS,
        Judgement::NoneRuns => NOTHING_RUNS,
        Judgement::Broken => HAS_ERRORS,
    }
}

/// The code where services were asked: alone, whether they can be talked to; beside files, whether each client fits one.
fn of_services(checked: &[Checked]) -> Option<u8> {
    let live: Vec<&live::Live> = checked
        .iter()
        .filter_map(|c| match &c.outcome {
            Outcome::Live(live) => Some(live.as_ref()),
            _ => None,
        })
        .collect();
    if live.is_empty() {
        return None;
    }
    if live.len() < checked.len() {
        let clients = checked.iter().flat_map(Checked::endpoints);
        let clients = clients.filter(|e| e.role == waxwing::binding::Role::Client).count();
        let pairs = pairs::pairs(checked);
        let unmatched = clients > 0 && pairs.is_empty();
        let differ = pairs.iter().any(pair::Pair::is_apart);
        return (unmatched || differ).then_some(HAS_ERRORS);
    }
    let (yes, all) =
        live.iter().map(|l| l.talkable()).fold((0, 0), |(y, a), (b, c)| (y + b, a + c));
    Some(match yes {
        0 => NOTHING_RUNS,
        yes if yes == all => GOOD,
        _ => PART_RUNS,
    })
}

/// A base address has a scheme and a host.
fn absolute(address: &str) -> Result<String, String> {
    match Address::of(address).host() {
        Some(host) if !host.is_empty() => Ok(address.to_owned()),
        _ => Err("write an absolute address, like http://localhost:8000/calc".to_owned()),
    }
}

/// A scheme of which two base addresses are given.
fn given_twice(addresses: &[String]) -> Option<String> {
    let scheme = |address: &String| Address::of(address).scheme().map(str::to_ascii_lowercase);
    let all: Vec<String> = addresses.iter().filter_map(scheme).collect();
    all.iter().enumerate().find(|(i, scheme)| all[..*i].contains(*scheme)).map(|(_, s)| s.clone())
}

/// Looks at a file; its services get the base addresses, and the sections that stand in files of
/// their own are read from its folder.
fn check(file: &Path, base_addresses: &[String]) -> Checked {
    let name = file.display().to_string();
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let beside = ConfigurationFile::beside(folder.clone());
    let options = LoadOptions::named(&name).base_addresses(base_addresses).beside(&beside);
    let outcome = match read(file) {
        Ok(text) => {
            let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
            check_text(text, &options, &folder, &environment)
        }
        Err(why) => Outcome::Unread(why),
    };
    Checked { name, outcome }
}

fn check_text(
    text: String,
    options: &LoadOptions<'_>,
    folder: &Path,
    environment: &ProxyEnvironment,
) -> Outcome {
    let loaded = Configuration::load_with(&text, options);
    let explanations = if loaded.has_errors() {
        Vec::new()
    } else {
        loaded.configuration.explain_in(Some(environment))
    };
    let check = Box::new(FileCheck::of(loaded, folder, Clock::system().wall()));
    Outcome::Read { text, check, explanations }
}

/// The text of a file, or why there is none.
fn read(file: &Path) -> Result<String, String> {
    // One byte more than is allowed tells a file that is too large.
    let most = MAX_FILE_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|f| f.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes, the limit of a configuration"));
    }
    decode(&bytes).map_err(|error| error.to_string())
}
