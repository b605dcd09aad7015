//! What is kept of users for HTTP Digest, and for digests of passwords in messages: who gives it.

use std::future::Future;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::digest::{DigestAlgorithm, DigestSecret};
use crate::future::BoxFuture;

/// MD5 stands first: WCF's clients take the first challenge, and know no other algorithm.
const ALGORITHMS: &[DigestAlgorithm] = &[DigestAlgorithm::Md5, DigestAlgorithm::Sha256];

/// Gives what is kept of users for HTTP Digest: passwords, or digests of them (`clientCredentialType="Digest"`, for which WCF
/// asks a domain). It may block.
///
/// Take the same time for a user who does not exist, or whoever measures it learns who exists.
pub trait DigestStore: Send + Sync {
    /// The algorithms that clients are offered, the preferred one first: MD5 and SHA-256. A store of digests names those that
    /// it has.
    fn algorithms(&self) -> &[DigestAlgorithm] {
        ALGORITHMS
    }

    /// What is kept of a user in this realm; none when there is no such user.
    ///
    /// # Errors
    /// Why that cannot be said, in words for the local log: nobody is known then.
    fn secret(&self, username: &str, realm: &str) -> Result<Option<DigestSecret>, String>;
}

impl<F> DigestStore for F
where
    F: Fn(&str, &str) -> Result<Option<DigestSecret>, String> + Send + Sync,
{
    fn secret(&self, username: &str, realm: &str) -> Result<Option<DigestSecret>, String> {
        self(username, realm)
    }
}

/// As [`DigestStore`], for one that waits for something.
pub trait AsyncDigestStore: Send + Sync {
    /// The algorithms that clients are offered, the preferred one first.
    fn algorithms(&self) -> &[DigestAlgorithm] {
        ALGORITHMS
    }

    /// What is kept of a user in this realm; none when there is no such user.
    ///
    /// # Errors
    /// Why that cannot be said, in words for the local log: nobody is known then.
    fn secret<'a>(
        &'a self,
        username: &'a str,
        realm: &'a str,
    ) -> BoxFuture<'a, Result<Option<DigestSecret>, String>>;
}

impl<F, Answer> AsyncDigestStore for F
where
    F: Fn(String, String) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Option<DigestSecret>, String>> + Send + 'static,
{
    fn secret<'a>(
        &'a self,
        username: &'a str,
        realm: &'a str,
    ) -> BoxFuture<'a, Result<Option<DigestSecret>, String>> {
        Box::pin(self(username.to_owned(), realm.to_owned()))
    }
}

/// Who gives what is kept.
#[derive(Clone)]
pub(crate) enum DigestRule {
    /// One that may block.
    Blocking(Arc<dyn DigestStore>),
    /// One that waits.
    Waiting(Arc<dyn AsyncDigestStore>),
}

impl DigestRule {
    /// The algorithms that are offered.
    pub(crate) fn algorithms(&self) -> &[DigestAlgorithm] {
        match self {
            Self::Blocking(store) => store.algorithms(),
            Self::Waiting(store) => store.algorithms(),
        }
    }
}

/// Gives passwords of users whose messages show a digest of them (`#PasswordDigest` of the Username Token Profile), which WCF
/// does not know. It may block.
///
/// The profile lets both ends digest an equivalent of the password (a hash of it, in the text form that they agree upon): then
/// that is what is given, and **whoever has it can log in**.
///
/// Take the same time for a user who does not exist, or whoever measures it learns who exists.
pub trait PasswordStore: Send + Sync {
    /// The password of a user; none when there is no such user.
    ///
    /// # Errors
    /// Why that cannot be said, in words for the local log: nobody is known then.
    fn password(&self, username: &str) -> Result<Option<Zeroizing<String>>, String>;
}

impl<F> PasswordStore for F
where
    F: Fn(&str) -> Result<Option<Zeroizing<String>>, String> + Send + Sync,
{
    fn password(&self, username: &str) -> Result<Option<Zeroizing<String>>, String> {
        self(username)
    }
}

/// As [`PasswordStore`], for one that waits for something.
pub trait AsyncPasswordStore: Send + Sync {
    /// The password of a user; none when there is no such user.
    ///
    /// # Errors
    /// Why that cannot be said, in words for the local log: nobody is known then.
    fn password<'a>(
        &'a self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<String>>, String>>;
}

impl<F, Answer> AsyncPasswordStore for F
where
    F: Fn(String) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Option<Zeroizing<String>>, String>> + Send + 'static,
{
    fn password<'a>(
        &'a self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<String>>, String>> {
        Box::pin(self(username.to_owned()))
    }
}

/// Who gives passwords.
#[derive(Clone)]
pub(crate) enum PasswordRule {
    /// One that may block.
    Blocking(Arc<dyn PasswordStore>),
    /// One that waits.
    Waiting(Arc<dyn AsyncPasswordStore>),
}
