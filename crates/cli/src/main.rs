//! The `waxwing` program.

// Programs read files and clocks; see clippy.toml for what the pure crates may not.
#![allow(clippy::disallowed_methods)]

mod check;
mod demo;
#[allow(dead_code, reason = "the commands on metadata are being built")]
mod print;
#[allow(dead_code, reason = "the commands on metadata are being built")]
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Secure reliable SOAP messaging with WCF services and clients.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the main job: a calculator service and a client in a secure reliable session, over a link that loses messages
    Demo(demo::Arguments),
    /// Checks configuration files, and says what good ones do on the wire
    Check(check::Arguments),
}

fn main() -> ExitCode {
    // WAXWING_LOG=debug shows everything, WAXWING_LOG=waxwing=info less.
    let filter = EnvFilter::try_from_env("WAXWING_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Program::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check(arguments) => check::run(arguments),
    }
}
