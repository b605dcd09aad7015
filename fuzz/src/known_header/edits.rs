//! Edits of a message: of any octets of it, or such as mostly leave it well-formed.

/// What is put in the place of something else, or beside it.
const PIECES: [&str; 70] = [
    "",
    " ",
    "\n",
    "'",
    "\"",
    ">",
    "/>",
    "<!---->",
    "<?p?>",
    "<![CDATA[]]>",
    "&#49;",
    "&amp;",
    "&x;",
    "\u{e9}",
    "#",
    "0",
    "00",
    "18446744073709551616",
    "=",
    "AAAA",
    "_0",
    "_1",
    "sct",
    " u:Id=\"_9\"",
    " xml:id=\"_0\"",
    " Id=\"_0\"",
    " xmlns:u=\"urn:other\"",
    " xmlns:c=\"urn:other\"",
    " URI=\"#_0\"",
    " ValueType=\"urn:other\"",
    " c:Instance=\"1\"",
    "<c:Instance>1</c:Instance>",
    "<c:Generation>0</c:Generation>",
    "<c:Label>a</c:Label>",
    "<e:DataReference URI=\"#_9\"/>",
    "</o:Security>",
    "<o:Security>",
    "<u:Expires>2026-11-24T12:05:00.000Z</u:Expires>",
    "<o:x xmlns:o=\"urn:o\"/>",
    "2026-11-24T12:00:00Z",
    " a:x=\"1\"",
    " xmlns:a=\"urn:other\"",
    " xmlns:s=\"urn:other\"",
    " xmlns=\"urn:d\"",
    " xmlns=\"\"",
    " xmlns:p=\"urn:p\" p:q=\"1\"",
    " u:Id=\"_0\"",
    " u:Id=\"_1\"",
    " u:Id=\"_2\"",
    " u:Id=\"_3\"",
    " u:Id=\"sct\"",
    " Id=\"_1\"",
    " Id=\"_2\"",
    " xml:id=\"_1\"",
    " xml:lang=\"de\"",
    " s:role=\"urn:r\"",
    "<x u:Id=\"_2\"/>",
    "<x>a</x>",
    "<y:x xmlns:y=\"urn:y\">1</y:x>",
    "<![CDATA[<>&]]>",
    "\r",
    "\t",
    "&#13;",
    "&lt;",
    "&gt;",
    "]]",
    "<a:To u:Id=\"_9\">urn:to</a:To>",
    "<a:Action>urn:act</a:Action>",
    "&#9;",
    "\r\n",
];

/// One edit of a text: what is cut out, and what stands there then.
pub(super) fn edit(text: &mut String, edit: [u8; 6], begin: usize, end: usize) {
    let [how, high, low, cut, what, length] = edit.map(usize::from);
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let within = |place: usize| {
        let mut place = begin + place % (end - begin).max(1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    };
    let mut place = within(high << 8 | low);
    if how & 1 != 0 {
        // Where something begins or ends.
        let marks = ['<', '>', '"', ' '];
        let next = text[place..end].find(marks).map_or(end, |at| place + at);
        place = if how & 2 != 0 { (next + 1).min(end) } else { next };
    }
    let cut = within(place - begin + cut % 64).max(place);
    let piece = match how >> 2 & 3 {
        // What stands elsewhere in it, or in another place.
        0 => text[within(what * 8)..].chars().take(length).collect(),
        1 => char::from(what as u8 & 0x7F).to_string(),
        _ => PIECES[what % PIECES.len()].to_owned(),
    };
    text.replace_range(place..if how & 16 != 0 { cut } else { place }, &piece);
}

/// One that mostly leaves the text well-formed: an attribute, white space or content more, an element copied elsewhere.
pub(super) fn mend(text: &mut String, edit: [u8; 6], begin: usize, end: usize) {
    let [how, high, low, cut, what, length] = edit.map(usize::from);
    let end = end.min(text.len());
    let tags: Vec<usize> =
        text.bytes().enumerate().filter(|(_, octet)| *octet == b'>').map(|(at, _)| at).collect();
    let within: Vec<usize> = tags.iter().copied().filter(|at| (begin..end).contains(at)).collect();
    let Some(close) = within.get((high << 8 | low) % within.len().max(1)).copied() else { return };
    let open = text[..close].rfind('<').unwrap_or(0);
    let tag = &text[open..close];
    let is_start = !tag.starts_with("</") && !tag.starts_with("<!");
    let name = tag.trim_start_matches('<').split([' ', '/']).next().unwrap_or_default().to_owned();
    let behind = close - usize::from(tag.ends_with('/'));
    let is_attribute = |piece: &&str| piece.starts_with(' ') && piece.contains('=');
    let attributes: Vec<&str> = PIECES.into_iter().filter(is_attribute).collect();
    let attribute = attributes[what % attributes.len()];
    match how % 6 {
        0 | 1 if is_start => text.insert_str(behind, attribute),
        2 if is_start => text.insert_str(open + 1 + name.len(), attribute),
        3 => text.insert_str(behind, ["\n", " ", "\t", "  "][what % 4]),
        4 if is_start => {
            let last = format!("</{name}>");
            let found = text[close..].find(&last).map(|at| close + at + last.len());
            let stop = if tag.ends_with('/') { Some(close + 1) } else { found };
            let piece = stop.map(|stop| text[open..stop].to_owned()).unwrap_or_default();
            text.insert_str(tags[(cut << 3 | length) % tags.len()] + 1, &piece);
        }
        _ => {
            let contents: Vec<&str> = PIECES.into_iter().filter(|one| !is_attribute(one)).collect();
            text.insert_str(close + 1, contents[what % contents.len()]);
        }
    }
}

/// An input of a few edits, most of them of what stands between tags and quotes; `below` gives any number below another.
pub fn make(mut below: impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut made = vec![below(256) as u8];
    for _ in 0..below(3) {
        let how = [0x0b, 0x1b, 0x08, 0x07, 0x13, 0x18, below(256)][below(7)];
        let cut = [0, 1, 2, below(256)][below(4)];
        let how = how | below(8) << 5;
        let edit = [how, below(256), below(256), cut, below(256), below(40)];
        made.extend(edit.map(|octet| octet as u8));
    }
    made
}
