//! Lines of the log that a peer writes: short, on one line, and not too many.

use std::fmt::{self, Display, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most characters of a text that a peer has chosen.
const MOST: usize = 200;
/// The most characters of an error of the user's own code, which may quote a peer.
const MOST_OWN: usize = 1000;

/// A text as it may stand in the log: cut, and with its control characters escaped, so that nobody forges lines or
/// paints on terminals.
pub(crate) struct Cut<T> {
    text: T,
    most: usize,
}

impl<T: Display> Cut<T> {
    /// A text that a peer has chosen, in whole or in part: 200 characters.
    pub(crate) fn of(text: T) -> Self {
        Self { text, most: MOST }
    }

    /// An error of the user's own code: 1000 characters.
    pub(crate) fn own(text: T) -> Self {
        Self { text, most: MOST_OWN }
    }
}

impl<T: Display> Display for Cut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Limited { out: f, left: self.most, is_cut: false };
        // An error is the limit, or the formatter's own.
        let written = write!(out, "{}", self.text);
        if out.is_cut { f.write_str("…") } else { written }
    }
}

struct Limited<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    left: usize,
    is_cut: bool,
}

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.left == 0 {
                self.is_cut = true;
                return Err(fmt::Error);
            }
            self.left -= 1;
            match character {
                '\'' | '"' | '\\' => self.out.write_char(character)?,
                _ => write!(self.out, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// Lets some lines at once through, then one in each second.
pub(crate) struct Rate {
    state: Mutex<State>,
}

struct State {
    at: Instant,
    /// How many lines may pass now, in thousandths.
    credit: u64,
    left_out: u64,
}

/// Lines that may come at once.
const BURST: u64 = 20;
/// The time for each further one.
const PAUSE: Duration = Duration::from_secs(1);

impl Rate {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { at: Instant::now(), credit: BURST * 1000, left_out: 0 }) }
    }

    /// Whether a line may be written now; then how many were left out before it.
    pub(crate) fn pass(&self) -> Option<u64> {
        self.pass_at(Instant::now())
    }

    fn pass_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.at).as_millis() * 1000 / PAUSE.as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        state.at = state.at.max(now);
        state.credit = state.credit.saturating_add(passed).min(BURST * 1000);
        if state.credit < 1000 {
            state.left_out += 1;
            return None;
        }
        state.credit -= 1000;
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_escaped() {
        assert_eq!(Cut::of("it's \"so\"").to_string(), "it's \"so\"");
        assert_eq!(Cut::of("a\nb\u{1b}[31m\u{202e}").to_string(), "a\\nb\\u{1b}[31m\\u{202e}");
        let long = "x".repeat(300);
        assert_eq!(Cut::of(&long).to_string(), format!("{}…", &long[..200]));
        assert_eq!(Cut::of(&long[..200]).to_string(), long[..200]);
        assert_eq!(format!("{}", Cut::of(format_args!("{long}{long}"))).chars().count(), 201);
        let worst = "\u{202e}".repeat(300);
        assert!(Cut::of(&worst).to_string().len() <= 200 * 8 + 3);
    }

    #[test]
    fn a_flood_is_one_line_in_each_second() {
        let rate = Rate::new();
        let begin = Instant::now();
        let at = |millis: u64| rate.pass_at(begin + Duration::from_millis(millis));
        assert_eq!((0..1000).filter_map(|_| at(0)).count(), 20);
        assert_eq!(at(1001), Some(980));
        assert_eq!(at(1002), None);
        assert_eq!(at(2100), Some(1));
        let later = (0..100).filter_map(|_| at(3_600_000)).count();
        assert_eq!(later, 20, "no more than the burst is saved up");
    }
}
