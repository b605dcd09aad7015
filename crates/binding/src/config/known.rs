//! What a file has where something was not found in it.

use crate::suggest::nearest;

/// More names than these nobody reads.
const SHOWN: usize = 12;

/// A sentence that lists what there is, and names the one that was probably meant.
pub(super) fn offer<'a>(
    what: &str,
    wanted: &str,
    present: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut names: Vec<&str> = present.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return format!(" The file has no {what}.");
    }
    let listed: Vec<_> = names.iter().take(SHOWN).map(|name| format!("'{name}'")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    // Contracts and services often differ in their namespace only.
    let short = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let same =
        names.iter().find(|name| short(name) == short(wanted)).map(|name| (*name).to_owned());
    let meant = match same.or_else(|| nearest(wanted, names.iter().copied())) {
        Some(name) if name != wanted => format!("; did you mean '{name}'?"),
        _ => ".".to_owned(),
    };
    format!(" The file has the {what} {}{more}{meant}", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::offer;

    #[test]
    fn lists_what_is_there_and_names_the_nearest() {
        let names = ["calculator", "printer"];
        assert_eq!(
            offer("client endpoints", "calcalator", names),
            " The file has the client endpoints 'calculator', 'printer'; did you mean 'calculator'?"
        );
        assert_eq!(offer("services", "x", []), " The file has no services.");
        assert!(
            offer("contracts", "ICalc", ["My.Sample.ICalc"]).contains("mean 'My.Sample.ICalc'")
        );
    }
}
