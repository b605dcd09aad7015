//! Documentation of WSDL and schemas as doc comments.

use proc_macro2::TokenStream;
use quote::quote;

/// Doc comments of a text: lines without indentation, so that nothing of it is taken for code, and no markup.
pub(super) fn docs(text: Option<&str>) -> TokenStream {
    text.map(|text| lines(text.lines())).unwrap_or_default()
}

/// The same with words of the generator after it, in a paragraph each.
pub(super) fn docs_and(text: Option<&str>, more: &[String]) -> TokenStream {
    let mut all: Vec<String> = Vec::new();
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    for paragraph in text.iter().chain(more) {
        if !all.is_empty() {
            all.push(String::new());
        }
        all.extend(paragraph.lines().map(str::to_owned));
    }
    lines(all.iter().map(String::as_str))
}

fn lines<'t>(text: impl Iterator<Item = &'t str>) -> TokenStream {
    let mut lines: Vec<String> = text.map(|line| escaped(line.trim())).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let lines = lines[first..].iter().map(|line| match line.is_empty() {
        true => String::new(),
        false => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

/// Control characters and those that turn the direction of text around have no place in a source.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Markdown's characters that would make links, HTML, code or headings of plain words.
fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        let leads = at == 0 && matches!(c, '#' | '>' | '+' | '-' | '=' | '~');
        if leads || matches!(c, '[' | ']' | '<' | '>' | '`' | '*' | '\\') {
            text.push('\\');
        }
        text.push(if is_hidden(c) { ' ' } else { c });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(tokens: TokenStream) -> String {
        let file: syn::File = syn::parse2(quote!(#tokens struct S;)).expect("attributes");
        prettyplease::unparse(&file)
    }

    #[test]
    fn words_stay_words() {
        let found =
            text(docs(Some("\n    Adds [n1] & <n2>.\n\n      # not a heading\n    ```code\n")));
        assert_eq!(
            found,
            "/// Adds \\[n1\\] & \\<n2\\>.\n///\n/// \\# not a heading\n/// \\`\\`\\`code\nstruct S;\n"
        );
        assert_eq!(text(docs(None)), "struct S;\n");
        assert_eq!(text(docs(Some(" \n "))), "struct S;\n");
        assert_eq!(
            text(docs_and(Some("a\nb "), &["c".to_owned()])),
            "/// a\n/// b\n///\n/// c\nstruct S;\n"
        );
        assert_eq!(text(docs(Some("a\u{202E}b*/"))), "/// a b\\*/\nstruct S;\n");
    }
}
