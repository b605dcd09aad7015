//! The nearest legal name to a misspelt one.

/// Names farther away than this many edits are not offered: they would be guesses.
const MAX_EDITS: usize = 2;
/// Longer words are not compared: hostile input must not cost quadratic time.
const MAX_WORD: usize = 256;

/// The name of `candidates` that `word` most likely means: equal but for case, one or two edits
/// away, or the same with a plural `s` or a missing ending.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    if word.is_empty() || word.len() > MAX_WORD {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = score(word, candidate);
        if distance <= limit(candidate) && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name.to_owned())
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
}
