//! Attacks of the literature on a call of a session, each a change of its text.

use super::Captured;
use super::wsse_mutate::Mutation;

/// What stands between two texts, with them.
pub fn piece<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap_or_else(|| panic!("{start}"));
    let inner = from + start.len();
    let length = text[inner..].find(end).unwrap_or_else(|| panic!("{end}"));
    &text[from..inner + length + end.len()]
}

/// Other ways to derive the signing key of a call: name, what is replaced, and by what. Those who have no key leave
/// the MAC as it is, so that these prove something only where the MAC is computed anew, as `resigned` does.
pub fn derivations() -> Vec<(String, &'static str, String)> {
    let mut all = Vec::new();
    let offset = "<c:Offset>0</c:Offset>";
    for change in ["65", "1", "-1", "18446744073709551616"] {
        let to = format!("<c:Offset>{change}</c:Offset>");
        all.push((format!("offset {change}"), offset, to));
    }
    for change in ["1", "3", "9223372036854775808"] {
        let to = format!("<c:Generation>{change}</c:Generation>");
        all.push((format!("generation {change}"), offset, to));
    }
    all.push(("two offsets".to_owned(), offset, offset.repeat(2)));
    for length in ["0", "1", "16", "20", "23", "25", "32", "33", "99999999999"] {
        let to = format!("<c:Length>{length}</c:Length>");
        all.push((format!("length {length}"), "<c:Length>24</c:Length>", to));
    }
    for label in ["", "x", "AUTH-HASH", "AUTH-HASH-AND-MORE", &"x".repeat(200)] {
        let to = format!("<c:Label>{label}</c:Label><c:Nonce>");
        all.push((format!("label of {}", label.len()), "<c:Nonce>", to));
    }
    let nonce = format!("<c:Nonce>{}", "AAAA".repeat(50));
    all.push(("a nonce of 166 octets".to_owned(), "<c:Nonce>", nonce));
    all
}

/// The places of a call of a session that are attacked.
#[derive(Clone, Copy)]
struct Places<'t> {
    text: &'t str,
    body: &'t str,
    data: &'t str,
    to: &'t str,
    security: &'t str,
    stamp: &'t str,
    context: &'t str,
    derived: &'t str,
    list: &'t str,
    signature: &'t str,
    method: &'t str,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let body = piece(text, "<s:Body", "</s:Body>");
        let security = piece(text, "<o:Security", "</o:Security>");
        let signature = piece(security, "<e:EncryptedData", "</e:EncryptedData>");
        Self {
            text,
            body,
            data: piece(body, "<e:EncryptedData", "</e:EncryptedData>"),
            to: piece(text, "<a:To", "</a:To>"),
            security,
            stamp: piece(text, "<u:Timestamp", "</u:Timestamp>"),
            context: piece(text, "<c:SecurityContextToken", "</c:SecurityContextToken>"),
            derived: piece(text, "<c:DerivedKeyToken", "</c:DerivedKeyToken>"),
            list: piece(text, "<e:ReferenceList", "</e:ReferenceList>"),
            signature,
            method: piece(signature, "<e:EncryptionMethod", "/>"),
        }
    }
}

const UTILITY: &str = "xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\"";

const PLAIN: &str =
    "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\"><n1>1</n1><n2>2</n2></Add>";

fn forged(attributes: &str) -> String {
    format!("<s:Body{attributes}>{PLAIN}</s:Body>")
}

struct Attacks<'t> {
    places: Places<'t>,
    all: Vec<Mutation>,
}

/// Attacks of the literature (message-security: attacks and pitfalls) on a call of a session.
pub fn known_attacks(message: &Captured) -> Vec<Mutation> {
    let mut attacks = Attacks { places: Places::of(message.text()), all: Vec::new() };
    attacks.bodies();
    attacks.headers();
    attacks.security_headers();
    attacks.signature_and_timestamp();
    attacks.keys();
    attacks.lists();
    attacks.encryption();
    attacks.tokens();
    attacks.documents();
    attacks.all
}

