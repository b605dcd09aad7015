//! The one statement of a batch: every unit in it is written or not, and the answer says which. It has only the parts that the
//! batch needs, so that the usual one (states written, messages put and removed) is small.
//!
//! Where nodes meet:
//! * A unit finds its record under owner and epoch of its author. A claim writes both into every record of the group; whichever
//!   comes second waits for the row and then sees what the first one has made of it.
//! * Who begins or ends a record locks the row of the group, under owner and epoch. A claim changes that first and looks for
//!   records afterwards, in a statement of its own, so that it misses none.
//! * A name that is taken is seen beforehand and stops its unit alone. One that two nodes take at once makes the statement of
//!   the second one fail; it is done again and sees the name.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::types::{Timestamp as SqlTime, ToSql};

use super::batch::{Action, Batch, Entry};
use super::sealer::Sealer;
use crate::error::StoreError;
use crate::model::StoredMessage;

type Parameter<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The parts of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    write: bool,
    keep: bool,
    create: bool,
    remove: bool,
    release: bool,
    messages: bool,
    named: bool,
    names: bool,
}

/// What an answer's row says.
pub(super) mod said {
    /// The unit of the first column is done.
    pub(crate) const DONE: i32 = 0;
    /// A name of it is taken: by which change (-1: of the group), by the message of which number.
    pub(crate) const TAKEN: i32 = 1;
    /// So many octets of messages are gone.
    pub(crate) const GONE: i32 = 2;
}

/// Puts a statement together: `#1` in a part is its first parameter.
struct Text<'a> {
    schema: &'a str,
    text: String,
    parameters: usize,
}

impl Text<'_> {
    fn part(&mut self, sql: &str, parameters: usize) {
        let mut sql = sql.replace("@.", &format!("{}.", self.schema));
        for n in (1..=parameters).rev() {
            sql = sql.replace(&format!("#{n}"), &format!("${}", self.parameters + n));
        }
        self.parameters += parameters;
        self.text.push_str(if self.text.is_empty() { "WITH " } else { ", " });
        self.text.push_str(&sql);
    }
}

const NAMES: &str = "na AS MATERIALIZED (SELECT * FROM unnest(#1::int4[], #2::text[], #3::text[], #4::int4[]) AS i(ord, grp, name, net)), \
    taken_names AS MATERIALIZED (SELECT na.ord, -1 AS seq, 0::int8 AS number FROM na JOIN @.names n ON n.name = na.name \
      WHERE na.net < 2 AND n.grp <> na.grp)";
const NAMED: &str = "q AS MATERIALIZED (SELECT * FROM unnest(#1::int4[], #2::int4[], #3::text[], #4::int2[], #5::text[], #6::int2[], #7::text[], #8::int8[]) \
      AS i(ord, seq, grp, kind, record, queue, name, number)), \
    t AS MATERIALIZED (SELECT * FROM unnest(#9::int4[], #10::int4[], #11::int2[], #12::int8[]) AS i(ord, seq, queue, number)), \
    taken_messages AS MATERIALIZED (SELECT q.ord, q.seq, m.number FROM q \
      JOIN @.records r ON r.grp = q.grp AND r.kind = q.kind AND r.name = q.record \
      JOIN @.messages m ON m.record = r.id AND m.queue = q.queue AND m.name = q.name \
      WHERE m.number <> q.number AND NOT EXISTS (SELECT 1 FROM t WHERE t.ord = q.ord AND t.queue = m.queue AND t.number = m.number AND t.seq < q.seq) \
      UNION ALL SELECT * FROM unnest(#13::int4[], #14::int4[], #15::int8[]))";
const WRITE: &str = "w AS (UPDATE @.records r SET version = coalesce(i.next, r.version), state = coalesce(i.state, r.state), \
      key_id = coalesce(i.key_id, r.key_id), expires_at = coalesce(i.expires_at, r.expires_at), slot = coalesce(i.slot, r.slot) \
      FROM unnest(#1::int4[], #2::text[], #3::int2[], #4::text[], #5::int8[], #6::int8[], #7::int8[], #8::timestamptz[], #9::int8[], #10::bytea[], #11::bytea[]) \
      AS i(ord, grp, kind, name, epoch, version, next, expires_at, slot, key_id, state) \
      WHERE r.grp = i.grp AND r.kind = i.kind AND r.name = i.name AND r.owner = $1 AND r.epoch = i.epoch \
      AND r.version = coalesce(i.version, r.version)%FREE% RETURNING i.ord, r.id)";
