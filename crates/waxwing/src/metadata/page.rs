//! Pages for people that came where a document was hoped for.

use waxwing_metadata::Location;

/// The most links of a page that are tried.
const MAX_LINKS: usize = 3;

/// Addresses of the same origin that a page names as a WSDL, in order.
pub(super) fn links(page: &Location, octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(256 << 10)]).into_owned();
    let mut found = Vec::new();
    for piece in text.split(['"', '\'', '<', '>', ' ', '\n', '\r', '\t']) {
        let lower = piece.to_ascii_lowercase();
        if !lower.ends_with("?wsdl") && !lower.ends_with("?singlewsdl") && !lower.ends_with(".wsdl")
        {
            continue;
        }
        let link = page.join(&piece.replace("&amp;", "&"));
        let link = link.as_str().to_owned();
        if Location::new(link.as_str()).origin() == page.origin() && !found.contains(&link) {
            found.push(link);
        }
        if found.len() == MAX_LINKS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_help_page_are_found() {
        let page = Location::new("http://h:8000/calc");
        let text = "<P>svcutil.exe <A HREF=\"http://h:8000/calc?wsdl\">http://h:8000/calc?wsdl</A>\
                    <A href='/calc?singleWsdl'>x</A> <a href=\"http://evil/x?wsdl\">";
        let found = links(&page, text.as_bytes());
        assert_eq!(found, ["http://h:8000/calc?wsdl", "http://h:8000/calc?singleWsdl"]);
    }
}