impl Attacks<'_> {
    fn add(&mut self, name: &str, changes: &[(&str, &str)]) {
        let mut changed = self.places.text.to_owned();
        for (from, to) in changes {
            assert!(changed.contains(from), "{name}: {from}");
            changed = changed.replacen(from, to, 1);
        }
        self.all.push(Mutation { name: name.to_owned(), body: changed.into_bytes() });
    }

    /// A Body that is moved, doubled or in clear.
    fn bodies(&mut self) {
        let Places { body, data, .. } = self.places;
        let wrapped = format!("<w:W xmlns:w=\"urn:w\">{body}</w:W></s:Header>");
        for (name, attributes) in
            [("its id", " u:Id=\"_0\""), ("another id", " u:Id=\"_99\""), ("no id", "")]
        {
            let name = format!("Body in a header, a new one with {name}");
            self.add(&name, &[(body, &forged(attributes)), ("</s:Header>", &wrapped)]);
        }
        let double = format!("{body}{}", forged(" u:Id=\"_98\""));
        self.add("a second Body after", &[(body, &double)]);
        let double = format!("{}{body}", forged(" u:Id=\"_98\""));
        self.add("a second Body before", &[(body, &double)]);
        let inside = format!("<s:Body u:Id=\"_98\">{body}{PLAIN}</s:Body>");
        self.add("Body within a Body", &[(body, &inside)]);
        self.add("content before the encrypted content", &[(data, &format!("{PLAIN}{data}"))]);
        self.add("content after the encrypted content", &[(data, &format!("{data}{PLAIN}"))]);
        self.add("white space after the encrypted content", &[(data, &format!("{data} "))]);
        self.add("the content in clear", &[(data, PLAIN)]);
        self.add(
            "the content in clear, not listed",
            &[(data, PLAIN), ("<e:DataReference URI=\"#_1\"/>", "")],
        );
    }

    /// Headers that are moved, doubled or not signed.
    fn headers(&mut self) {
        let Places { to, .. } = self.places;
        let other = to.replace("127.0.0.1", "10.0.0.1").replace(" u:Id=\"_6\"", "");
        let moved = format!("{other}<w:W xmlns:w=\"urn:w\">{to}</w:W>");
        self.add("To in a header, a new one without id", &[(to, &moved)]);
        let within = format!("<a:To>http://10.0.0.1/{to}</a:To>");
        self.add("To within another To", &[(to, &within)]);
        let extra =
            "<r:AckRequested><r:Identifier>urn:x</r:Identifier></r:AckRequested></s:Header>";
        self.add("a reliable-messaging header that is not signed", &[("</s:Header>", extra)]);
        let from = "<a:From><a:Address>urn:x</a:Address></a:From></s:Header>";
        self.add("an addressing header that is not signed", &[("</s:Header>", from)]);
        self.add("a second Action", &[("</s:Header>", "<a:Action>urn:x</a:Action></s:Header>")]);
    }

    /// The Security header itself.
    fn security_headers(&mut self) {
        let Places { data, security, .. } = self.places;
        self.add("no Security header", &[(security, "")]);
        self.add("two Security headers", &[(security, &format!("{security}{security}"))]);
        self.add(
            "an empty second Security header",
            &[(
                security,
                &format!(
                    "<o:Security xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"/>{security}"
                ),
            )],
        );
        self.add(
            "a Security header within the Security header",
            &[("</o:Security>", &format!("{security}</o:Security>"))],
        );
        self.add(
            "all of it within a Security header",
            &[(security, &security.replacen('>', &format!(">{security}"), 1).to_string())],
        );
        let for_another =
            security.replacen("s:mustUnderstand", "s:role=\"urn:next\" s:mustUnderstand", 1);
        self.add("Security for another role", &[(security, &for_another)]);
        self.add("Security in the Body", &[(security, ""), (data, &format!("{data}{security}"))]);
    }

    /// What every Security header has once.
    fn signature_and_timestamp(&mut self) {
        let Places { stamp, signature, .. } = self.places;
        self.add("no signature", &[(signature, "")]);
        self.add(
            "no signature, not listed",
            &[(signature, ""), ("<e:DataReference URI=\"#_7\"/>", "")],
        );
        self.add(
            "two signatures",
            &[(signature, &format!("{signature}{}", signature.replace("_7", "_97")))],
        );
        self.add("no timestamp", &[(stamp, "")]);
        self.add(
            "two timestamps",
            &[(stamp, &format!("{stamp}{}", stamp.replace("-11\"", "-97\"")))],
        );
        let moved = format!("{signature}{stamp}");
        self.add("the timestamp after the signature", &[(stamp, ""), (signature, &moved)]);
        let fresh = stamp.replace("12:35", "12:36").replace("12:40", "12:41");
        self.add("a fresh timestamp", &[(stamp, &fresh)]);
        let inverted =
            stamp.replace("Created", "X").replace("Expires", "Created").replace('X', "Expires");
        self.add("Expires before Created", &[(stamp, &inverted)]);
        self.add("an element in the timestamp", &[("</u:Timestamp>", "<u:Extra/></u:Timestamp>")]);
    }

    /// Contexts, derived keys, and who uses which.
    fn keys(&mut self) {
        let Places { data, context, derived, .. } = self.places;
        self.add("no security context token", &[(context, "")]);
        self.add(
            "two security context tokens",
            &[(context, &format!("{context}{}", context.replace("-5\"", "-97\"")))],
        );
        let moved = format!("{derived}{context}");
        self.add("the context after its derived key", &[(context, ""), (derived, &moved)]);
        for n in [3, 4] {
            let more: String =
                (0..n).map(|i| derived.replace("-8\"", &format!("-8{i}\""))).collect();
            self.add(&format!("{} derived keys", n + 2), &[(derived, &format!("{more}{derived}"))]);
        }
        for (name, from, to) in derivations() {
            self.add(&format!("derived key: {name}"), &[(from, &to)]);
        }
        self.add(
            "derived key: another algorithm",
            &[("<c:DerivedKeyToken ", "<c:DerivedKeyToken Algorithm=\"urn:kdf\" ")],
        );
        self.add(
            "keys swapped",
            &[
                ("-8\" xmlns", "-X\" xmlns"),
                ("-9\" xmlns", "-8\" xmlns"),
                ("-X\" xmlns", "-9\" xmlns"),
            ],
        );
        let id = derived.split("u:Id=\"").nth(1).and_then(|t| t.split('"').next()).expect("an id");
        let by_context = piece(derived, "URI=\"#", "\"");
        let key_of_data = piece(data, "URI=\"#", "\"");
        self.add(
            "the context's own key encrypts",
            &[(data, &data.replace(key_of_data, by_context))],
        );
        self.add(
            "the signing key encrypts",
            &[(data, &data.replace(key_of_data, &format!("URI=\"#{id}\"")))],
        );
        self.add(
            "an external reference",
            &[(data, &data.replace(key_of_data, "URI=\"http://10.0.0.1/key\""))],
        );
        self.add("no reference", &[(data, &data.replace(key_of_data, "URI=\"\""))]);
        self.add(
            "a derived key of itself",
            &[(derived, &derived.replace(by_context, &format!("URI=\"#{id}\"")))],
        );
    }

    /// The list of what is encrypted.
    fn lists(&mut self) {
        let Places { list, signature, .. } = self.places;
        self.add("no list", &[(list, "")]);
        self.add(
            "an empty list",
            &[(list, "<e:ReferenceList xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>")],
        );
        self.add("two lists", &[(list, &format!("{list}{list}"))]);
        self.add(
            "the list after the signature",
            &[(list, ""), (signature, &format!("{signature}{list}"))],
        );
        self.add(
            "the same reference twice",
            &[(
                "<e:DataReference URI=\"#_1\"/>",
                "<e:DataReference URI=\"#_1\"/><e:DataReference URI=\"#_1\"/>",
            )],
        );
        self.add(
            "a reference to nothing",
            &[(
                "<e:DataReference URI=\"#_1\"/>",
                "<e:DataReference URI=\"#_1\"/><e:DataReference URI=\"#_77\"/>",
            )],
        );
        self.add(
            "a key reference in the list",
            &[("<e:DataReference URI=\"#_1\"/>", "<e:KeyReference URI=\"#_1\"/>")],
        );
        self.add(
            "an XPath in a reference",
            &[(
                "<e:DataReference URI=\"#_1\"/>",
                "<e:DataReference URI=\"#_1\"><XPath>/</XPath></e:DataReference>",
            )],
        );
    }

    /// What is said of encrypted data.
    fn encryption(&mut self) {
        let Places { data, signature, method, .. } = self.places;
        for algorithm in [
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc ",
            "",
        ] {
            let changed = format!("<e:EncryptionMethod Algorithm=\"{algorithm}\"/>");
            self.add(
                &format!("the signature under {algorithm}"),
                &[(signature, &signature.replace(method, &changed))],
            );
            self.add(
                &format!("the body under {algorithm}"),
                &[(data, &data.replace(method, &changed))],
            );
        }
        let sized = method.replace("/>", "><e:KeySize>128</e:KeySize></e:EncryptionMethod>");
        self.add("a key size", &[(data, &data.replace(method, &sized))]);
        self.add("no encryption method", &[(data, &data.replace(method, ""))]);
        self.add("an element type for content", &[(data, &data.replace("#Content", "#Element"))]);
        self.add(
            "no type",
            &[(data, &data.replace(" Type=\"http://www.w3.org/2001/04/xmlenc#Content\"", ""))],
        );
        self.add(
            "a cipher reference",
            &[(
                data,
                &data.replace(
                    "<e:CipherValue>",
                    "<e:CipherReference URI=\"http://10.0.0.1/\"/><e:CipherValue>",
                ),
            )],
        );
        self.add(
            "the signature's data in the Body",
            &[(data, &signature.replace("_7", "_1").replace("#Element", "#Content"))],
        );
        self.add(
            "the Body's data for the signature",
            &[(signature, &data.replace("_1", "_7").replace("#Content", "#Element"))],
        );
        self.add(
            "encrypted twice",
            &[(
                data,
                &format!(
                    "<e:EncryptedData Id=\"_1\" xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\">{data}</e:EncryptedData>"
                ),
            )],
        );
        self.add(
            "a retrieval method",
            &[(
                data,
                &data.replace(
                    "<o:SecurityTokenReference",
                    "<RetrievalMethod URI=\"#x\"/><o:SecurityTokenReference",
                ),
            )],
        );
        self.add(
            "a key in clear",
            &[(
                data,
                &data.replace(
                    "<o:SecurityTokenReference",
                    "<KeyName>k</KeyName><o:SecurityTokenReference",
                ),
            )],
        );
    }

    /// Tokens and ids that have no business there.
    fn tokens(&mut self) {
        let Places { context, signature, .. } = self.places;
        self.add("the same id as xml:id", &[("<o:Security ", "<o:Security xml:id=\"_0\" ")]);
        self.add("the same id elsewhere", &[("<a:Address>", "<a:Address u:Id=\"_0\">")]);
        self.add(
            "the id of encrypted data elsewhere",
            &[("<a:Address>", "<a:Address u:Id=\"_1\">")],
        );
        self.add(
            "an encrypted key",
            &[(
                context,
                &format!(
                    "<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>{context}"
                ),
            )],
        );
        self.add(
            "a certificate",
            &[(
                context,
                &format!("<o:BinarySecurityToken u:Id=\"c\">AAAA</o:BinarySecurityToken>{context}"),
            )],
        );
        self.add(
            "a user name",
            &[(
                context,
                &format!(
                    "<o:UsernameToken><o:Username>alice</o:Username></o:UsernameToken>{context}"
                ),
            )],
        );
        self.add(
            "a confirmation",
            &[(
                signature,
                &format!(
                    "<k:SignatureConfirmation xmlns:k=\"http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd\" Value=\"AAAA\"/>{signature}"
                ),
            )],
        );
        self.add("text in the header", &[("</o:Security>", "text</o:Security>")]);
        self.add(
            "an assertion",
            &[(
                "</o:Security>",
                "<Assertion xmlns=\"urn:oasis:names:tc:SAML:1.0:assertion\"/></o:Security>",
            )],
        );
        self.add(
            "a signature in clear beside",
            &[(
                "</o:Security>",
                "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></o:Security>",
            )],
        );
    }

    /// The document around.
    fn documents(&mut self) {
        let Places { data, .. } = self.places;
        self.add("another utility namespace", &[(UTILITY, "xmlns:u=\"urn:u\"")]);
        self.add(
            "the older SOAP",
            &[(
                "http://www.w3.org/2003/05/soap-envelope",
                "http://schemas.xmlsoap.org/soap/envelope/",
            )],
        );
        self.add(
            "a document type",
            &[("<s:Envelope", "<!DOCTYPE x [<!ENTITY e \"x\">]><s:Envelope")],
        );
        self.add("an entity", &[("urn:uuid:", "&e;urn:uuid:")]);
        let deep = format!("{}{}", "<x>".repeat(5000), "</x>".repeat(5000));
        self.add("five thousand levels", &[(data, &format!("{data}{deep}"))]);
        let many = format!("{}</s:Header>", "<h/>".repeat(2000));
        self.add("two thousand headers", &[("</s:Header>", &many)]);
        let many = format!("{}</o:Security>", "<h/>".repeat(2000));
        self.add("two thousand children", &[("</o:Security>", &many)]);
    }
}
