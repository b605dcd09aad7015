//! Which references may be followed.

use super::options::LoadOptions;
use crate::location::Location;

/// Why a reference is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// From a URL, or out of the folder, to a file.
    File,
    /// To a URL of another origin.
    Origin,
}

/// Whether a document at `from`, which came with the folder `root`, may have what is at `to`.
pub(super) fn check(
    options: &LoadOptions,
    root: &str,
    from: &Location,
    to: &Location,
) -> Result<(), Refused> {
    let (from_origin, to_origin) = (from.origin(), to.origin());
    match to.scheme().as_deref() {
        None if from.scheme().is_none() => match is_below(root, to.as_str()) {
            true => Ok(()),
            false => Err(Refused::File),
        },
        None | Some("file") => Err(Refused::File),
        Some("http" | "https") => {
            let allowed = is_one_origin(from_origin.as_deref(), to_origin.as_deref())
                || to_origin.is_some_and(|origin| options.allows_origin(&origin));
            if allowed { Ok(()) } else { Err(Refused::Origin) }
        }
        Some(_) => Err(Refused::Origin),
    }
}

/// One document has one location: of a service of this machine that by the name that it was asked by, and an empty path of a URL is
/// `/` (RFC 3986 §6.2.3).
pub(super) fn in_one_form(from: &Location, to: Location) -> Location {
    let (Some(scheme), Some(other)) = (to.scheme(), to.origin()) else { return to };
    let own = from.origin().filter(|own| *own != other && is_one_origin(Some(own), Some(&other)));
    let rest = to.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let has_path = path.starts_with('/') || !matches!(scheme.as_str(), "http" | "https");
    if own.is_none() && has_path {
        return to;
    }
    let origin = own.unwrap_or_else(|| format!("{scheme}://{authority}"));
    Location::new(format!("{origin}{}{path}", if has_path { "" } else { "/" }))
}

/// Whether two origins are one: a service of this machine calls itself `localhost`, whichever of its names it was asked by.
fn is_one_origin(one: Option<&str>, other: Option<&str>) -> bool {
    let plain = |origin: Option<&str>| {
        let (scheme, authority) = origin?.split_once("://")?;
        let port = ["localhost", "127.0.0.1", "[::1]"].into_iter().find_map(|name| {
            let rest = authority.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with(':')).then_some(rest)
        })?;
        Some((scheme.to_owned(), port.to_owned()))
    };
    one == other || plain(one).is_some_and(|one| plain(other) == Some(one))
}

/// Whether the path of a file is below a folder, by their steps; the empty one is the working folder.
fn is_below(root: &str, path: &str) -> bool {
    let is_absolute = |path: &str| path.starts_with('/') || path.get(1..3) == Some(":/");
    let rest = match root {
        "" if is_absolute(path) => return false,
        "" | "." => Some(path),
        root => path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')),
    };
    rest.is_some_and(|rest| !rest.split('/').any(|step| step == ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_location() {
        for (from, to, expected) in [
            (
                "http://localhost:8000/a?wsdl",
                "http://127.0.0.1:8000/a?wsdl",
                "http://localhost:8000/a?wsdl",
            ),
            ("http://[::1]/a", "http://localhost?x", "http://[::1]/?x"),
            ("http://localhost:8000/a", "http://127.0.0.1:8001/b", "http://127.0.0.1:8001/b"),
            ("http://h/a", "http://localhost/b", "http://localhost/b"),
            ("http://h/a", "HTTP://h?wsdl", "http://h/?wsdl"),
            ("http://h/a", "net.tcp://h", "net.tcp://h"),
            ("a/x", "http://localhost/b", "http://localhost/b"),
        ] {
            let found = in_one_form(&Location::new(from), Location::new(to));
            assert_eq!(found.as_str(), expected);
        }
    }

    #[test]
    fn nothing_leads_out_of_its_folder_or_origin() {
        let allow = |origin: &str| LoadOptions {
            allowed_origins: vec![origin.to_owned()],
            ..LoadOptions::default()
        };
        let none = LoadOptions::default();
        for (options, root, from, to, expected) in [
            (&none, "a", "a/x.wsdl", "a/b/y.xsd", Ok(())),
            (&none, "a", "a/x.wsdl", "ab/y.xsd", Err(Refused::File)),
            (&none, "a", "a/x.wsdl", "y.xsd", Err(Refused::File)),
            (&none, "", "x.wsdl", "y.xsd", Ok(())),
            (&none, "", "x.wsdl", "../y.xsd", Err(Refused::File)),
            (&none, "", "x.wsdl", "/etc/passwd", Err(Refused::File)),
            (&none, "/a", "/a/x.wsdl", "/../a/y.xsd", Err(Refused::File)),
            (&none, "a", "http://h/x", "a/y.xsd", Err(Refused::File)),
            (&none, "", "http://h/x", "file:///etc/passwd", Err(Refused::File)),
            (&none, "a", "a/x", "file:///a/y", Err(Refused::File)),
            (&none, "", "http://h/x", "http://h:80/y", Ok(())),
            (&none, "", "http://h/x", "https://h/y", Err(Refused::Origin)),
            (&none, "", "http://h/x", "http://h:8080/y", Err(Refused::Origin)),
            (&none, "a", "a/x", "http://h/y", Err(Refused::Origin)),
            (&none, "", "http://127.0.0.1:8000/x", "http://localhost:8000/y", Ok(())),
            (&none, "", "http://[::1]:8000/x", "http://127.0.0.1:8000/y", Ok(())),
            (&none, "", "http://127.0.0.1:8000/x", "http://localhost:8001/y", Err(Refused::Origin)),
            (&none, "", "http://127.0.0.1/x", "http://localhost.evil/y", Err(Refused::Origin)),
            (&none, "", "http://h/x", "http://localhost/y", Err(Refused::Origin)),
            (&none, "a", "a/x", "http://localhost/y", Err(Refused::Origin)),
            (&allow("h"), "a", "a/x", "http://h:99/y", Ok(())),
            (&allow("h:99"), "a", "a/x", "http://h:99/y", Ok(())),
            (&allow("h:99"), "a", "a/x", "http://h/y", Err(Refused::Origin)),
            (&allow("https://h"), "a", "a/x", "http://h/y", Err(Refused::Origin)),
            (&allow("*"), "", "http://h/x", "https://other/y", Ok(())),
            (&allow("*"), "", "http://h/x", "file:///etc/passwd", Err(Refused::File)),
            (&allow("*"), "", "http://h/x", "ftp://h/y", Err(Refused::Origin)),
        ] {
            let found = check(options, root, &Location::new(from), &Location::new(to));
            assert_eq!(found, expected, "{from} -> {to}");
        }
    }
}
