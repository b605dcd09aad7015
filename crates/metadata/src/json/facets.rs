//! Facets (XML Schema Part 2 §4.3): what a request must keep. Patterns are left to the service, since they are regular
//! expressions of a kind of their own.

use super::error::JsonError;
use super::number::Plain;
use super::words::{listed, shortened};

/// Checks a text against facets. `length` is that of the value: characters, octets, items.
///
/// # Errors
/// It breaks one; the text names it.
pub(super) fn check(
    facets: &[(String, String)],
    text: &str,
    length: usize,
) -> Result<(), JsonError> {
    let mut allowed =
        facets.iter().filter(|(name, _)| name == "enumeration").map(|(_, value)| value.as_str());
    if allowed.clone().next().is_some() && !allowed.any(|value| value == text.trim()) {
        let values = facets.iter().filter(|(name, _)| name == "enumeration");
        let values = listed(values.map(|(_, value)| value.as_str()));
        return Err(JsonError::new(format!("\"{}\" is none of {values}", shortened(text))));
    }
    for (name, value) in facets {
        if !is_kept(name, value, text, length) {
            let text = shortened(text);
            return Err(JsonError::new(format!(
                "\"{text}\" breaks {name}=\"{value}\" of the schema"
            )));
        }
    }
    Ok(())
}

fn is_kept(name: &str, value: &str, text: &str, length: usize) -> bool {
    let wanted = value.parse::<usize>().ok();
    let digits = |count: usize| value.parse::<usize>().map_or(true, |most| count <= most);
    match name {
        "length" => wanted.is_none_or(|wanted| length == wanted),
        "minLength" => wanted.is_none_or(|least| length >= least),
        "maxLength" => wanted.is_none_or(|most| length <= most),
        "minInclusive" => ordered(text, value).is_none_or(std::cmp::Ordering::is_ge),
        "minExclusive" => ordered(text, value).is_none_or(std::cmp::Ordering::is_gt),
        "maxInclusive" => ordered(text, value).is_none_or(std::cmp::Ordering::is_le),
        "maxExclusive" => ordered(text, value).is_none_or(std::cmp::Ordering::is_lt),
        "totalDigits" => Plain::parse(text).is_none_or(|number| digits(number.significant().0)),
        "fractionDigits" => Plain::parse(text).is_none_or(|number| digits(number.significant().1)),
        _ => true,
    }
}

/// Which of two numbers is larger; none where one is no number (a date).
fn ordered(one: &str, other: &str) -> Option<std::cmp::Ordering> {
    Some(Plain::parse(one)?.compare(&Plain::parse(other)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_kept() {
        for (facet, value, good, bad) in [
            ("maxLength", "3", "abc", "abcd"),
            ("minLength", "1", "a", ""),
            ("length", "2", "éé", "é"),
            ("minInclusive", "-2", "-2", "-2.5"),
            ("maxExclusive", "100", "99.99", "100.0"),
            ("minExclusive", "0", "0.001", "-0"),
            (
                "maxInclusive",
                "18446744073709551616",
                "18446744073709551616",
                "18446744073709551617",
            ),
            ("totalDigits", "3", "012.30", "1234"),
            ("fractionDigits", "2", "1.500", "1.501"),
            ("enumeration", "a", "a", "b"),
        ] {
            let facets = [(facet.to_owned(), value.to_owned())];
            assert_eq!(check(&facets, good, good.chars().count()), Ok(()), "{facet} {good}");
            assert!(
                check(&facets, bad, bad.chars().count()).unwrap_err().to_string().contains(bad),
                "{facet} {bad}"
            );
        }
    }
}
