//! The lexical forms of moments and durations (XML Schema Part 2 §3.2.6–§3.2.14).

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    DateTime,
    Date,
    Time,
    Year,
    YearMonth,
    Month,
    MonthDay,
    Day,
    Duration,
}

impl Form {
    /// That of a type, by the local part of its name.
    pub(super) fn of(local: &str) -> Option<Self> {
        Some(match local {
            "dateTime" => Self::DateTime,
            "date" => Self::Date,
            "time" => Self::Time,
            "gYear" => Self::Year,
            "gYearMonth" => Self::YearMonth,
            "gMonth" => Self::Month,
            "gMonthDay" => Self::MonthDay,
            "gDay" => Self::Day,
            "duration" | "dayTimeDuration" | "yearMonthDuration" => Self::Duration,
            _ => return None,
        })
    }

    /// What it is.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::DateTime => "a date with a time",
            Self::Date => "a date",
            Self::Time => "a time of day",
            Self::Year => "a year",
            Self::YearMonth => "a month of a year",
            Self::Month => "a month",
            Self::MonthDay => "a day of a month",
            Self::Day => "a day of the month",
            Self::Duration => "a duration",
        }
    }

    /// One of them.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::DateTime => "2026-01-31T12:00:00Z",
            Self::Date => "2026-01-31",
            Self::Time => "12:00:00",
            Self::Year => "2026",
            Self::YearMonth => "2026-01",
            Self::Month => "--01",
            Self::MonthDay => "--01-31",
            Self::Day => "---31",
            Self::Duration => "PT1H30M",
        }
    }
}

/// Whether a text has the form. Days are checked against 31, not against their month.
pub(super) fn is_valid(form: Form, text: &str) -> bool {
    let mut rest = Rest(text);
    let read = match form {
        Form::DateTime => date(&mut rest).and_then(|()| {
            rest.literal("T")?;
            clock(&mut rest)
        }),
        Form::Date => date(&mut rest),
        Form::Time => clock(&mut rest),
        Form::Year => year(&mut rest),
        Form::YearMonth => year(&mut rest).and_then(|()| month(&mut rest)),
        Form::Month => rest.literal("-").and_then(|()| month(&mut rest)),
        Form::MonthDay => {
            let read = rest.literal("-").and_then(|()| month(&mut rest));
            read.and_then(|()| day(&mut rest))
        }
        Form::Day => rest.literal("--").and_then(|()| day(&mut rest)),
        Form::Duration => return duration(text).is_some(),
    };
    read.and_then(|()| zone(&mut rest)).is_some() && rest.0.is_empty()
}

/// What is still to be read.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn digits(&mut self) -> &'t str {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    fn two(&mut self, least: u32, most: u32) -> Option<()> {
        let (two, rest) = (self.0.get(..2)?, self.0.get(2..)?);
        let value: u32 = two.bytes().all(|b| b.is_ascii_digit()).then(|| two.parse().ok())??;
        self.0 = rest;
        (least..=most).contains(&value).then_some(())
    }
}

fn year(rest: &mut Rest<'_>) -> Option<()> {
    let _ = rest.literal("-");
    let digits = rest.digits();
    (digits.len() >= 4 && digits.len() <= 9 && (digits.len() == 4 || !digits.starts_with('0')))
        .then_some(())
}

fn month(rest: &mut Rest<'_>) -> Option<()> {
    rest.literal("-")?;
    rest.two(1, 12)
}

fn day(rest: &mut Rest<'_>) -> Option<()> {
    rest.literal("-")?;
    rest.two(1, 31)
}

fn date(rest: &mut Rest<'_>) -> Option<()> {
    year(rest)?;
    month(rest)?;
    day(rest)
}

fn clock(rest: &mut Rest<'_>) -> Option<()> {
    rest.two(0, 24)?;
    rest.literal(":")?;
    rest.two(0, 59)?;
    rest.literal(":")?;
    rest.two(0, 59)?;
    if rest.literal(".").is_some() {
        return (!rest.digits().is_empty()).then_some(());
    }
    Some(())
}

/// A zone, which may be absent.
fn zone(rest: &mut Rest<'_>) -> Option<()> {
    if rest.0.is_empty() || rest.literal("Z").is_some() {
        return Some(());
    }
    rest.literal("+").or_else(|| rest.literal("-"))?;
    rest.two(0, 14)?;
    rest.literal(":")?;
    rest.two(0, 59)
}

fn duration(text: &str) -> Option<()> {
    let mut rest = Rest(text.strip_prefix('-').unwrap_or(text));
    rest.literal("P")?;
    let days = parts(&mut rest, &["Y", "M", "D"])?;
    if rest.literal("T").is_none() {
        return (days && rest.0.is_empty()).then_some(());
    }
    let mut times = parts(&mut rest, &["H", "M", "S"])?;
    if rest.literal(".").is_some() {
        return None;
    }
    let begun = rest.0;
    let whole = rest.digits();
    if !whole.is_empty() {
        rest.literal(".")?;
        if rest.digits().is_empty() {
            return None;
        }
        rest.literal("S")?;
        times = true;
    } else if !begun.is_empty() {
        return None;
    }
    (times && rest.0.is_empty()).then_some(())
}

/// Numbers with these units, each at most once, in order. Gives whether there was any; stops before a number that has
/// another unit, or a point.
fn parts(rest: &mut Rest<'_>, units: &[&str]) -> Option<bool> {
    let mut any = false;
    for unit in units {
        let before = rest.0;
        let digits = rest.digits();
        if digits.is_empty() {
            return Some(any);
        }
        match rest.literal(unit) {
            Some(()) => any = true,
            None => rest.0 = before,
        }
    }
    Some(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for form in [
            Form::DateTime,
            Form::Date,
            Form::Time,
            Form::Year,
            Form::YearMonth,
            Form::Month,
            Form::MonthDay,
            Form::Day,
            Form::Duration,
        ] {
            assert!(is_valid(form, form.example()), "{form:?}");
            for cut in 1..form.example().len() {
                let text = &form.example()[..cut];
                assert!(
                    !is_valid(form, text) || form == Form::Duration || text.len() == 19,
                    "{form:?} {text}"
                );
            }
            assert!(!is_valid(form, ""), "{form:?}");
            assert!(!is_valid(form, "é-01"), "{form:?}");
        }
        for good in [
            "P1Y2M3DT4H5M6.7S",
            "-P1D",
            "PT0S",
            "PT1.5S",
            "P1M",
            "PT1M",
            "P10675199DT2H48M5.4775807S",
        ] {
            assert!(is_valid(Form::Duration, good), "{good}");
        }
        for bad in ["P", "PT", "1D", "P1S", "PT1D", "P1D2Y", "PT.5S", "PT1.S", "PT1.5M", "P-1D"] {
            assert!(!is_valid(Form::Duration, bad), "{bad}");
        }
        assert!(is_valid(Form::DateTime, "0001-01-01T00:00:00"));
        assert!(is_valid(Form::DateTime, "9999-12-31T23:59:59.9999999-08:00"));
        assert!(!is_valid(Form::DateTime, "2026-01-31 12:00:00"));
    }
}
