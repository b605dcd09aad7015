#!/usr/bin/env python3
"""Fills corpus/ with captured messages and XML signature vectors of testdata/, in each target's input format.

Run it in this folder before fuzzing; the corpus is not kept in the repository.
"""
import gzip, hashlib, json, pathlib, re

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
    if b"/rm" in text or b"wsrm" in text:
        keep("reliable", bytes([b"200702" in text]) + text)
    if b"RequestSecurityToken" in text:
        keep("trust", bytes([b"200512" in text]) + text)
        for choice in range(4):
            keep("nego_leg", bytes([choice * 2 + (b"200512" in text)]) + text)
for name in ("valid", "invalid", "public", "reports"):
    for vector in json.loads(gzip.open(data / "config" / f"{name}.json.gz").read()).values():
        keep("config", vector["config"].encode())
for path in sorted((data / "pki").glob("*.cert.pem")):
    keep("certificates", path.read_bytes())
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
print(len(all_texts), "texts")
