#!/usr/bin/env python3
"""Packs folders of captured TCP connections into one compressed JSON file per scenario.

Usage: pack_tcp.py SOURCE_FOLDER TARGET_FOLDER

SOURCE_FOLDER holds one folder per scenario (tcp-*) with cNNN.client.bin and cNNN.server.bin (the octets of a connection),
tNNN.*.bin (those inside of a TLS session), messages/*.xml (envelopes as WCF's reader decoded them), events.txt, frames.txt,
README.md, optionally keys-client.txt, keys-service.txt and plain/. See README.md for the format. The output is reproducible:
the same source gives the same bytes.
"""
import base64, gzip, json, pathlib, re, sys

STREAM = re.compile(r"([ct]\d{3})\.(client|server)\.bin")


def scenario(folder):
    text = lambda path: path.read_text("utf-8")
    out = {"scenario": folder.name, "streams": {}, "messages": {}, "plain": {}}
    for path in sorted(folder.iterdir()):
        stream = STREAM.fullmatch(path.name)
        if stream:
            out["streams"][f"{stream[1]}.{stream[2]}"] = base64.b64encode(path.read_bytes()).decode()
        elif path.name in ("messages", "plain"):
            for message in sorted(path.iterdir()):
                out[path.name][message.stem] = text(message)
        elif path.suffix in (".txt", ".md"):
            out[path.stem.lower().replace("-", "_")] = text(path)
        else:
            sys.exit(f"{folder.name}: no place in the format for {path.name}")
    return out


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(p for p in source.glob("tcp-*") if p.is_dir()):
        packed = json.dumps(scenario(folder), ensure_ascii=False, indent=0, sort_keys=True).encode()
        (target / f"{folder.name}.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))


if __name__ == "__main__":
    main()