const KEEP: &str = "k AS MATERIALIZED (SELECT i.ord, r.id FROM unnest(#1::int4[], #2::text[], #3::int2[], #4::text[], #5::int8[]) \
      AS i(ord, grp, kind, name, epoch) JOIN @.records r ON r.grp = i.grp AND r.kind = i.kind AND r.name = i.name \
      WHERE r.owner = $1 AND r.epoch = i.epoch%FREE% FOR NO KEY UPDATE OF r)";
const CREATE: &str = "ci AS MATERIALIZED (SELECT * FROM unnest(#1::int4[], #2::text[], #3::int2[], #4::text[], #5::int8[], #6::int8[], #7::timestamptz[], #8::int8[], #9::bytea[], #10::bytea[], #11::bool[]) \
      AS i(ord, grp, kind, name, epoch, next, expires_at, slot, key_id, state, begins) WHERE true%FREE%), \
    begun AS (INSERT INTO @.groups (grp, owner, epoch) SELECT DISTINCT grp, $1::int8, 1 FROM ci WHERE begins \
      ON CONFLICT (grp) DO NOTHING RETURNING grp), \
    held AS MATERIALIZED (SELECT g.grp FROM @.groups g JOIN (SELECT DISTINCT grp, epoch FROM ci) c ON c.grp = g.grp \
      WHERE g.owner = $1 AND g.epoch = c.epoch FOR NO KEY UPDATE OF g), \
    made AS (INSERT INTO @.records (grp, kind, name, owner, epoch, version, expires_at, slot, key_id, state) \
      SELECT ci.grp, ci.kind, ci.name, $1, ci.epoch, ci.next, ci.expires_at, ci.slot, ci.key_id, ci.state \
      FROM ci WHERE ci.grp IN (SELECT grp FROM begun UNION ALL SELECT grp FROM held) \
      ON CONFLICT (grp, kind, name) DO NOTHING RETURNING grp, kind, name, id), \
    c AS MATERIALIZED (SELECT ci.ord, made.id FROM made JOIN ci ON ci.grp = made.grp AND ci.kind = made.kind AND ci.name = made.name)";
const REMOVE: &str = "ri AS MATERIALIZED (SELECT * FROM unnest(#1::int4[], #2::text[], #3::int2[], #4::text[], #5::int8[]) AS i(ord, grp, kind, name, epoch)), \
    ending AS MATERIALIZED (SELECT g.grp FROM @.groups g JOIN (SELECT DISTINCT grp, epoch FROM ri) c ON c.grp = g.grp \
      WHERE g.owner = $1 AND g.epoch = c.epoch FOR UPDATE OF g), \
    r AS (DELETE FROM @.records o USING ri JOIN ending ON ending.grp = ri.grp \
      WHERE o.grp = ri.grp AND o.kind = ri.kind AND o.name = ri.name AND o.owner = $1 AND o.epoch = ri.epoch \
      RETURNING ri.ord, o.id, o.grp, octet_length(o.state) AS n), \
    rm AS (DELETE FROM @.messages m USING r WHERE m.record = r.id RETURNING octet_length(m.body) AS n), \
    rn AS (DELETE FROM @.names n USING r WHERE n.record = r.id), \
    rg AS (DELETE FROM @.groups g USING (SELECT DISTINCT grp FROM r) x WHERE g.grp = x.grp AND NOT EXISTS \
      (SELECT 1 FROM @.records o WHERE o.grp = x.grp AND NOT EXISTS (SELECT 1 FROM r WHERE r.id = o.id)))";
const RELEASE: &str = "l AS (UPDATE @.groups g SET owner = 0 FROM unnest(#1::int4[], #2::text[], #3::int8[]) AS i(ord, grp, epoch) \
      WHERE g.grp = i.grp AND g.owner = $1 AND g.epoch = i.epoch RETURNING i.ord, g.grp), \
    lr AS (UPDATE @.records r SET owner = 0 FROM l WHERE r.grp = l.grp AND r.owner = $1)";
