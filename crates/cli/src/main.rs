//! The `waxwing` program.

// Programs read files and clocks; see clippy.toml for what the pure crates may not.
#![allow(clippy::disallowed_methods)]

mod authority;
mod call;
mod certs;
mod check;
mod demo;
mod ended;
mod export;
mod import;
mod inspect;
mod outbox;
mod pages;
mod password;
mod peer;
mod ping;
mod print;
mod source;
mod store;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Secure reliable SOAP messaging with WCF services and clients.
#[derive(Parser)]
#[command(name = "waxwing", version, arg_required_else_help = true)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the main job: a calculator service and a client in a secure reliable session, over a link that loses messages
    Demo(demo::Arguments),
    /// The demonstration's own processes
    #[command(hide = true)]
    DemoPart(demo::Part),
    /// Checks configuration files, and says what good ones do on the wire
    Check(check::Arguments),
    /// Says what a service offers, whether Waxwing can talk to it, and why not
    Inspect(inspect::Arguments),
    /// Writes what a service says of itself for others: WSDL and schemas as files, or OpenAPI
    Export(Box<export::Arguments>),
    /// Calls an operation of a service with JSON in and out, without code
    Call(Box<call::Arguments>),
    /// Says step by step whether a service can be talked to: name, connection, TLS, metadata, security, reliable session
    Ping(Box<ping::Arguments>),
    /// Writes a contract in Rust and a client.config from what a service says of itself
    Import(import::Arguments),
    /// Lists certificate stores, makes test certificates, converts .pfx files, shows what WCF would find
    Certs(certs::Arguments),
    /// Says what is in a store of durable sessions, verifies, compacts and exports it, seals it anew; dead letters
    Store(Box<store::Arguments>),
    /// Lists, shows, pauses and resumes the kept calls of a client, cancels them, and decides those in doubt
    Outbox(Box<outbox::Arguments>),
    /// Prints completions for a shell
    Completions(pages::Completions),
    /// Prints the manual page, or writes that of every command
    Man(pages::Man),
}

/// Wrong arguments of every command but these, whose codes are older: 2 there.
const WRONG_USAGE: u8 = 64;
const OLDER: [&str; 2] = ["check", "demo"];

fn main() -> ExitCode {
    // WAXWING_LOG=debug shows everything, WAXWING_LOG=waxwing=info less.
    let filter = EnvFilter::try_from_env("WAXWING_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return usage(&error),
    };
    match program.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::DemoPart(part) => demo::run_part(&part),
        Command::Check(arguments) => check::run(arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Call(arguments) => call::run(&arguments),
        Command::Ping(arguments) => ping::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Certs(arguments) => certs::run(arguments),
        Command::Store(arguments) => store::run(&arguments),
        Command::Outbox(arguments) => outbox::run(&arguments),
        Command::Completions(arguments) => pages::completions(&arguments),
        Command::Man(arguments) => pages::man(&arguments),
    }
}

/// Help and version are no mistakes; wrong arguments have a code of their own.
fn usage(error: &clap::Error) -> ExitCode {
    // Whoever reads has read enough (`waxwing --help | head`).
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ if std::env::args().nth(1).is_some_and(|name| OLDER.contains(&name.as_str())) => {
            ExitCode::from(2)
        }
        _ => ExitCode::from(WRONG_USAGE),
    }
}
