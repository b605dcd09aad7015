//! `waxwing store verify`: whether a store is whole.

use std::path::PathBuf;

use serde_json::json;
use waxwing_store::StoreError;
use waxwing_store::sqlite::admin::Verified;

use super::keys::Keys;
use super::{DONE, NOT_AS_IT_SHOULD_BE, open, words};
use crate::authority::Failure;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file of the store
    #[arg(value_name = "STORE")]
    store: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let whole = || -> Result<Verified, Failure> {
        Ok(open::with_keys(&arguments.store, &arguments.keys)?.verify()?)
    };
    let verified = match whole() {
        Err(error) => match error.downcast_ref::<StoreError>() {
            // That is what is asked.
            Some(StoreError::Unreadable(what)) => Verified {
                wrong: 1,
                problems: vec![format!("nothing in it can be read: {what}")],
                ..Verified::default()
            },
            _ => return Err(error),
        },
        Ok(verified) => verified,
    };
    if arguments.json {
        let value = json!({
            "records": verified.records,
            "messages": verified.messages,
            "wrong": verified.wrong,
            "problems": verified.problems,
        });
        println!("{value:#}");
    } else {
        for problem in &verified.problems {
            println!("wrong: {}", crate::print::line(&problem.to_string()));
        }
        if verified.wrong > verified.problems.len() as u64 {
            println!("and {} more", verified.wrong - verified.problems.len() as u64);
        }
        let records = words::count(verified.records, "record");
        let messages = words::count(verified.messages, "message");
        let found = match verified.wrong {
            0 => "the file is whole".to_owned(),
            wrong => words::count(wrong, "problem"),
        };
        println!("{records} and {messages} can be opened; {found}");
    }
    Ok(if verified.wrong == 0 { DONE } else { NOT_AS_IT_SHOULD_BE })
}
