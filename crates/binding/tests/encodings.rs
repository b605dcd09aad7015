//! Files as editors save them: byte order marks, UTF-16, line ends of Windows.

use waxwing_binding::{Configuration, DecodeError, decode};

const FILE: &str = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<configuration>\r\n  \
    <system.serviceModel>\r\n    <bindings>\r\n      <wsHttpBinding>\r\n        <binding name=\"Zürich\" \
    sendTimeout=\"1min\" />\r\n      </wsHttpBinding>\r\n    </bindings>\r\n  \
    </system.serviceModel>\r\n</configuration>\r\n";

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn every_encoding_gives_the_same_findings() {
    let forms = [
        FILE.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", FILE.as_bytes()].concat(),
        utf16(FILE, u16::to_le_bytes),
        utf16(FILE, u16::to_be_bytes),
    ];
    for bytes in forms {
        let text = decode(&bytes).expect("text");
        let loaded = Configuration::load(&text);
        assert_eq!(loaded.configuration.bindings[0].name(), "Zürich");
        let [d] = &loaded.diagnostics[..] else { panic!("{:#?}", loaded.diagnostics) };
        assert_eq!((d.code, d.line, d.column), ("bad-value", 6, 45));
        let marked: String =
            d.excerpt.text.chars().skip(d.excerpt.start).take(d.excerpt.length).collect();
        assert_eq!(marked, "1min");
        assert!(!d.excerpt.text.contains('\r'));
    }
}

#[test]
fn a_mark_left_in_the_text_does_no_harm() {
    let loaded = Configuration::load(&format!("\u{feff}{FILE}"));
    assert_eq!(loaded.configuration.bindings.len(), 1);
    assert_eq!(loaded.diagnostics.len(), 1, "{:#?}", loaded.diagnostics);
}

#[test]
fn what_is_no_text_is_refused() {
    for bytes in [&b"\xff\xfe\x00"[..], b"\xff\xfe\x00\xd8", b"caf\xe9", b"\xef\xbb\xbf\xff"] {
        assert_eq!(decode(bytes), Err(DecodeError));
    }
}
