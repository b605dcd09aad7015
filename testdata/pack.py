#!/usr/bin/env python3
"""Packs folders of captured exchanges into one compressed JSON file per scenario.

Usage: pack.py SOURCE_FOLDER TARGET_FOLDER

SOURCE_FOLDER holds one folder per scenario with NNN-request.xml, NNN-response.xml, NNN-*.http,
optionally keys-client.txt, keys-service.txt, keys.json, CAPTURED, README.md and plain/. See README.md for the format.
The output is reproducible: the same source gives the same bytes.
"""
import base64, gzip, json, pathlib, re, sys


def text_or_base64(path):
    data = path.read_bytes()
    try:
        return {"body": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(data).decode()}


def head(path):
    lines = path.read_text("latin-1").splitlines() if path.exists() else []
    found = {}
    for line in lines:
        status = re.match(r"HTTP/1\.\d (\d+)", line)
        if status:
            found["status"] = int(status.group(1))
        name, _, value = line.partition(":")
        if name.lower() == "content-type":
            found["content_type"] = value.strip()
        if name.lower() == "x-captured-at":
            found["captured_at"] = value.strip()
    return found


def scenario(folder):
    out = {"scenario": folder.name, "messages": [], "plain": {}}
    readme = folder / "README.md"
    if readme.exists():
        out["readme"] = readme.read_text("utf-8")
    names = {p.name.rsplit(".", 1)[0] for p in folder.glob("[0-9]*-re*.http")}
    names |= {p.name[:-4] for p in folder.glob("[0-9]*-re*.xml") if not p.name.endswith(".plain.xml")}
    for name in sorted(names):
        message = {"name": name, **head(folder / f"{name}.http")}
        body = folder / f"{name}.xml"
        message.update(text_or_base64(body) if body.exists() else {"body": ""})
        out["messages"].append(message)
        for plain in (folder / "plain" / f"{name}.xml", folder / f"{name}.plain.xml"):
            packed = text_or_base64(plain) if plain.exists() else {}
            if "body" in packed:  # an MTOM entity with undecrypted attachments is not text
                out["plain"][name] = packed["body"]
    for key, file in (("keys_client", "keys-client.txt"), ("keys_service", "keys-service.txt"),
                      ("keys", "keys.json"), ("captured", "CAPTURED")):
        if (folder / file).exists():
            out[key] = (folder / file).read_text("utf-8")
    return out


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        packed = json.dumps(scenario(folder), ensure_ascii=False, indent=0, sort_keys=True).encode()
        (target / f"{folder.name}.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))


if __name__ == "__main__":
    main()
