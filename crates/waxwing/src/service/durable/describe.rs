//! What a record of a service says, for people: never keys.

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_security::conversation::{Generation, SavedCaller, SavedContext};
use waxwing_session::{SavedSession, record};
use waxwing_store::{Kind, Record, StoredMessage};

use super::letters::Letter;
use super::octets::unframed;
use crate::store::Facts;

/// What the state of a record says.
pub(crate) fn describe_record(kept: &Record) -> Result<Facts, String> {
    let (endpoint, octets) = unframed(&kept.state).ok_or("it has another format")?;
    let mut facts: Facts = vec![("endpoint", endpoint.to_owned())];
    match kept.id.kind {
        Kind::Context => {
            let context = record::read_context(octets).map_err(|error| error.to_string())?;
            of_context(&context, &mut facts);
        }
        Kind::Sequence => {
            let session = record::read_session(octets).map_err(|error| error.to_string())?;
            of_session(&session, &mut facts);
        }
        Kind::DeadLetter => {
            let letter = Letter::read(kept).ok_or("another version has written it")?;
            facts.extend([
                ("session", letter.session.to_string()),
                ("number", letter.number.to_string()),
                ("action", letter.action),
                ("caller", letter.caller),
                ("given up", letter.at.to_string()),
                ("why", letter.reason.to_string()),
            ]);
        }
        _ => return Err("it is no record of a service".into()),
    }
    Ok(facts)
}

fn of_context(context: &SavedContext, facts: &mut Facts) {
    facts.push(("context", context.identifier.clone()));
    facts.push(("caller", caller(&context.caller)));
    for key in &context.keys {
        let generation = match key.generation {
            Generation::Current => "in use",
            Generation::Pending => "issued, not used yet",
            Generation::Former(_) => "replaced",
            Generation::First => "first",
        };
        facts.push((
            "key",
            format!("{generation}, from {} to {}", time(key.created), time(key.expires)),
        ));
    }
}

fn caller(caller: &SavedCaller) -> String {
    match caller {
        SavedCaller::Anonymous => "anonymous".into(),
        SavedCaller::UserName(name) => format!("the user {name}"),
        SavedCaller::Certificate(der) => match Certificate::from_der(der) {
            Ok(certificate) => format!("the certificate of {}", certificate.subject_windows()),
            Err(error) => format!("a certificate that cannot be read: {error}"),
        },
    }
}

/// Of milliseconds of Unix time.
fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}

fn of_session(session: &SavedSession, facts: &mut Facts) {
    let saved = &session.reliable;
    facts.push(("sequence", saved.session.to_string()));
    if let Some(back) = &saved.back {
        facts.push(("replies in", back.to_string()));
    }
    facts.push(("client at", saved.reply_to.clone()));
    facts.push(("acknowledged", saved.received.to_string()));
    facts.push(("last reply", saved.last_reply.to_string()));
    let waiting: Vec<_> = saved.replies.iter().map(|reply| reply.request.to_string()).collect();
    if !waiting.is_empty() {
        facts.push(("replies that are not acknowledged", format!("to {}", waiting.join(", "))));
    }
    facts.push(("end", format!("{:?}", saved.end)));
    if saved.is_over {
        facts.push(("over", "it has ended as it should".into()));
    }
}

/// What a message of a service's record says, and the message as XML, if it has one.
pub(crate) fn describe_message(
    message: &StoredMessage,
) -> Result<(Facts, Option<Vec<u8>>), String> {
    let request = record::read_request(&message.body).map_err(|error| error.to_string())?;
    let facts = vec![("action", request.action().to_owned()), ("caller", request.caller().name())];
    Ok((facts, Some(request.envelope().to_bytes())))
}
