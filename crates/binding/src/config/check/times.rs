//! Times in which nothing can be done.

use crate::TimeSpan;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;

/// Less than this, and no message goes over a network and is answered.
const SHORTEST: TimeSpan = TimeSpan::milliseconds(100);

/// The times of a binding that end whatever they are for before it has begun.
const TIMES: [(&str, &str); 4] = [
    ("openTimeout", "a channel has that long to be opened, with the handshakes of its security"),
    ("sendTimeout", "a call has that long until its answer is there"),
    ("closeTimeout", "a channel has that long to be closed, with the end of its session"),
    ("receiveTimeout", "a session is ended when it has been without a message for that long"),
];

/// What stands in a binding and is legal, but is hardly meant.
pub(super) fn times(node: &Node, cx: &mut Reader) {
    for (name, what) in TIMES {
        short(node, name, what, cx);
    }
    if let Some(session) = node.child("reliableSession") {
        cx.within(session, |cx| {
            let what = "a reliable session is given up when the other side is silent for that long";
            short(session, "inactivityTimeout", what, cx);
        });
    }
}

fn short(node: &Node, name: &str, what: &str, cx: &mut Reader) {
    let Some(written) = node.attribute(name) else { return };
    let Ok(time) = TimeSpan::parse(&written.value) else { return };
    if time >= SHORTEST || cx.has_error_at(written.value_span) {
        return;
    }
    let message = format!("{name} is {time}: {what}");
    cx.report(
        Problem::warning("short-time", written.value_span, message)
            .behavior("accepts it, and gives up as soon")
            .fix("leave it out, or write hours:minutes:seconds, as 00:01:00 for one minute"),
    );
}

#[cfg(test)]
mod tests {
    use crate::{Configuration, Severity};

    #[test]
    fn times_in_which_nothing_can_be_done_are_told() {
        let told = |attributes: &str| -> Vec<(u32, String)> {
            let text = format!(
                "<configuration><system.serviceModel><bindings><wsHttpBinding>\n<binding name=\"b\" {attributes}\n</binding>\
                 </wsHttpBinding></bindings></system.serviceModel></configuration>"
            );
            let all = Configuration::load(&text).diagnostics.into_iter();
            let found = all.filter(|d| d.severity != Severity::Note);
            found.map(|d| (d.line, format!("{}: {}", d.code, d.message))).collect()
        };
        let found = told("openTimeout=\"00:00:00\"\n sendTimeout=\"00:00:00.05\">");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].0 == 2 && found[0].1.starts_with("short-time: openTimeout is 0"),
            "{found:?}"
        );
        assert!(found[1].0 == 3 && found[1].1.contains("until its answer"), "{found:?}");
        let found = told("><reliableSession enabled=\"true\" inactivityTimeout=\"00:00:00.01\"/>");
        assert!(found.len() == 1 && found[0].1.contains("the other side is silent"), "{found:?}");
        assert_eq!(told("openTimeout=\"00:00:01\" sendTimeout=\"Infinite\">"), []);
    }
}
