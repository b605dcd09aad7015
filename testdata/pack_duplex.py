#!/usr/bin/env python3
"""Packs captured duplex sessions into one compressed JSON file per scenario: messages as text, in the order in which the
recorder saw them.

Usage: pack_duplex.py SOURCE_FOLDER TARGET_FOLDER SCENARIO...

SOURCE_FOLDER holds one folder per scenario: of composite duplex NNN-request.xml (of the client) and
NNN-callback-request.xml (of the service) with their .http; of net.tcp events.txt, frames.txt and messages/. What
Security headers hold is left out, with what is encrypted, and so are the messages of WS-Trust. See README.md for the format. The output is reproducible.
"""
import gzip, json, pathlib, re, sys

# Messages that the recorder did not deliver.
LOST = {
    "dual-drop-request": ["003-request"],
    "dual-connection-lost": ["003-request"],
    "dual-http-503": ["003-request"],
    "dual-drop-createsequence-response": ["002-callback-request"],
    "dual-drop-reply": [],
}


def lean(text):
    text = re.sub(r"<o:Security .*?</o:Security>", "", text, flags=re.S)
    return re.sub(r"<e:EncryptedData .*?</e:EncryptedData>", "", text, flags=re.S)


def millis(clock):
    h, m, s = clock.split(":")
    return round((int(h) * 3600 + int(m) * 60 + float(s)) * 1000)


def dual(folder):
    found = []
    for path in sorted(folder.glob("*-request.xml")):
        head = path.with_suffix(".http").read_text("latin-1")
        at = millis(re.search(r"X-Captured-At: \S+T(\S+)Z", head).group(1))
        name = path.stem
        message = {"name": name, "from": "service" if "callback" in name else "client", "at": at,
                   "xml": lean(path.read_text("utf-8"))}
        if name in LOST.get(folder.name, []):
            message["lost"] = True
        found.append(message)
    start = found[0]["at"]
    for message in found:
        message["at"] -= start
    return found


def tcp(folder):
    """Each envelope stands in the stream at an offset; the write that ends it says when it was sent."""
    writes, found = [], []
    for place, line in enumerate((folder / "events.txt").read_text().splitlines()):
        event = re.match(r"\s*([\d.]+) (c\d+) (client|server) (\d+) octets (?:at (\d+)|(NOT delivered))", line)
        if event:
            at, link, side, count, offset, lost = event.groups()
            writes.append([float(at), link, side, int(count), offset and int(offset), bool(lost), place])
        cut = re.match(r"\s*([\d.]+) (c\d+) CUT by the recorder \((\w+)\)", line)
        if cut:
            at, link, how = cut.groups()
            cut = {"name": f"{link}-cut", "cut": how, "at": round(float(at) * 1000), "link": link}
            found.append((place, 0, cut))
    ends = {}
    for write in writes:
        key = (write[1], write[2])
        if write[4] is None:
            write[4] = ends.get(key, 0)
        ends[key] = write[4] + write[3]
    for line in (folder / "frames.txt").read_text().splitlines():
        frame = re.match(r"(c\d+) (client|server) @(\d+) SizedEnvelope .*-> messages/(\S+)\.xml", line)
        if not frame:
            continue
        link, side, offset, name = frame.groups()
        of = [w for w in writes if w[1:3] == [link, side] and w[4] <= int(offset) < w[4] + w[3]]
        message = {"name": name, "from": "service" if side == "server" else "client", "link": link,
                   "at": round(of[0][0] * 1000), "xml": lean((folder / "messages" / f"{name}.xml").read_text("utf-8"))}
        if of[0][5]:
            message["lost"] = True
        found.append((of[0][6], int(offset), message))
    return [message for _, _, message in sorted(found, key=lambda entry: entry[:2])]


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[3:]:
        folder = source / name
        messages = tcp(folder) if (folder / "frames.txt").exists() else dual(folder)
        messages = [m for m in messages if "/trust/" not in m.get("xml", "").split("</a:Action>")[0]]
        packed = json.dumps({"scenario": name, "messages": messages}, ensure_ascii=False, indent=1).encode()
        (target / f"{name}.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))


if __name__ == "__main__":
    main()
