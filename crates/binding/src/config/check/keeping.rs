//! `<store>` and `<outbox>`: what they cannot mean, with its place.

use crate::StoreProvider;
use crate::config::Configuration;
use crate::config::keeping::{Mistake, Outbox, Store};
use crate::diagnostic::Span;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;

/// Checks both in the section `<waxwing>`.
pub(super) fn keeping(section: &Node, configuration: &Configuration, cx: &mut Reader) {
    let own = &configuration.waxwing;
    if let Some(node) = section.child("store") {
        tell("store", own.store.mistakes(), node, cx);
    }
    let mut files = Files::default();
    files.differs(&own.store);
    let mut names: Vec<&str> = Vec::new();
    for (outbox, node) in own.outboxes.iter().zip(section.children_named("outbox")) {
        cx.within(node, |cx| {
            one(outbox, node, &mut names, configuration, cx);
            let inner = outbox.store.as_ref().zip(node.child("store"));
            if let Some((_, node)) = inner.filter(|(store, _)| files.differs(store)) {
                let message = "another <store> of this file names the same path with other settings: a SQLite file is opened once";
                let fix = "write both alike, leave this one out, or give it a file of its own";
                cx.report(Problem::error("store", place(node, "path"), message).fix(fix));
            }
        });
    }
}

/// The SQLite files that stores name.
#[derive(Default)]
struct Files<'a>(Vec<(Vec<String>, &'a Store)>);

impl<'a> Files<'a> {
    /// Whether the file of a store is that of another one that says something else.
    fn differs(&mut self, store: &'a Store) -> bool {
        let path = store.path.as_deref().filter(|_| store.provider == Some(StoreProvider::Sqlite));
        let Some(path) = path.map(plain) else { return false };
        let other = self.0.iter().find(|(known, _)| *known == path);
        let differs = other.is_some_and(|(_, other)| *other != store);
        self.0.push((path, store));
        differs
    }
}

/// A path as its parts, without those that say nothing.
fn plain(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && last != "..") => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

fn one<'a>(
    outbox: &'a Outbox,
    node: &Node,
    names: &mut Vec<&'a str>,
    configuration: &Configuration,
    cx: &mut Reader,
) {
    if !cx.has_error_within(node.span) {
        report("outbox", outbox.mistakes(), node, cx);
    }
    if let (Some(store), Some(node)) = (&outbox.store, node.child("store")) {
        tell("store", store.mistakes(), node, cx);
    }
    if cx.has_error_within(node.span) {
        return;
    }
    let mut found = Vec::new();
    let name = outbox.name.as_str();
    if names.contains(&name) {
        let message = format!("there is an <outbox> with the name \"{name}\" already");
        found.push(("name", message, "give it another name".to_owned()));
    }
    names.push(name);
    let has_store =
        outbox.store.as_ref().unwrap_or(&configuration.waxwing.store).provider.is_some();
    if !has_store {
        let message =
            format!("the outbox \"{name}\" has no store: its calls would be kept nowhere");
        let fix = "write <store provider=\"sqlite\" path=\"outbox.db\"/> in it, or in the section <waxwing>";
        found.push(("", message, fix.to_owned()));
    }
    let endpoints = &configuration.client.endpoints;
    let wanted = outbox.endpoint_name();
    if !endpoints.iter().any(|endpoint| endpoint.name == wanted) {
        let known: Vec<_> =
            endpoints.iter().map(|endpoint| format!("\"{}\"", endpoint.name)).collect();
        let fix = match known.is_empty() {
            true => "write the endpoint into <client>".to_owned(),
            false => format!("write endpoint=… with one of the client's: {}", known.join(", ")),
        };
        let at = if outbox.endpoint.is_some() { "endpoint" } else { "name" };
        found.push((at, format!("the outbox \"{name}\" goes to no endpoint: <client> has none with the name \"{wanted}\""), fix));
    }
    for (at, message, fix) in found {
        cx.report(Problem::error("outbox", place(node, at), message).fix(fix));
    }
}

fn place(node: &Node, attribute: &str) -> Span {
    let written = node.attribute(attribute).map(|attribute| attribute.value_span);
    let child = || node.child(attribute).map(|child| child.name_span);
    written.or_else(child).unwrap_or(node.name_span)
}

