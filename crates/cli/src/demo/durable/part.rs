//! `waxwing demo-part`: the program in the role of a process that is killed. Not for people.

use std::path::PathBuf;
use std::process::ExitCode;

use super::client::{self, Task};
use super::service;
use super::stores::Place;

/// What the command takes.
#[derive(clap::Args)]
pub(crate) struct Part {
    #[command(subcommand)]
    role: Role,
}

#[derive(clap::Subcommand)]
enum Role {
    /// A node of the service
    Service {
        /// Where its files are
        #[arg(long)]
        folder: PathBuf,
        /// Which one
        #[arg(long, default_value_t = 0)]
        node: usize,
        #[command(flatten)]
        place: Place,
    },
    /// The client
    Client {
        /// Where its files are
        #[arg(long)]
        folder: PathBuf,
        #[command(flatten)]
        task: Task,
        #[command(flatten)]
        place: Place,
    },
}

/// A client ends when nobody is there who started it: its input ends then, however that one ended. (A service reads it itself.)
fn end_with_the_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        // Nobody hears the code.
        std::process::exit(0);
    });
}

/// Runs until it has nothing more to do, or nobody is there who started it.
pub(crate) fn run(part: &Part) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let went = match runtime {
        Err(error) => Err(error.into()),
        Ok(runtime) => runtime.block_on(async {
            match &part.role {
                Role::Service { folder, node, place } => service::serve(folder, *node, place).await,
                Role::Client { folder, task, place } => {
                    end_with_the_input();
                    client::call(folder, task, place).await
                }
            }
        }),
    };
    match went {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
