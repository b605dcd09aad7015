//! Values that are lists or have spellings of their own: HTTP authentication schemes, TLS
//! versions, character encodings.

use std::fmt;

use crate::suggest;
use crate::values::{Kind, Rule, Stage, Value, ValueError};

/// Declares a set of named bits, written as a comma list.
macro_rules! flags {
    (
        $(#[$meta:meta])*
        pub struct $T:ident;
        $( $(#[$vmeta:meta])* $V:ident = $bits:literal, $text:literal; )+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $T(u32);

        impl $T {
            $( $(#[$vmeta])* pub const $V: $T = $T($bits); )+

            const NAMES: &'static [(u32, &'static str)] = &[ $( ($bits, $text), )+ ];

            /// The members of both.
            pub const fn union(self, other: $T) -> $T {
                $T(self.0 | other.0)
            }

            /// Whether the set has exactly one member.
            pub const fn is_single(self) -> bool {
                self.0.is_power_of_two()
            }

            /// Whether every member of `other` is in the set.
            pub const fn contains(self, other: $T) -> bool {
                self.0 & other.0 == other.0
            }
        }

        impl fmt::Display for $T {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&flags_text(self.0, Self::NAMES))
            }
        }

        impl Value for $T {
            const KIND: Kind = Kind { name: stringify!($T), names: &[ $( $text, )+ ] };

            fn read(text: &str, _: Rule) -> Result<Self, ValueError> {
                read_flags(text, Self::NAMES).map($T)
            }

            fn write(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    };
}

flags! {
    /// HTTP authentication schemes of a transport element; several may be allowed.
    pub struct AuthenticationSchemes;
    /// No request is accepted.
    NONE = 0, "None";
    /// HTTP Digest.
    DIGEST = 1, "Digest";
    /// Negotiate: Kerberos or NTLM.
    NEGOTIATE = 2, "Negotiate";
    /// NTLM.
    NTLM = 4, "Ntlm";
    /// Negotiate or NTLM.
    INTEGRATED_WINDOWS = 6, "IntegratedWindowsAuthentication";
    /// HTTP Basic.
    BASIC = 8, "Basic";
    /// No authentication.
    ANONYMOUS = 0x8000, "Anonymous";
}

flags! {
    /// TLS versions that a stream security upgrade offers.
    pub struct SslProtocols;
    /// What the operating system prefers.
    NONE = 0, "None";
    /// SSL 2.
    SSL2 = 12, "Ssl2";
    /// SSL 3.
    SSL3 = 48, "Ssl3";
    /// TLS 1.0.
    TLS = 192, "Tls";
    /// SSL 3 or TLS 1.0.
    DEFAULT = 240, "Default";
    /// TLS 1.1.
    TLS11 = 768, "Tls11";
    /// TLS 1.2.
    TLS12 = 3072, "Tls12";
}

impl SslProtocols {
    /// What `netTcpBinding` offers unless told otherwise: TLS 1.0, 1.1 and 1.2.
    pub const TCP_DEFAULT: SslProtocols = SslProtocols(192 | 768 | 3072);
}

fn flags_text(bits: u32, names: &[(u32, &str)]) -> String {
    if let Some((_, name)) = names.iter().find(|(b, _)| *b == bits) {
        return (*name).to_owned();
    }
    let single = names.iter().filter(|(b, _)| *b != 0 && bits & b == *b);
    single.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn read_flags(text: &str, names: &[(u32, &str)]) -> Result<u32, ValueError> {
    let mut bits = 0;
    for item in text.split(',') {
        let item = if text.contains(',') { item.trim() } else { item };
        let Some((bit, _)) = names.iter().find(|(_, name)| *name == item) else {
            let list = names.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            return Err(ValueError {
                stage: Stage::Convert,
                wcf: format!("The enumeration value must be one of the following: {list}."),
                message: format!("\"{item}\" is not one of: {list}"),
                suggestion: suggest::nearest(item.trim(), names.iter().map(|(_, name)| *name)),
            });
        };
        bits |= bit;
    }
    Ok(bits)
}

/// Character encoding of text messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextEncoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-16, little endian.
    Utf16,
    /// UTF-16, big endian.
    Utf16BigEndian,
}

impl TextEncoding {
    /// The name in a configuration file.
    pub fn as_str(self) -> &'static str {
        match self {
            TextEncoding::Utf8 => "utf-8",
            TextEncoding::Utf16 => "utf-16",
            TextEncoding::Utf16BigEndian => "unicodeFFFE",
        }
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Encodings that .NET knows by name but WCF refuses for messages.
const REFUSED_ENCODINGS: &[&str] = &[
    "iso-8859-1",
    "iso-8859-15",
    "us-ascii",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "utf-7",
    "utf-32",
    "shift_jis",
    "gb2312",
    "gb18030",
    "big5",
    "euc-jp",
    "koi8-r",
];

impl Value for TextEncoding {
    const KIND: Kind = Kind { name: "encoding", names: &["utf-8", "utf-16", "unicodeFFFE"] };

    fn read(text: &str, _: Rule) -> Result<TextEncoding, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "utf-8" => return Ok(TextEncoding::Utf8),
            "utf-16" | "unicode" | "utf-16le" => return Ok(TextEncoding::Utf16),
            "unicodefffe" | "utf-16be" => return Ok(TextEncoding::Utf16BigEndian),
            _ => {}
        }
        let known = REFUSED_ENCODINGS.iter().any(|name| name.eq_ignore_ascii_case(text));
        let wcf = if known {
            format!("The text encoding '{text}' used in the text message format is not supported.")
        } else {
            format!(
                "'{text}' is not a supported encoding name. For information on defining a custom \
                 encoding, see the documentation for the Encoding.RegisterProvider method."
            )
        };
        let nearest = suggest::nearest(text.trim(), Self::KIND.names.iter().copied());
        Err(ValueError {
            stage: if known { Stage::Apply } else { Stage::Convert },
            wcf,
            message: format!("messages are written in utf-8 or utf-16, not in \"{text}\""),
            suggestion: Some(nearest.unwrap_or_else(|| "utf-8".to_owned())),
        })
    }

    fn write(&self) -> Option<String> {
        Some(self.as_str().to_owned())
    }
}