const MESSAGES: &str = "gone AS (DELETE FROM @.messages m USING unnest(#1::int4[], #2::int2[], #3::int8[]) AS d(ord, queue, number) JOIN ok ON ok.ord = d.ord \
      WHERE m.record = ok.id AND m.queue = d.queue AND m.number = d.number RETURNING octet_length(m.body) AS n), \
    put AS (INSERT INTO @.messages (record, queue, number, name, body) SELECT ok.id, p.queue, p.number, p.name, p.body \
      FROM unnest(#4::int4[], #5::int2[], #6::int8[], #7::text[], #8::bytea[]) AS p(ord, queue, number, name, body) JOIN ok ON ok.ord = p.ord \
      WHERE (SELECT count(*) FROM gone) >= 0 \
      ON CONFLICT (record, queue, number) DO UPDATE SET name = EXCLUDED.name, body = EXCLUDED.body)";
// A name of another group that was not seen beforehand violates NOT NULL: the statement fails, and is done again.
const RENAME: &str = "nr AS (DELETE FROM @.names n USING na JOIN ok ON ok.ord = na.ord WHERE na.net = 2 AND n.name = na.name AND n.grp = na.grp), \
    nw AS (INSERT INTO @.names (name, grp, record) SELECT na.name, na.grp, ok.id FROM na JOIN ok ON ok.ord = na.ord WHERE na.net = 1 \
      ON CONFLICT (name) DO UPDATE SET record = EXCLUDED.record, grp = CASE WHEN names.grp = EXCLUDED.grp THEN names.grp END)";

impl Parts {
    fn of(batch: &Batch) -> Self {
        let mut parts = Self::default();
        for entry in &batch.entries {
            match entry.action {
                Action::Create(..) => parts.create = true,
                Action::Write(..) => parts.write = true,
                Action::Keep if entry.expires_at.is_some() => parts.write = true,
                Action::Keep => parts.keep = true,
                Action::Remove => parts.remove = true,
                Action::Release => parts.release = true,
            }
            parts.messages |= !entry.messages.last.is_empty();
            parts.named |= is_named(entry);
            parts.names |= !entry.names.is_empty();
        }
        parts
    }

    /// The statement, with the tables of a schema.
    pub(super) fn text(self, schema: &str) -> String {
        let mut text = Text { schema, text: String::new(), parameters: 1 };
        let mut taken = Vec::new();
        if self.names {
            text.part(NAMES, 4);
            taken.push("taken_names");
        }
        if self.named {
            text.part(NAMED, 15);
            taken.push("taken_messages");
        }
        let free = taken.iter().map(|from| format!(" AND i.ord NOT IN (SELECT ord FROM {from})"));
        let free: String = free.collect();
        let mut ok = Vec::new();
        let kinds = [
            (self.write, WRITE, 11, "w"),
            (self.keep, KEEP, 5, "k"),
            (self.create, CREATE, 11, "c"),
        ];
        for (_, sql, parameters, name) in kinds.into_iter().filter(|(there, ..)| *there) {
            text.part(&sql.replace("%FREE%", &free), parameters);
            ok.push(name);
        }
        let all = |names: &[&str]| {
            let rows = names.iter().map(|name| format!("SELECT ord, id FROM {name}"));
            rows.collect::<Vec<_>>().join(" UNION ALL ")
        };
        if !ok.is_empty() {
            text.part(&format!("ok AS MATERIALIZED ({})", all(&ok)), 0);
        }
        let mut answers = Vec::new();
        let done = |name: &str| format!("SELECT ord, {}, 0::int4, 0::int8 FROM {name}", said::DONE);
        let gone = |name: &str| {
            format!(
                "SELECT 0::int4, {}, 0::int4, coalesce(sum(n), 0)::int8 FROM {name}",
                said::GONE
            )
        };
        if !ok.is_empty() {
            answers.push(done("ok"));
        }
        if self.remove {
            text.part(REMOVE, 5);
            answers.extend([done("r"), gone("r"), gone("rm")]);
        }
        if self.release {
            text.part(RELEASE, 3);
            answers.push(done("l"));
        }
        if self.messages {
            text.part(MESSAGES, 8);
            answers.push(gone("gone"));
        }
        if self.names {
            text.part(RENAME, 0);
        }
        let taken = taken
            .iter()
            .map(|from| format!("SELECT ord, {}, seq, number FROM {from}", said::TAKEN));
        answers.extend(taken);
        format!("{} {}", text.text, answers.join(" UNION ALL "))
    }
}

/// Whether names of messages are to be looked at.
fn is_named(entry: &Entry) -> bool {
    !entry.messages.named.is_empty() || entry.messages.twice.is_some()
}

