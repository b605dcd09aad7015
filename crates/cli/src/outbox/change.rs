//! `waxwing outbox pause`, `resume`, `cancel` and `resolve`: what a person decides while no program has the outbox.

use std::path::PathBuf;
use std::sync::Arc;

use waxwing::kept::OutboxDesk;
use waxwing::outbox::{Decision, OutboxError};
use waxwing::soap::Envelope;

use super::{DONE, NOT_SO, Place, no_such_outbox};
use crate::authority::Failure;
use crate::print::line;
use crate::store::place::{Access, Open};

/// Which outbox.
#[derive(clap::Args)]
pub(super) struct Which {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    access: Access,
}

/// Which call.
#[derive(clap::Args)]
pub(super) struct Call {
    #[command(flatten)]
    place: Place,
    /// The key of the call
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    access: Access,
}

/// What `resolve` takes.
#[derive(clap::Args)]
pub(super) struct Resolve {
    #[command(flatten)]
    call: Call,
    #[command(flatten)]
    decision: Words,
}

/// What became of it.
#[derive(clap::Args)]
#[group(required = true)]
struct Words {
    /// The service has not executed it: it is delivered in a new session, at its place
    #[arg(long, conflicts_with_all = ["delivered", "answer", "give_up"])]
    send_again: bool,
    /// The service has executed it; with --answer its result is known, too
    #[arg(long, conflicts_with = "give_up")]
    delivered: bool,
    /// The answer of the service, a SOAP envelope in a file: whoever asks for the result gets it
    #[arg(long, value_name = "FILE", requires = "delivered")]
    answer: Option<PathBuf>,
    /// Nobody will know, and it is not delivered any more; whoever asks for the result is told this reason
    #[arg(long, value_name = "REASON")]
    give_up: Option<String>,
}

/// What is done, in words for afterwards.
type Done = Result<&'static str, OutboxError>;

/// Does something with an outbox, and gives it back.
fn with(
    place: &Place,
    access: &Access,
    change: impl AsyncFnOnce(&mut OutboxDesk) -> Done,
) -> Result<u8, Failure> {
    let Open { store, runtime } = access.open(&place.store)?;
    let done = runtime.block_on(async {
        let opened = OutboxDesk::open(Arc::clone(&store), &place.outbox).await;
        let done = match opened {
            Ok(Some(mut desk)) => {
                let done = change(&mut desk).await;
                desk.close().await;
                done.map(Some)
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        store.close().await;
        done
    });
    match done {
        Ok(Some(text)) => {
            println!("{text}");
            Ok(DONE)
        }
        Ok(None) => no_such_outbox(access, &place.store, &place.outbox),
        Err(
            error @ (OutboxError::NoSuchKey { .. }
            | OutboxError::State { .. }
            | OutboxError::NotInDoubt { .. }),
        ) => {
            eprintln!("error: {}", line(&error.to_string()));
            Ok(NOT_SO)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn pause(which: &Which) -> Result<u8, Failure> {
    with(&which.place, &which.access, async |desk| {
        desk.pause().await?;
        Ok("paused: nothing new is sent until it is resumed; what has a number is finished")
    })
}

pub(super) fn resume(which: &Which) -> Result<u8, Failure> {
    with(&which.place, &which.access, async |desk| {
        desk.resume().await?;
        Ok("resumed: it goes on when its program opens it")
    })
}

pub(super) fn cancel(call: &Call) -> Result<u8, Failure> {
    with(&call.place, &call.access, async |desk| {
        desk.cancel(&call.key).await?;
        Ok("cancelled: it is not delivered")
    })
}

pub(super) fn resolve(arguments: &Resolve) -> Result<u8, Failure> {
    let Resolve { call, decision: Words { send_again, delivered, answer, give_up } } = arguments;
    let (decision, text) = match give_up {
        _ if *send_again => {
            (Decision::SendAgain, "it is delivered again when its program opens the outbox")
        }
        _ if *delivered => {
            let answer = answer.as_ref().map(read).transpose()?;
            (Decision::Delivered(answer), "it counts as delivered")
        }
        Some(why) => (Decision::GiveUp(why.clone()), "it is given up"),
        None => return Err("say what became of it: --send-again, --delivered or --give-up".into()),
    };
    with(&call.place, &call.access, async |desk| {
        desk.resolve(&call.key, decision).await?;
        Ok(text)
    })
}

/// An answer of a file.
fn read(path: &PathBuf) -> Result<Envelope, Failure> {
    let octets = std::fs::read(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Envelope::parse(octets, &waxwing::xml::Limits::default())
        .map_err(|error| format!("{} is no SOAP envelope: {error}", path.display()).into())
}
