//! Numbers and spans in words.

use crate::TimeSpan;

const TICKS_PER_SECOND: i64 = 10_000_000;

/// `1 minute`, `90 seconds`, `0.2 seconds`, `no limit`.
pub(super) fn span(span: TimeSpan) -> String {
    if span.is_infinite() {
        return "no limit".to_owned();
    }
    let seconds = span.ticks() / TICKS_PER_SECOND;
    if span.ticks() % TICKS_PER_SECOND != 0 {
        let text = format!("{:.7}", span.ticks() as f64 / TICKS_PER_SECOND as f64);
        return format!("{} seconds", text.trim_end_matches('0'));
    }
    for (unit, length) in [("day", 86_400), ("hour", 3600), ("minute", 60)] {
        if seconds >= length && seconds % length == 0 {
            return count(seconds / length, unit);
        }
    }
    count(seconds, "second")
}

/// `1 minute`, `2 minutes`.
pub(super) fn count(n: i64, unit: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {unit}{plural}")
}

/// `64 KiB`, `65000 bytes`; the number as it is when it stands for "no limit".
pub(super) fn bytes(n: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match n {
        n if n >= i32::MAX as u64 => "2 GiB".to_owned(),
        n if n >= MIB && n % MIB == 0 => format!("{} MiB", n / MIB),
        n if n >= KIB && n % KIB == 0 => format!("{} KiB", n / KIB),
        n => format!("{n} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_spans_and_sizes() {
        assert_eq!(span(TimeSpan::minutes(10)), "10 minutes");
        assert_eq!(span(TimeSpan::seconds(90)), "90 seconds");
        assert_eq!(span(TimeSpan::seconds(1)), "1 second");
        assert_eq!(span(TimeSpan::milliseconds(200)), "0.2 seconds");
        assert_eq!(span(TimeSpan::hours(24)), "1 day");
        assert_eq!(span(TimeSpan::INFINITE), "no limit");
        assert_eq!(bytes(65_536), "64 KiB");
        assert_eq!(bytes(65_000), "65000 bytes");
        assert_eq!(bytes(1 << 20), "1 MiB");
        assert_eq!(bytes(2_147_483_647), "2 GiB");
    }
}