fn tell(code: &'static str, mistakes: Vec<Mistake>, node: &Node, cx: &mut Reader) {
    // What could not be read left a default behind: what follows from that is no mistake of its own.
    if cx.has_error_within(node.span) {
        return;
    }
    cx.within(node, |cx| report(code, mistakes, node, cx));
}

fn report(code: &'static str, mistakes: Vec<Mistake>, node: &Node, cx: &mut Reader) {
    for Mistake { attribute, message, fix } in mistakes {
        cx.report(Problem::error(code, place(node, attribute), message).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::{Configuration, Scope, Severity};

    const CLIENT: &str = "<client><endpoint name=\"orders\" address=\"http://h/o\" binding=\"wsHttpBinding\" contract=\"I\"/></client>";

    /// What a file with this section says: line, code, whom it concerns, what.
    fn told(section: &str) -> Vec<(u32, &'static str, Scope, String)> {
        let text = format!(
            "<configuration><configSections><section name=\"waxwing\" type=\"System.Configuration.IgnoreSection\"/></configSections>\
             <system.serviceModel>{CLIENT}</system.serviceModel>\n<waxwing>\n{section}</waxwing></configuration>"
        );
        let all = Configuration::load(&text).diagnostics;
        let errors = all.into_iter().filter(|d| d.severity == Severity::Error);
        errors
            .map(|d| {
                (d.line, d.code, d.scope, format!("{}; {}", d.message, d.fix.unwrap_or_default()))
            })
            .collect()
    }

    #[test]
    fn what_a_store_cannot_mean_is_told_at_its_place() {
        for (store, line, says) in [
            ("<store\n path=\"a.db\"/>", 4, "path of <store> says nothing without a provider"),
            ("<store provider=\"sqlite\"/>", 3, "needs path"),
            (
                "<store provider=\"sqlite\" path=\"a\"\n deadAfter=\"00:00:20\"/>",
                4,
                "deadAfter of <store> is not of the provider sqlite",
            ),
            (
                "<store provider=\"sqlite\" path=\"a\">\n<shard url=\"x\"/></store>",
                4,
                "shard of <store> is not of",
            ),
            ("<store provider=\"postgres\" keyFile=\"k\"/>", 3, "needs url"),
            ("<store provider=\"postgres\" url=\"host=h\"/>", 3, "needs keys"),
            (
                "<store provider=\"postgres\" url=\"host=h\" keyFile=\"k\"\n keyVariable=\"K\"/>",
                4,
                "both say where the keys are",
            ),
            (
                "<store provider=\"postgres\" url=\"host=h\" keyFile=\"k\"\n\n logOctets=\"2000000\"/>",
                5,
                "logOctets of <store> is not of",
            ),
            (
                "<store provider=\"postgres\" url=\"host=h\" keyFile=\"k\"\n deadAfter=\"00:00:03\"/>",
                4,
                "dies of one lost beat",
            ),
            (
                "<store provider=\"postgres\" url=\"host=h\" keyFile=\"k\"\n dangers=\"fsync=of\"/>",
                4,
                "'fsync=of' of <store> is none of",
            ),
            (
                "<store provider=\"postgres\"\n url=\"host=h\" keyFile=\"k\"><shard url=\"x\"/></store>",
                4,
                "both say where it is",
            ),
            (
                "<store provider=\"postgres\" keyFile=\"k\"><shard url=\"x\"/>\n<shard url=\"x\"/></store>",
                3,
                "the same schema",
            ),
            (
                "<store provider=\"postgres\" keyFile=\"k\"><shard schema=\"x\"/></store>",
                3,
                "needs url",
            ),
            (
                "<store provider=\"postgres\" url=\"host=h sslmode=require\" keyFile=\"k\"\n sslmode=\"require\"/>",
                4,
                "write it once",
            ),
            (
                "<store provider=\"postgres\" url=\"host=h\" keyFile=\"k\"\n sslmode=\"prefer\"/>",
                4,
                "verify-full",
            ),
        ] {
            let told = told(store);
            let [(own, code, scope, text)] = &told[..] else { panic!("{store}: {told:?}") };
            assert_eq!((*own, *code, scope), (line, "store", &Scope::Store), "{store}: {text}");
            assert!(text.contains(says), "{store}: {text}");
        }
        for store in [
            "<store/>",
            "<store provider=\"sqlite\" path=\"a.db\" logOctets=\"2000000\" maxAttempts=\"7\"/>",
            "<store provider=\"postgres\" url=\"host=h\" keyVariable=\"K\" deadAfter=\"00:00:20\" beatEvery=\"00:00:05\" connections=\"8\"/>",
            "<store provider=\"postgres\" keyFile=\"k\" dangers=\"fsync=off, asynchronous standbys\"><shard url=\"x\"/><shard url=\"x\" schema=\"b\"/></store>",
        ] {
            assert_eq!(told(store), [], "{store}");
        }
    }

    #[test]
    fn what_is_misspelt_stops_what_it_concerns() {
        let found = told("<store provider=\"sqlite\" path=\"a\"\n deadafter=\"1\"/>");
        assert!(found.len() == 1 && found[0].0 == 4 && found[0].2 == Scope::Store, "{found:?}");
    }

    /// The section is told one thing, of an outbox, at this line.
    fn told_of_an_outbox(section: &str, at: (u32, &str), says: &str) {
        let told = told(section);
        let [(own, named, scope, text)] = &told[..] else { panic!("{section}: {told:?}") };
        assert_eq!((*own, *named), at, "{section}: {text}");
        assert!(matches!(scope, Scope::Outbox { .. }), "{section}: {scope:?}");
        assert!(text.contains(says), "{section}: {text}");
    }

    #[test]
    fn what_an_outbox_cannot_mean_is_told_at_its_place() {
        let store = "<store provider=\"sqlite\" path=\"a.db\"/>";
        for (section, line, code, says) in [
            ("<outbox name=\"orders\"/>".to_owned(), 3, "outbox", "has no store"),
            (format!("{store}<outbox/>"), 3, "outbox", "needs a name"),
            (
                format!("{store}<outbox\n name=\"bills\"/>"),
                4,
                "outbox",
                "one of the client's: \"orders\"",
            ),
            (
                format!("{store}<outbox name=\"orders\"\n endpoint=\"order\"/>"),
                4,
                "outbox",
                "no endpoint",
            ),
            (
                format!("{store}<outbox name=\"orders\"/>\n<outbox name=\"orders\"/>"),
                4,
                "outbox",
                "already",
            ),
            (
                format!("{store}<outbox name=\"orders\"\n longestPause=\"00:00:00.1\"/>"),
                4,
                "outbox",
                "shorter than",
            ),
            (
                "<outbox name=\"orders\">\n<store provider=\"sqlite\"/></outbox>".to_owned(),
                4,
                "store",
                "needs path",
            ),
            (
                format!("{store}<outbox name=\"orders\"\n inflight=\"9\"/>"),
                4,
                "unknown-attribute",
                "inFlight",
            ),
            (
                format!("{store}<outbox name=\"orders\"\n inFlight=\"0\"/>"),
                4,
                "value-out-of-range",
                "",
            ),
        ] {
            told_of_an_outbox(&section, (line, code), says);
        }
        for section in [
            format!(
                "{store}<outbox name=\"orders\"/><outbox name=\"bills\" endpoint=\"orders\" inFlight=\"1\"/>"
            ),
            format!("<outbox name=\"orders\">{store}</outbox>"),
        ] {
            assert_eq!(told(&section), [], "{section}");
        }
    }

    #[test]
    fn one_file_of_two_unequal_stores_is_told() {
        let store = "<store provider=\"sqlite\" path=\"a.db\"/>";
        for (section, line, code, says) in [
            (
                format!(
                    "{store}<outbox name=\"orders\"><store provider=\"sqlite\" maxRecords=\"5\"\n path=\"./x/../a.db\"/></outbox>"
                ),
                4,
                "store",
                "names the same path with other settings",
            ),
            (
                "<outbox name=\"orders\"><store provider=\"sqlite\" path=\"b.db\"/></outbox><outbox name=\"bills\" endpoint=\"orders\">\
                 <store provider=\"sqlite\"\n path=\"b.db\" keyVariable=\"K\"/></outbox>"
                    .to_owned(),
                4,
                "store",
                "write both alike",
            ),
        ] {
            told_of_an_outbox(&section, (line, code), says);
        }
        let alike = format!("{store}<outbox name=\"orders\">{store}</outbox>");
        assert_eq!(told(&alike), [], "{alike}");
    }
}