/// Columns of a part.
macro_rules! columns {
    ($parameters:ident, $rows:expr, |$row:pat_param| [$($column:expr),* $(,)?]) => {{
        let rows = $rows;
        $(
            // Each column uses some of a row.
            #[allow(unused_variables)]
            let column = rows.iter().map(|$row| $column).collect::<Vec<_>>();
            $parameters.push(Box::new(column));
        )*
    }};
}

/// What goes into the parameters of a state.
struct State<'a> {
    ord: i32,
    entry: &'a Entry,
    from: Option<i64>,
    to: Option<i64>,
    expires_at: Option<SqlTime<SystemTime>>,
    slot: Option<i64>,
    sealed: Option<Vec<u8>>,
}

/// A batch as a statement: its parts, and their parameters.
pub(super) struct Bound<'a> {
    pub(super) parts: Parts,
    parameters: Vec<Parameter<'a>>,
}

impl<'a> Bound<'a> {
    /// Seals what is written.
    pub(super) fn of(
        batch: &'a Batch,
        owner: &'a i64,
        sealer: &Sealer,
    ) -> Result<Self, StoreError> {
        let parts = Parts::of(batch);
        let mut parameters: Vec<Parameter<'a>> = vec![Box::new(*owner)];
        let entries: Vec<_> =
            batch.entries.iter().zip(0..).map(|(entry, ord)| (ord, entry)).collect();
        if parts.names {
            names(&entries, &mut parameters);
        }
        if parts.named {
            named(&entries, &mut parameters);
        }
        states(parts, &entries, sealer, &mut parameters)?;
        if parts.remove {
            let gone = of_action(&entries, |action| matches!(action, Action::Remove));
            ids(&gone, &mut parameters);
        }
        if parts.release {
            let given = of_action(&entries, |action| matches!(action, Action::Release));
            columns!(parameters, given, |(ord, entry)| [
                *ord,
                entry.record.group.as_str(),
                number(entry.epoch.0)
            ]);
        }
        if parts.messages {
            messages(&entries, sealer, &mut parameters)?;
        }
        Ok(Self { parts, parameters })
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
    }
}

type Entries<'a> = [(i32, &'a Entry)];

fn of_action<'a>(entries: &Entries<'a>, which: impl Fn(&Action) -> bool) -> Vec<(i32, &'a Entry)> {
    entries.iter().filter(|(_, entry)| which(&entry.action)).copied().collect()
}

/// Numbers were checked before they got here (`limits`).
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn time(at: Timestamp) -> SqlTime<SystemTime> {
    match SystemTime::try_from(at) {
        Ok(at_or_before) if at < Timestamp::MAX => SqlTime::Value(at_or_before),
        _ => SqlTime::PosInfinity,
    }
}

/// The quarter of an hour.
pub(super) fn slot(at: Timestamp) -> i64 {
    if at == Timestamp::MAX { i64::MAX } else { at.as_second().div_euclid(900) }
}

fn ids<'a>(entries: &Entries<'a>, parameters: &mut Vec<Parameter<'a>>) {
    columns!(parameters, entries, |(ord, entry)| [
        *ord,
        entry.record.group.as_str(),
        entry.record.kind as i16,
        entry.record.name.as_str(),
        number(entry.epoch.0),
    ]);
}

fn names<'a>(entries: &Entries<'a>, parameters: &mut Vec<Parameter<'a>>) {
    let mut rows = Vec::new();
    for (ord, entry) in entries {
        for (name, adds) in &entry.names {
            // One that is added and removed again is looked at, and removed.
            let group = entry.record.group.as_str();
            if *adds || entry.added.contains(name) {
                rows.push((*ord, group, name.as_str(), i32::from(*adds)));
            }
            if !*adds {
                rows.push((*ord, group, name.as_str(), 2));
            }
        }
    }
    columns!(parameters, rows, |(ord, group, name, net)| [*ord, *group, *name, *net]);
}

fn named<'a>(entries: &Entries<'a>, parameters: &mut Vec<Parameter<'a>>) {
    let of: Vec<_> = entries.iter().filter(|(_, entry)| is_named(entry)).copied().collect();
    let mut given = Vec::new();
    for (ord, entry) in &of {
        let all = entry.messages.named.iter();
        given.extend(
            all.map(|(seq, queue, name, number)| (*ord, *entry, *seq, *queue, name, *number)),
        );
    }
    columns!(parameters, given, |(ord, entry, seq, queue, name, of)| [
        *ord,
        *seq,
        entry.record.group.as_str(),
        entry.record.kind as i16,
        entry.record.name.as_str(),
        *queue as i16,
        name.as_str(),
        number(*of),
    ]);
    let mut touched = Vec::new();
    for (ord, entry) in &of {
        let all = entry.messages.touched.iter();
        touched.extend(all.map(|((queue, number), seq)| (*ord, *seq, *queue, *number)));
    }
    columns!(parameters, touched, |(ord, seq, queue, of)| [*ord, *seq, *queue as i16, number(*of)]);
    let twice =
        of.iter().filter_map(|(ord, entry)| entry.messages.twice.map(|(seq, n)| (*ord, seq, n)));
    let twice: Vec<_> = twice.collect();
    columns!(parameters, twice, |(ord, seq, of)| [*ord, *seq, number(*of)]);
}

