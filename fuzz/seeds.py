#!/usr/bin/env python3
"""Fills corpus/ with captured messages and XML signature vectors of testdata/, in each target's input format.

Run it in this folder before fuzzing; the corpus is not kept in the repository.
"""
import base64, gzip, hashlib, json, pathlib, re

here = pathlib.Path(__file__).parent
data = here.parent / "testdata"


def texts():
    for path in sorted(data.glob("wcf/*.json.gz")) + sorted(data.glob("metro/*.json.gz")):
        scenario = json.loads(gzip.open(path).read())
        for message in scenario["messages"][:4]:
            for text in (message.get("body", ""), scenario["plain"].get(message["name"], "")):
                if text.startswith("<") and len(text) < 12_000:
                    yield text
    vectors = json.loads(gzip.open(data / "xmlsec" / "vectors.json.gz").read())
    yield from (text for text in vectors["texts"].values() if len(text) < 6_000)
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    yield (f'<s:Envelope xmlns:s="{soap}"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring xml:lang="en">'
           "no</faultstring><faultactor>urn:a</faultactor><detail><a/></detail></s:Fault></s:Body></s:Envelope>")


def keep(target, content):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


all_texts = [text.encode() for text in dict.fromkeys(texts())]
for number, text in enumerate(all_texts):
    keep("xml_parse", bytes([number & 1]) + text)
    keep("c14n", bytes([number & 0xFF, number * 37 & 0xFF]) + text)
    keep("xml_fragment", text + b"\n---\n" + all_texts[number * 7 % len(all_texts)])
    keep("soap_envelope", text)
    keep("addressing", text)
    body = re.search(rb"<s:Body[^>]*>(.+)</s:Body>", text, re.S)
    if body and b"EncryptedData" not in body[1] and number % 8 == 0:
        keep("protected", bytes([number // 8 & 0x1F]) + body[1])
    if b"/rm" in text or b"wsrm" in text:
        keep("reliable", bytes([b"200702" in text]) + text)
    if b"RequestSecurityToken" in text:
        keep("trust", bytes([b"200512" in text]) + text)
        for choice in range(4):
            keep("nego_leg", bytes([choice * 2 + (b"200512" in text)]) + text)
for path in sorted(data.glob("wcf-binary/*.json.gz")):
    for message in json.loads(gzip.open(path).read())["messages"]:
        if "body_base64" in message and len(message["body_base64"]) < 16_000:
            octets = base64.b64decode(message["body_base64"])
            keep("binary_xml", b"\0" + octets)
            keep("binary_xml", b"\1" + (len(octets) + 1).to_bytes(2, "big") + b"\0" + octets)
for name in ("valid", "invalid", "public", "reports"):
    for vector in json.loads(gzip.open(data / "config" / f"{name}.json.gz").read()).values():
        keep("config", vector["config"].encode())
for path in sorted((data / "pki").glob("*.cert.pem")):
    keep("certificates", path.read_bytes())
for path in sorted((here / "seeds" / "record").glob("*")):
    keep("record", path.read_bytes())
for path in sorted((here / "seeds" / "revocation").glob("*")):
    keep("revocation", path.read_bytes())
for path in sorted((here.parent / "crates/binding/tests/files").glob("*.config")):
    keep("config", path.read_bytes())
for name in ("public", "wcf"):
    for folder in json.loads(gzip.open(data / "metadata" / f"{name}.json.gz").read()).values():
        for path, text in folder["files"].items():
            if not isinstance(text, str) or len(text) > 12_000 or path.endswith((".cs", ".txt")):
                continue
            kinds = {"wsdl": "definitions", "schema": "schema", "policy": "Policy", "mex": "Metadata"}
            for target in (target for target, root in kinds.items() if root in text):
                keep(target, text.encode())
            for policy in re.findall(r"<wsp:Policy .*?</wsp:Policy>", text, re.S)[:2]:
                spaces = dict(re.findall(r'xmlns:(\w+)="([^"]*)"', text))
                own = "".join(f' xmlns:{p}="{u}"' for p, u in spaces.items() if f"xmlns:{p}=" not in policy.split(">")[0])
                keep("policy", policy.replace("<wsp:Policy", f"<wsp:Policy{own}", 1).encode())
for text in (
    '<r a="1" b="y" xmlns:q="urn:q" c="q:a q:b" z="1"><d>2026-11-23Z</d><e>10:00:00 11:00:00.5</e><f><i>1.10</i></f></r>',
    "<r><j>P1DT2H</j><k>a</k><l>5</l><l>w</l><n/><m><j>PT0S</j></m><h>AQID</h><p>a<b>b</b>c</p><any xmlns='urn:x'/></r>",
    '<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><d i:nil="true"/><g i:type="Dog"><o>Rex</o><q>0FB7</q></g></r>',
):
    keep("xml_type", text.encode())
for path in sorted(data.glob("wcf-tcp/*.json.gz")):
    for stream in json.loads(gzip.open(path).read())["streams"].values():
        octets = base64.b64decode(stream)
        if len(octets) < 12_000:
            keep("framing", bytes([len(octets) & 0xFF]) + octets)


def messages_in_pieces(octets):
    """The messages of unsized envelopes (MC-NMF section 2.2.4.2): chunks with their sizes, up to one of none."""
    for at in (at for at in range(len(octets)) if octets[at] == 5):
        message, at = b"", at + 1
        while at < len(octets):
            size, shift = 0, 0
            while at < len(octets) and shift < 35:
                size |= (octets[at] & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if octets[at - 1] < 0x80:
                    break
            if size == 0:
                break
            message, at = message + octets[at:at + size], at + size
        if message.startswith(b"\x56\x02"):
            yield message


for stream in json.loads(gzip.open(data / "wcf-tcp" / "tcp-streamed.json.gz").read())["streams"].values():
    for message in messages_in_pieces(base64.b64decode(stream)):
        for second in (0, 1):
            keep("streamed", bytes([second, len(message) & 0xFF]) + message)

# A stream as text and as a part, each as it should be.
envelope = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><d>%s</d></s:Body></s:Envelope>'
include = b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:s"/>'
parts = (
    b'--b\r\nContent-ID: <r>\r\nContent-Type: application/xop+xml;charset=utf-8;type="application/soap+xml"\r\n\r\n' + envelope % include
    + b"\r\n--b\r\nContent-ID: <s>\r\nContent-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n\r\nABC\r\n--b--\r\n"
)
header = b'MIME-Version: 1.0\r\nContent-Type: multipart/related;type="application/xop+xml";boundary="b";start="<r>";start-info="application/soap+xml"\r\n\r\n'
for choice, message in ((2, envelope % b"QUJD\r\nREVG"), (3, envelope % b"<e>QUI=</e>"), (4, parts), (6, header + parts)):
    keep("streamed", bytes([choice, 7]) + message)

# A message as it is, sealed or not, and with one edit, also of anything in it.
for choice in range(128):
    for edit in (b"", b"\x1b\0\x40\x08\x14\0", b"\x0b\1\0\0\x19\0", b"\x13\2\0\x20\x08\x10"):
        keep("known_header", bytes([choice]) + edit)


def frame(opcode, octets, masked, final=True):
    """A frame of a WebSocket (RFC 6455 section 5.2), masked with zeros."""
    mask = 0x80 if masked else 0
    size = len(octets)
    length = bytes([mask | size]) if size < 126 else bytes([mask | 126]) + size.to_bytes(2, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + bytes(4 if masked else 0) + octets


# The envelopes of a connection in frames, whole and in fragments, with control frames between them; of clients (masked) and of
# services. The first byte is how they are read, the second the size of pieces.
for path in sorted(data.glob("wcf-tcp/*.json.gz")):
    for name, stream in json.loads(gzip.open(path).read())["streams"].items():
        octets, of_client = base64.b64decode(stream), name.endswith(".client")
        found = [octets[at + 3:at + 3 + (octets[at + 1] & 0x7F) + (octets[at + 2] << 7)]
                 for at in range(len(octets) - 3) if octets[at] == 6 and octets[at + 1] & 0x80][:4]
        found = [envelope for envelope in found if 0 < len(envelope) < 4000]
        if not found or not name.startswith("c"):
            continue
        whole = b"".join(frame(2, envelope, of_client) for envelope in found)
        cut = b"".join(frame(2, e[:9], of_client, False) + frame(9, b"p", of_client) + frame(0, e[9:40], of_client, False)
                       + frame(0, e[40:], of_client) for e in found)
        for frames in (whole, cut):
            frames += frame(8, b"\x03\xe8", of_client)
            keep("web_socket", bytes([not of_client, len(frames) & 0xFF]) + frames)


def step(kind, a=0, b=0):
    return bytes([kind, a, b])


# A session at either end that is opened, used and closed as it should be, and ways that it is not. The first bytes choose the
# end, the version and the connections.
CREATE, RESPONSE, APPLICATION, LAST, CLOSE, CLOSED, TERMINATE, TERMINATED = 8, 9, 0, 5, 10, 11, 12, 13
for version in (0, 1):
    for links in (0, 4, 8):
        calls = step(5) + step(0xC | RESPONSE << 4, 0) + b"".join(step(0, n, n) for n in range(4))
        replies = b"".join(step(0xC | APPLICATION << 4, n | 0x40, 1) + step(2, n + 1) + step(10, 20, 20) for n in range(4))
        end = step(3, 0, 200) + step(0xC | (CLOSE if version else LAST) << 4, 4, 1) + step(10, 30, 30)
        end += step(0xC | CLOSED << 4, 0, 1) + step(0xC | TERMINATE << 4, 4, 0) + step(0xC | TERMINATED << 4, 0, 0)
        broken = step(7) + step(5) + step(10, 40, 40)
        for run in (calls + replies + end, calls + broken + replies + broken + end):
            keep("reliable_duplex", bytes([version, links]) + run)
        made = step(0xC | CREATE << 4, 0, 1) + step(5)
        asked = b"".join(step(0xC | APPLICATION << 4, n, 1) + step(2, n + 1) + step(0, n, n) for n in range(4))
        for run in (made + asked + end, made + asked + broken + asked + end, made + made + asked + made):
            keep("reliable_duplex", bytes([version | 2, links]) + run)
for choice in range(0, 256, 5):
    link, finish, called, later = step(0), step(11), step(12, 0, 9), step(13, 30, 30)
    made = step(1 | CREATE << 4, 0, 3)
    asked = b"".join(step(1 | APPLICATION << 4, n, 0x23) + finish for n in range(4))
    end = step(1 | LAST << 4, 4, 3) + later + step(1 | TERMINATE << 4, 4, 3) + step(9, 0, 3)
    for run in (link + made + asked + called + later + end, link + link + made + step(10, 0, 2) + asked + later + called):
        keep("session_duplex", bytes([choice]) + run)
print(len(all_texts), "texts")
