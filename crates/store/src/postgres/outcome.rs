//! What became of the units of a batch, and why of those that were not done.

use std::collections::HashSet;

use tokio_postgres::{Client, Error, Row};

use super::batch::{Action, Batch, Entry};
use super::sql::{number, said};
use crate::error::StoreError;
use crate::model::RecordId;
use crate::store::Outcome;

/// What became of each entry of a batch.
pub(super) struct Answers {
    pub(super) outcomes: Vec<Outcome>,
    /// Records that were there and are gone.
    pub(super) removed: HashSet<RecordId>,
    /// Octets of states and messages that are gone.
    pub(super) gone: i64,
    taken: Vec<Option<(i32, i64)>>,
    done: Vec<bool>,
}

fn unknown() -> Outcome {
    Outcome::Unknown(StoreError::Unavailable(
        "PostgreSQL did not say why a unit was not done".into(),
    ))
}

impl Answers {
    pub(super) fn of(rows: &[Row], entries: usize) -> Self {
        let mut answers = Self {
            outcomes: vec![Outcome::Done; entries],
            removed: HashSet::new(),
            gone: 0,
            taken: vec![None; entries],
            done: vec![false; entries],
        };
        for row in rows {
            let (ord, what, seq, number): (i32, i32, i32, i64) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            let at = usize::try_from(ord).unwrap_or(usize::MAX);
            if what == said::GONE {
                answers.gone += number;
            } else if what == said::DONE
                && let Some(done) = answers.done.get_mut(at)
            {
                *done = true;
            } else if what == said::TAKEN
                && let Some(taken) = answers.taken.get_mut(at)
            {
                let found = (seq, number);
                *taken = Some(taken.map_or(found, |before| before.min(found)));
            }
        }
        answers
    }

    /// Whether something was not done. What was removed is noted.
    pub(super) fn has_open(&mut self, batch: &Batch) -> bool {
        for ((done, entry), outcome) in self.done.iter().zip(&batch.entries).zip(&mut self.outcomes)
        {
            if !done {
                *outcome = unknown();
            } else if entry.action == Action::Remove {
                self.removed.insert(entry.record.clone());
            }
        }
        self.done.iter().any(|done| !done)
    }
}

/// Asks why units were not done. Nothing of them was written, whatever the answer.
pub(super) async fn ask_why(
    client: &Client,
    schema: &str,
    owner: i64,
    batch: &Batch,
    answers: &mut Answers,
) -> Result<(), Error> {
    let open: Vec<_> = (0..batch.entries.len()).filter(|at| !answers.done[*at]).collect();
    let sql = format!(
        "SELECT i.ord, g.owner, g.epoch, r.version FROM unnest($1::int4[], $2::text[], $3::int2[], $4::text[]) \
         AS i(ord, grp, kind, name) LEFT JOIN {schema}.groups g ON g.grp = i.grp \
         LEFT JOIN {schema}.records r ON r.grp = i.grp AND r.kind = i.kind AND r.name = i.name"
    );
    let of = |at: &usize| &batch.entries[*at];
    let ords: Vec<_> = open.iter().map(|at| *at as i32).collect();
    let groups: Vec<_> = open.iter().map(|at| of(at).record.group.as_str()).collect();
    let kinds: Vec<_> = open.iter().map(|at| of(at).record.kind as i16).collect();
    let names: Vec<_> = open.iter().map(|at| of(at).record.name.as_str()).collect();
    for row in client.query(&sql, &[&ords, &groups, &kinds, &names]).await? {
        let at = usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX);
        let Some(entry) = batch.entries.get(at) else { continue };
        let held: Option<(i64, i64)> = row.get::<_, Option<i64>>(1).zip(row.get(2));
        answers.outcomes[at] = judge(entry, owner, held, row.get(3), answers.taken[at]);
    }
    Ok(())
}

/// Why: the group is somebody else's; else the record is not at the version before; else a name is taken.
fn judge(
    entry: &Entry,
    owner: i64,
    held: Option<(i64, i64)>,
    version: Option<i64>,
    taken: Option<(i32, i64)>,
) -> Outcome {
    let epoch = number(entry.epoch.0);
    let mine = match held {
        Some(held) => held == (owner, epoch),
        None => entry.begins_group,
    };
    if !mine {
        return Outcome::Fenced;
    }
    let follows = match &entry.action {
        Action::Create(..) => version.is_none(),
        Action::Write(from, ..) => version == Some(number(from.0)),
        Action::Keep => version.is_some(),
        // What is gone is gone.
        Action::Remove => return Outcome::Done,
        Action::Release => return Outcome::Fenced,
    };
    match taken {
        Some((_, number)) if follows => Outcome::Exists(number.unsigned_abs()),
        // Somebody else was in between.
        _ => Outcome::Stale,
    }
}