fn states<'a>(
    parts: Parts,
    entries: &Entries<'a>,
    sealer: &Sealer,
    parameters: &mut Vec<Parameter<'a>>,
) -> Result<(), StoreError> {
    let (mut writes, mut creates, mut keeps) = (Vec::new(), Vec::new(), Vec::new());
    for (ord, entry) in entries {
        let (ord, entry) = (*ord, *entry);
        let seal = |version, state| sealer.state(&entry.record, version, state).map(Some);
        let (from, to, sealed, rows) = match &entry.action {
            Action::Create(to, state) => (None, Some(to), seal(*to, state)?, &mut creates),
            Action::Write(from, to, state) => {
                (Some(from), Some(to), seal(*to, state)?, &mut writes)
            }
            Action::Keep if entry.expires_at.is_some() => (None, None, None, &mut writes),
            Action::Keep => {
                keeps.push((ord, entry));
                continue;
            }
            Action::Remove | Action::Release => continue,
        };
        let begins = matches!(entry.action, Action::Create(..));
        let expires_at = entry.expires_at.or(begins.then_some(Timestamp::MAX));
        rows.push(State {
            ord,
            entry,
            from: from.map(|version| number(version.0)),
            to: to.map(|version| number(version.0)),
            expires_at: expires_at.map(time),
            slot: expires_at.map(slot),
            sealed,
        });
    }
    if parts.write {
        let which: Vec<_> = writes.iter().map(|state| (state.ord, state.entry)).collect();
        ids(&which, parameters);
        columns!(parameters, &writes, |state| [state.from, state.to, state.expires_at, state.slot]);
        sealed(sealer, writes, parameters);
    }
    if parts.keep {
        ids(&keeps, parameters);
    }
    if parts.create {
        let which: Vec<_> = creates.iter().map(|state| (state.ord, state.entry)).collect();
        ids(&which, parameters);
        columns!(parameters, &creates, |state| [state.to, state.expires_at, state.slot]);
        sealed(sealer, creates, parameters);
        columns!(parameters, which, |(_, entry)| [entry.begins_group]);
    }
    Ok(())
}

fn sealed<'a>(sealer: &Sealer, states: Vec<State<'a>>, parameters: &mut Vec<Parameter<'a>>) {
    let key = sealer.key();
    let keys: Vec<_> =
        states.iter().map(|state| state.sealed.as_ref().and_then(|_| key.clone())).collect();
    parameters.push(Box::new(keys));
    let states: Vec<_> = states.into_iter().map(|state| state.sealed).collect();
    parameters.push(Box::new(states));
}

fn messages<'a>(
    entries: &Entries<'a>,
    sealer: &Sealer,
    parameters: &mut Vec<Parameter<'a>>,
) -> Result<(), StoreError> {
    let (mut gone, mut puts) = (Vec::new(), Vec::new());
    for (ord, entry) in entries {
        let named = is_named(entry);
        // In the order of the changes that made them what they are is not needed: where names matter all that was touched
        // goes first.
        for ((queue, of), last) in &entry.messages.last {
            if named || last.is_none() {
                gone.push((*ord, *queue, number(*of)));
            }
            if let Some(message) = last {
                puts.push((*ord, message, sealer.message(&entry.record, message)?));
            }
        }
    }
    columns!(parameters, gone, |(ord, queue, of)| [*ord, *queue as i16, *of]);
    columns!(parameters, &puts, |(ord, message, _)| [
        *ord,
        message.queue as i16,
        number(message.number),
        name(message)
    ]);
    let bodies: Vec<_> = puts.into_iter().map(|(_, _, sealed)| sealed).collect();
    parameters.push(Box::new(bodies));
    Ok(())
}

fn name(message: &StoredMessage) -> Option<&str> {
    message.name.as_ref().map(|name| name.as_str())
}
