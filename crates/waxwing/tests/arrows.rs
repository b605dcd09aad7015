//! The edges inside `waxwing` (docs/architecture.md): which module may use which; and that in no crate files use each other
//! in a circle. Read from the `use` lines and the `crate::` paths of the sources; what stands behind `#[cfg(test)]` is free.

#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each module of the crate's root with those that it may use: what stands further down in this list is used by what
/// stands above, never the other way round.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &["service", "client", "metadata", "configuration", "certificates", "contract"]),
    ("kept", &["outbox", "service", "store"]),
    (
        "service",
        &[
            "authentication",
            "backlog",
            "callback_hosts",
            "certificates",
            "cluster",
            "configuration",
            "contract",
            "cookie_keys",
            "encoding",
            "environment",
            "events",
            "future",
            "layer",
            "link_encoding",
            "log",
            "net",
            "panics",
            "quotas",
            "requirements",
            "store",
            "streaming",
            "trace",
            "turns",
        ],
    ),
    ("metadata", &["authentication", "certificates", "client", "contract", "environment", "net"]),
    ("outbox", &["client", "configuration", "contract", "environment", "events", "store"]),
    (
        "client",
        &[
            "alarms",
            "authentication",
            "backlog",
            "certificates",
            "configuration",
            "contract",
            "encoding",
            "environment",
            "events",
            "future",
            "layer",
            "link_encoding",
            "log",
            "net",
            "panics",
            "quotas",
            "requirements",
            "streaming",
            "trace",
            "turns",
        ],
    ),
    ("check", &["certificates", "configuration", "cookie_keys"]),
    (
        "configuration",
        &["callback_hosts", "certificates", "cluster", "cookie_keys", "store", "trace"],
    ),
    ("cluster", &["future", "net", "store"]),
    // Processes that share a store have random names.
    ("store", &["environment"]),
    ("certificates", &["authentication", "future", "revocation"]),
    ("revocation", &["authentication", "future"]),
    ("security", &["authentication", "digest"]),
    ("authentication", &["digest", "future", "panics"]),
    ("streaming", &["contract", "net"]),
    ("layer", &["contract", "future", "log"]),
    ("requirements", &["contract"]),
    ("contract", &["future"]),
    ("net", &["digest", "future", "log", "panics", "turns"]),
    ("trace", &["files"]),
    ("alarms", &[]),
    ("backlog", &[]),
    ("callback_hosts", &[]),
    ("cookie_keys", &[]),
    ("digest", &[]),
    ("encoding", &[]),
    ("environment", &[]),
    ("events", &[]),
    ("files", &[]),
    ("future", &[]),
    ("link_encoding", &[]),
    ("log", &[]),
    ("manual", &[]),
    ("panics", &[]),
    ("quotas", &[]),
    ("reliable", &[]),
    ("turns", &[]),
];

/// A source file: its path below `src`, its module, what it says.
struct Source {
    path: String,
    module: Vec<String>,
    code: String,
}

/// The sources of a crate of the workspace.
fn sources(of: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(of).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(&root, &path));
            }
        }
    }
    found.retain(|source| source.module.iter().all(|name| name != "tests"));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn source(root: &Path, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).expect("a source");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let path = path.strip_prefix(root).expect("below src").to_str().expect("text").to_owned();
    let module = path.trim_end_matches(".rs").split('/').map(str::to_owned);
    let module = module.filter(|name| name != "mod" && name != "lib").collect();
    Source { path, module, code }
}

impl Source {
    /// The paths of its `use` lines, each absolute from the crate's root; whether a line gives the name to others.
    fn uses(&self) -> Vec<(Vec<String>, bool)> {
        let mut all = Vec::new();
        let mut lines = self.code.lines();
        while let Some(line) = lines.next() {
            let is_indented = line.starts_with(' ');
            let line = line.trim_start();
            let is_public = line.starts_with("pub ") || line.starts_with("pub(");
            let Some((_, rest)) = line.split_once("use ").filter(|(before, _)| {
                before.is_empty() || (is_public && !before.trim_end().contains([' ', '"']))
            }) else {
                continue;
            };
            let mut statement = rest.to_owned();
            while !statement.contains(';') {
                statement += lines.next().expect("a `use` ends");
            }
            let statement: String = statement.split(';').next().unwrap_or_default().to_owned();
            let mut paths = Vec::new();
            expand("", &statement.replace(char::is_whitespace, " "), &mut paths);
            // What is indented and public stands in a module within the file.
            let inner = is_public && is_indented;
            let own = |path: &String| {
                if inner { path.replacen("super::", "self::", 1) } else { path.clone() }
            };
            all.extend(
                paths.iter().filter_map(|path| Some((self.absolute(&own(path))?, is_public))),
            );
        }
        all
    }

