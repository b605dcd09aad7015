//! The help page: for people who open the address of a service in a browser.

use std::fmt::Write as _;

/// What the page tells.
pub(super) struct Help<'a> {
    pub(super) service: &'a str,
    /// Names and addresses of endpoints; nothing of them is told where metadata is not published.
    pub(super) endpoints: Vec<(&'a str, String)>,
    /// The address of the pages, if metadata is published there.
    pub(super) metadata: Option<String>,
}

const STYLE: &str = "body{font-family:sans-serif;margin:2em;max-width:60em;line-height:1.4}code,pre{background:#f2f2f2;padding:.1em .3em}\
                     pre{padding:.8em;overflow:auto}td{padding:.2em 1em .2em 0;vertical-align:top}";

/// The page, as HTML that loads nothing and runs nothing.
pub(super) fn page(help: &Help<'_>) -> String {
    let service = escaped(help.service);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{service}</title><style>{STYLE}</style></head>\n<body>\n\
         <h1>{service}</h1>\n<p>This is a SOAP service. Programs call it; there is nothing to see here.</p>\n"
    );
    match &help.metadata {
        None => out.push_str(
            "<p>It does not publish its metadata here. Whoever runs it can turn that on with <code>&lt;serviceMetadata \
             httpGetEnabled=\"true\"/&gt;</code> in the behavior of the service (<code>httpsGetEnabled</code> over HTTPS).</p>\n",
        ),
        Some(base) => {
            let base = escaped(base);
            let _ = write!(
                out,
                "<p>Its metadata: <a href=\"{base}?wsdl\">{base}?wsdl</a>, in one document <a href=\"{base}?singleWsdl\">{base}?singleWsdl</a>.</p>\n\
                 <p>To make a client of it:</p>\n<pre>waxwing import {base}?wsdl\nsvcutil.exe {base}?wsdl\nwsimport {base}?singleWsdl\npython -m zeep {base}?wsdl</pre>\n"
            );
        }
    }
    if !help.endpoints.is_empty() {
        out.push_str("<h2>Endpoints</h2>\n<table>\n");
        for (name, address) in &help.endpoints {
            let (name, address) = (escaped(name), escaped(address));
            let _ = writeln!(out, "<tr><td>{name}</td><td><code>{address}</code></td></tr>");
        }
        out.push_str("</table>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_becomes_markup() {
        let help = Help {
            service: "<script>",
            endpoints: vec![("a\"b", "http://x/?a&b".to_owned())],
            metadata: Some("http://x/'y".to_owned()),
        };
        let page = page(&help);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
        assert!(page.contains("a&quot;b") && page.contains("?a&amp;b"), "{page}");
    }
}
