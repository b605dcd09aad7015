//! The nearest legal name to a misspelt one.

/// Names farther away than this many edits are not offered: they would be guesses.
const MAX_EDITS: usize = 2;
/// Longer words are not compared, nor with more than so many: hostile input must not cost
/// quadratic time.
const MAX_WORD: usize = 64;
const MAX_CANDIDATES: usize = 500;

/// The name of `candidates` that `word` most likely means: equal but for case, one or two edits
/// away, or the same with a plural `s` or a missing ending.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if word.is_empty() || word.len() > MAX_WORD {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    let near = |c: &&str| c.len().abs_diff(word.len()) <= MAX_EDITS;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES).filter(near) {
        let distance = score(word, candidate);
        if distance <= limit(candidate) && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

/// What things are called elsewhere: in the certificate dialogs, in other products' files.
const ALIASES: &[(&str, &str)] = &[
    ("personal", "My"),
    ("trustedroot", "Root"),
    ("intermediate", "CertificateAuthority"),
    ("1.0", "WSReliableMessagingFebruary2005"),
    ("1.1", "WSReliableMessaging11"),
    ("x509", "Certificate"),
    ("password", "UserName"),
    ("ntlm", "Windows"),
    ("kerberos", "Windows"),
    ("ssl", "Transport"),
    ("tls", "Transport"),
    ("https", "Transport"),
    ("aes256", "Basic256"),
    ("aes192", "Basic192"),
    ("aes128", "Basic128"),
    ("3des", "TripleDes"),
    ("findbyname", "FindBySubjectName"),
    ("findbysubject", "FindBySubjectName"),
    ("findbycommonname", "FindBySubjectName"),
    ("soap11", "Soap11"),
    ("soap12", "Soap12"),
];
/// A beginning shorter than this means nothing.
const MIN_BEGINNING: usize = 4;

/// The legal value that `word` most likely means: near, known under another name, or the only one
/// that begins with it.
pub(crate) fn value(word: &str, names: &[&'static str]) -> Option<String> {
    let near = nearest(word, names.iter().copied());
    let lower = word.to_ascii_lowercase();
    let alias = || {
        let (_, name) =
            ALIASES.iter().find(|(alias, name)| *alias == lower && names.contains(name))?;
        Some((*name).to_owned())
    };
    let beginning = || {
        let mut longer =
            names.iter().filter(|n| n.to_ascii_lowercase().starts_with(lower.as_str()));
        let only = longer.next().filter(|_| lower.len() >= MIN_BEGINNING)?;
        longer.next().is_none().then(|| (*only).to_owned())
    };
    near.or_else(alias).or_else(beginning)
}

/// A short name allows fewer edits: every three-letter word is two edits from every other.
fn limit(candidate: &str) -> usize {
    if candidate.len() <= 4 { 1 } else { MAX_EDITS }
}

fn score(word: &str, candidate: &str) -> usize {
    if word.eq_ignore_ascii_case(candidate) {
        return 0;
    }
    edits(&word.to_ascii_lowercase(), &candidate.to_ascii_lowercase())
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitution.min(previous[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_near_names_only() {
        let names = ["reliableSession", "security", "readerQuotas", "add"];
        assert_eq!(nearest("ReliableSession", names).as_deref(), Some("reliableSession"));
        assert_eq!(nearest("reliableSessions", names).as_deref(), Some("reliableSession"));
        assert_eq!(nearest("secuirty", names).as_deref(), Some("security"));
        assert_eq!(nearest("transport", names), None);
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(nearest(&"x".repeat(10_000), names), None);
    }

    #[test]
    fn knows_other_names_and_beginnings() {
        let modes = ["None", "PeerTrust", "ChainTrust", "PeerOrChainTrust"];
        assert_eq!(value("Chain", &modes).as_deref(), Some("ChainTrust"));
        assert_eq!(value("Peer", &modes), None);
        assert_eq!(value("Personal", &["My", "Root"]).as_deref(), Some("My"));
        assert_eq!(value("Personal", &modes), None);
    }
}
