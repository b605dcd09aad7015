//! Files as editors save them: byte order marks, UTF-16, line ends of Windows.

use waxwing_binding::{Configuration, DecodeError, decode};

const FILE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  \
    <system.serviceModel>\r\n    <bindings>\r\n      <wsHttpBinding>\r\n        <binding name=\"Zürich\" \
    sendTimeout=\"1min\" />\r\n      </wsHttpBinding>\r\n    </bindings>\r\n  \
    </system.serviceModel>\r\n</configuration>\r\n";

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn every_encoding_gives_the_same_findings() {
    let declared = |name: &str| FILE.replace("utf-8", name);
    let latin1 =
        declared("ISO-8859-1").chars().map(|c| u8::try_from(c).expect("Latin 1")).collect();
    let forms = [
        FILE.as_bytes().to_vec(),
        FILE.replace(" encoding=\"utf-8\"", "").into_bytes(),
        [b"\xef\xbb\xbf", FILE.as_bytes()].concat(),
        utf16(&declared("utf-16"), u16::to_le_bytes),
        utf16(&declared("UTF-16"), u16::to_be_bytes),
        // Without a mark the first character tells.
        utf16(&declared("utf-16"), u16::to_le_bytes)[2..].to_vec(),
        utf16(&declared("ucs-2"), u16::to_be_bytes)[2..].to_vec(),
        latin1,
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
        assert_eq!(decode(bytes), Err(DecodeError::NoText));
    }
}

/// WCF's reader switches to the encoding that is declared, and cannot.
#[test]
fn what_is_not_as_it_declares_is_refused() {
    let declared = |name: &str| FILE.replace("utf-8", name);
    let refused = |bytes: &[u8]| decode(bytes).expect_err("refused");
    for name in ["utf-16", "UTF-16", "ucs-2"] {
        let text = declared(name);
        let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &with_mark] {
            let DecodeError::NotUtf16(_) = refused(bytes) else { panic!("{name}") };
            assert!(refused(bytes).to_string().contains("Cannot switch to Unicode."));
        }
    }
    for name in ["utf-8", "us-ascii"] {
        let bytes = utf16(&declared(name), u16::to_le_bytes);
        assert_eq!(refused(&bytes), DecodeError::NotAsDeclared(name.to_owned()));
    }
    let other = declared("shift_jis");
    assert_eq!(refused(other.as_bytes()), DecodeError::Encoding("shift_jis".to_owned()));
    assert_eq!(
        refused(declared("us-ascii").as_bytes()),
        DecodeError::Encoding("us-ascii".to_owned())
    );
}
