//! Everything as lines of JSON.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::params;

use super::look::SqliteFile;
use super::verify::{MESSAGES, STATES, Value};
use crate::error::StoreError;
use crate::sqlite::trouble::meaning;

type Result<T> = std::result::Result<T, StoreError>;

impl SqliteFile {
    /// Writes every state and message as a line of JSON, as of one moment; how many that were. First a line for the store, then
    /// one for each state, then one for each message:
    ///
    /// ```json
    /// {"store":"waxwing","format":1,"opened":false}
    /// {"group":"urn:uuid:…","kind":2,"name":"","version":7,"expires":1767225600000000,"epoch":1,"names":["urn:uuid:…"],"state":"…"}
    /// {"group":"urn:uuid:…","kind":2,"name":"","queue":1,"number":3,"key":null,"body":"…"}
    /// ```
    ///
    /// `state` and `body` are in base64: as they are kept (the format, the key's identifier, what is sealed), or `opened`, with the
    /// keys of sessions and every message. Times are microseconds of Unix time.
    ///
    /// # Errors
    /// It cannot be read or written; values do not open.
    pub fn export(&self, opened: bool, out: &mut dyn Write) -> Result<u64> {
        if opened {
            self.needs_keys()?;
        }
        let failed = |error: rusqlite::Error| meaning(&error);
        let connection = &self.reader.connection;
        connection.execute_batch("BEGIN").map_err(failed)?;
        let mut lines = 1;
        line(out, &format!("{{\"store\":\"waxwing\",\"format\":1,\"opened\":{opened}}}"))?;
        for sql in [STATES, MESSAGES] {
            let mut statement = connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query(params![i64::MIN, i64::MAX]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let value = Value::read(row)?;
                let octets = match opened {
                    true => self.reader.seal.open(value.place(), &value.sealed)?,
                    false => value.sealed.clone().into(),
                };
                line(out, &self.value(&value, &STANDARD.encode(octets))?)?;
                lines += 1;
            }
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(lines)
    }

    fn value(&self, value: &Value, octets: &str) -> Result<String> {
        let id = &value.id;
        let (group, kind, name) = (text(id.group.as_str()), id.kind as u8, text(id.name.as_str()));
        let begin = format!("{{\"group\":{group},\"kind\":{kind},\"name\":{name}");
        if let Some((queue, number, key)) = &value.message {
            let (queue, key) = (*queue as u8, key.as_ref().map(|key| text(key.as_str())));
            let key = key.as_deref().unwrap_or("null");
            return Ok(format!(
                "{begin},\"queue\":{queue},\"number\":{number},\"key\":{key},\"body\":\"{octets}\"}}"
            ));
        }
        let (epoch, expires, names) = self.beside(value.row)?;
        let names: Vec<_> = names.iter().map(|name| text(name)).collect();
        let (version, names) = (value.version.0, names.join(","));
        Ok(format!(
            "{begin},\"version\":{version},\"expires\":{expires},\"epoch\":{epoch},\"names\":[{names}],\"state\":\"{octets}\"}}"
        ))
    }
}

fn line(out: &mut dyn Write, text: &str) -> Result<()> {
    writeln!(out, "{text}")
        .map_err(|error| StoreError::Unavailable(format!("the export cannot be written: {error}")))
}

/// A text as JSON has it (RFC 8259 §7).
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
