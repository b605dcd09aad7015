//! What an error of the driver means: whether something may have been written, and in words.

use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use crate::error::StoreError;

/// What became of a statement that failed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Nothing was written, and the same again may work: a deadlock, two that did the same at once.
    Again(StoreError),
    /// Nothing was written, and one unit alone may be to blame: a value that the server does not take, a row that somebody
    /// holds.
    One(StoreError),
    /// Nothing was written.
    Not(StoreError),
    /// It may be written or not; the connection is of no use any more.
    Unknown(StoreError),
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        let told = told(error);
        let Some(found) = error.as_db_error() else {
            // A parameter that cannot be written was never sent.
            return match error.is_closed() || is_transport(error) {
                true => Self::Unknown(told),
                false => Self::One(told),
            };
        };
        let fatal = !matches!(found.parsed_severity(), Some(Severity::Error));
        let code = found.code();
        // What aborts the statement aborts its transaction. An end of the connection may come behind the commit.
        if fatal || *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN {
            return Self::Unknown(told);
        }
        let again = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
            // How the statement says that a name was taken meanwhile (`sql.rs`).
            SqlState::NOT_NULL_VIOLATION,
        ];
        // Data, cardinality, integrity, limits of the program.
        let of_one = ["21", "22", "23", "54"];
        match code.code().get(..2) {
            _ if again.contains(code) => Self::Again(told),
            _ if *code == SqlState::LOCK_NOT_AVAILABLE => Self::One(told),
            Some(class) if of_one.contains(&class) => Self::One(told),
            _ => Self::Not(told),
        }
    }

    /// Of a statement that was prepared and not executed: nothing was written. The connection may be of no use.
    pub(crate) fn of_preparing(error: &Error) -> Self {
        match Self::of(error) {
            Self::Again(told) | Self::One(told) => Self::Not(told),
            failure => failure,
        }
    }
}

/// Whether the connection failed, and not what was said over it.
fn is_transport(error: &Error) -> bool {
    let text = error.to_string();
    !(text.starts_with("error serializing parameter") || text.starts_with("expected "))
}

/// In words. The server's own text is in it, never a value that was sent.
pub(crate) fn told(error: &Error) -> StoreError {
    let Some(found) = error.as_db_error() else {
        let source = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
        // The driver's own text of `target_session_attrs`.
        if error.to_string().contains("does not allow writes")
            || source.contains("does not allow writes")
        {
            return StoreError::Unavailable(
                "PostgreSQL: the server is a standby or read-only (default_transaction_read_only): name the primary, or all hosts, \
                 in the connection string"
                    .into(),
            );
        }
        return StoreError::Unavailable(format!("PostgreSQL: {error}{source}"));
    };
    let code = found.code();
    let text = format!("PostgreSQL says: {} ({})", found.message(), code.code());
    match *code {
        SqlState::DISK_FULL => StoreError::Full(text),
        SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Unavailable(format!(
            "{text}; the server is a standby or read-only: name the primary, or all hosts, in the connection string"
        )),
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            StoreError::Configuration(format!("{text}; check user, password and pg_hba.conf"))
        }
        SqlState::INVALID_CATALOG_NAME => {
            StoreError::Configuration(format!("{text}; create it: CREATE DATABASE …"))
        }
        SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Configuration(text),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Broken(text),
        _ => StoreError::Unavailable(text),
    }
}

/// What is wrong with a connection string, in words. No value of it.
pub(crate) fn wrong(what: &str) -> StoreError {
    StoreError::Configuration(format!("the connection string of the PostgreSQL store: {what}"))
}
