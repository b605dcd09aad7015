//! Words for kinds, queues, owners, sizes and times.

use waxwing::jiff::Timestamp;
use waxwing_store::sqlite::admin::Owner;
use waxwing_store::{Kind, Queue};

/// Kinds as arguments and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum KindWord {
    /// Security contexts of a service
    Context,
    /// Reliable sessions of a service
    Sequence,
    /// Outboxes of a client
    Outbox,
    /// Messages that a service has given up
    DeadLetter,
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Context => Self::Context,
            KindWord::Sequence => Self::Sequence,
            KindWord::Outbox => Self::Outbox,
            KindWord::DeadLetter => Self::DeadLetter,
        }
    }
}

/// For JSON and tables.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Context => "context",
        Kind::Sequence => "sequence",
        Kind::Outbox => "outbox",
        Kind::DeadLetter => "dead-letter",
        _ => "other",
    }
}

/// What it is, for people.
pub(crate) fn kinds(kind: Kind) -> &'static str {
    match kind {
        Kind::Context => "security contexts",
        Kind::Sequence => "reliable sessions of a service",
        Kind::Outbox => "outboxes of a client",
        Kind::DeadLetter => "dead letters of a service",
        _ => "others",
    }
}

/// For JSON and tables.
pub(crate) fn queue(queue: Queue) -> &'static str {
    match queue {
        Queue::Received => "received",
        Queue::Outgoing => "outgoing",
        Queue::Results => "results",
        Queue::DeadLetters => "dead-letters",
        Queue::Begun => "begun",
        _ => "other",
    }
}

/// What is in it, for people.
pub(crate) fn queues(queue: Queue) -> &'static str {
    match queue {
        Queue::Received => "received and not executed",
        Queue::Outgoing => "to be delivered",
        Queue::Results => "results, and keys of results that were taken",
        Queue::DeadLetters => "given up, or in doubt",
        Queue::Begun => "marks of calls that were begun",
        _ => "others",
    }
}

pub(crate) fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Last => "last-process",
        Owner::Former => "former-process",
        Owner::Nobody => "nobody",
    }
}

/// So many of something.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Octets for people.
pub(crate) fn octets(octets: u64) -> String {
    let mut size = octets as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            let decimals = usize::from(unit != "B" && size < 10.0);
            return format!("{size:.decimals$} {unit}");
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// How long from now on, for people.
pub(crate) fn until(at: Timestamp, now: Timestamp) -> String {
    if at == Timestamp::MAX {
        return "never".into();
    }
    let seconds = at.as_second() - now.as_second();
    let left = seconds.unsigned_abs();
    let span = match left {
        0..=119 => format!("{left} s"),
        120..=7_199 => format!("{} min", left / 60),
        7_200..=172_799 => format!("{} h", left / 3_600),
        _ => format!("{} days", left / 86_400),
    };
    if seconds < 0 { format!("{span} ago") } else { format!("in {span}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_for_people() {
        assert_eq!((octets(0), octets(999)), ("0 B".into(), "999 B".into()));
        assert_eq!((octets(2_345), octets(45_000)), ("2.3 kB".into(), "45 kB".into()));
        assert_eq!((octets(4_294_967_296), octets(5 << 40)), ("4.3 GB".into(), "5.5 TB".into()));
        assert_eq!((count(1, "key"), count(2, "key")), ("1 key".into(), "2 keys".into()));
        let now = Timestamp::from_second(1_000_000).unwrap();
        let at = |seconds: i64| until(Timestamp::from_second(1_000_000 + seconds).unwrap(), now);
        assert_eq!((at(90), at(-90)), ("in 90 s".into(), "90 s ago".into()));
        assert_eq!((at(600), at(36_000)), ("in 10 min".into(), "in 10 h".into()));
        assert_eq!(
            (at(900_000), until(Timestamp::MAX, now)),
            ("in 10 days".into(), "never".into())
        );
    }
}