    /// A path from the crate's root; none of what another crate has.
    fn absolute(&self, path: &str) -> Option<Vec<String>> {
        let segments: Vec<&str> = path.split("::").map(str::trim).collect();
        let (mut base, rest) = match segments.split_first()? {
            (&"crate", rest) => (Vec::new(), rest),
            (&"self" | &"super", _) => (self.module.clone(), &segments[..]),
            // `pub use child::Name` of a module that has the child.
            (child, _) if self.code.contains(&format!("mod {child};")) => {
                (self.module.clone(), &segments[..])
            }
            _ => return None,
        };
        for segment in rest {
            match *segment {
                "self" => {}
                "super" => drop(base.pop()),
                name => base.push(name.split(" as ").next().unwrap_or(name).to_owned()),
            }
        }
        Some(base)
    }
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, out: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    let mut pieces = Vec::new();
    for (at, character) in tree.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&tree[start..]);
    for piece in pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()) {
        match piece.split_once('{') {
            Some((head, inner)) => {
                expand(&format!("{prefix}{head}"), inner.trim_end().trim_end_matches('}'), out)
            }
            None => out.push(format!("{prefix}{piece}")),
        }
    }
}

#[test]
fn modules_use_what_stands_below_them() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let order: Vec<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut wrong = BTreeSet::new();
    for (at, (name, arrows)) in ARROWS.iter().enumerate() {
        for arrow in *arrows {
            let below = order.iter().position(|other| other == arrow);
            assert!(below.is_some_and(|below| below > at), "{name} -> {arrow} points up");
        }
    }
    let mut seen = BTreeSet::new();
    for source in sources("waxwing").iter().filter(|source| !source.module.is_empty()) {
        let group = source.module[0].as_str();
        let arrows = allowed.get(group).unwrap_or_else(|| panic!("{group} has no place in ARROWS"));
        let inline = source.code.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_owned()
        });
        let used = source.uses().into_iter().filter_map(|(path, _)| path.into_iter().next());
        for other in inline.chain(used).filter(|other| order.contains(&other.as_str())) {
            seen.insert((group.to_owned(), other.clone()));
            if other != group && !arrows.contains(&other.as_str()) {
                wrong.insert(format!("{} -> {other}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the architecture does not have: {wrong:#?}");
    assert!(seen.len() > 30, "the sources are read: {}", seen.len());
}

/// The crates, with how many arrows their files have at least: fewer, and the sources were not read.
const CRATES: &[(&str, usize)] = &[
    ("binding", 100),
    ("build", 40),
    ("cli", 60),
    ("crypto", 20),
    ("datacontract", 60),
    ("macros", 30),
    ("metadata", 300),
    ("reliable", 60),
    ("session", 60),
    ("soap", 10),
    ("store", 40),
    ("testkit", 0),
    ("waxwing", 200),
];

/// Crates with circles: a parent has the state, its children the steps, and they name each other.
const WITH_CIRCLES: [&str; 2] = ["security", "xml"];

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut folders: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .expect("the crates")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    folders.sort();
    folders.retain(|name| !WITH_CIRCLES.contains(&name.as_str()));
    assert!(folders.iter().eq(CRATES.iter().map(|(name, _)| name)), "{folders:?} are the crates");
    let mut wrong = BTreeMap::new();
    for (name, least) in CRATES {
        let sources = sources(name);
        let edges = edges(&sources);
        let count = edges.iter().map(BTreeSet::len).sum::<usize>();
        assert!(count >= *least, "the sources of {name} are read: {count} arrows");
        for circle in circles(&sources, &edges) {
            let files: Vec<_> = circle.into_iter().map(str::to_owned).collect();
            wrong.entry(*name).or_insert_with(Vec::new).push(files);
        }
    }
    assert!(wrong.is_empty(), "files that use each other in a circle: {wrong:#?}");
}

/// The files that each file uses.
fn edges(sources: &[Source]) -> Vec<BTreeSet<usize>> {
    let by_module: BTreeMap<&[String], usize> =
        sources.iter().enumerate().map(|(at, source)| (&source.module[..], at)).collect();
    let uses: Vec<_> = sources.iter().map(Source::uses).collect();
    // The file that a path leads to, through what modules give on from their children.
    let resolve = |path: &[String]| -> Option<usize> {
        let mut path = path.to_vec();
        for _ in 0..4 {
            let depth = (1..=path.len()).rev().find(|n| by_module.contains_key(&path[..*n]))?;
            let file = by_module[&path[..depth]];
            let given_on = path.get(depth).and_then(|name| {
                let given = uses[file].iter().find(|(to, is_public)| {
                    *is_public && to.last() == Some(name) && to.len() > depth + 1
                });
                given.map(|(to, _)| to.clone())
            });
            match given_on {
                Some(to) => path = to,
                None => return Some(file),
            }
        }
        None
    };
    let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); sources.len()];
    for (from, used) in uses.iter().enumerate() {
        for (path, is_public) in used {
            if let Some(to) = resolve(path).filter(|to| *to != from && !is_public) {
                edges[from].insert(to);
            }
        }
    }
    edges
}

/// The circles, each by the paths of its files.
fn circles<'s>(sources: &'s [Source], edges: &[BTreeSet<usize>]) -> BTreeSet<Vec<&'s str>> {
    let reaches = |from: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            open.extend(edges[at].iter().copied().filter(|to| seen.insert(*to)));
        }
        seen
    };
    let reach: Vec<_> = (0..sources.len()).map(reaches).collect();
    let mut circles = BTreeSet::new();
    for from in 0..sources.len() {
        let circle = reach[from].iter().copied().filter(|to| reach[*to].contains(&from));
        let circle: Vec<_> = circle.map(|at| sources[at].path.as_str()).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles
}
