#!/usr/bin/env python3
"""Packs folders of captured exchanges into one compressed JSON file per scenario.

Usage: pack.py SOURCE_FOLDER TARGET_FOLDER

SOURCE_FOLDER holds one folder per scenario with NNN-request.xml (or .bin), NNN-response.xml, NNN-*.http, decoded/, what the recorder did
afterwards (after-close-NNN-response.xml and the like), optionally keys-client.txt, keys-service.txt, keys.json, CAPTURED,
app.config, README.md and plain/. See README.md for the format. A message that has no place in the format is an error: a
test cannot miss what it never saw. The output is reproducible: the same source gives the same bytes.
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


# What the client and the service sent: 001-request, 003-response-to-duplicate, 001-request-altered, 002-callback-request.
IN_THE_RUN = re.compile(r"\d{3}-(callback-)?re(quest|sponse)[a-z-]*")
# What the recorder sent when it was over, and its answers: after-close-003-response, again-001-response, flood-129-response.
AFTERWARDS = re.compile(r"[a-z][a-z-]*-\d{3}-re(quest|sponse)")


def scenario(folder):
    out = {"scenario": folder.name, "messages": [], "plain": {}}
    readme = folder / "README.md"
    if readme.exists():
        out["readme"] = readme.read_text("utf-8")
    names, unknown = set(), []
    known = {"README.md", "keys-client.txt", "keys-service.txt", "keys.json", "CAPTURED", "app.config", "plain", "decoded"}
    for path in folder.iterdir():
        name = path.name
        for ending in (".plain.xml", ".http", ".xml", ".bin"):
            if name.endswith(ending):
                name = name[: -len(ending)]
                break
        if IN_THE_RUN.fullmatch(name) or AFTERWARDS.fullmatch(name):
            names.add(name)
        elif path.suffix in (".xml", ".http", ".bin"):
            unknown.append(path.name)
        elif path.name not in known:
            print(f"{folder.name}: {path.name} is no message and is left out", file=sys.stderr)
    if unknown:
        sys.exit(f"{folder.name}: no place in the format for {', '.join(sorted(unknown))}")
    for name in sorted(names):
        message = {"name": name, **head(folder / f"{name}.http")}
        body = folder / f"{name}.xml"
        body = body if body.exists() else folder / f"{name}.bin"
        message.update(text_or_base64(body) if body.exists() else {"body": ""})
        list_of = "messages" if IN_THE_RUN.fullmatch(name) else "afterwards"
        out.setdefault(list_of, []).append(message)
        for plain in (folder / "plain" / f"{name}.xml", folder / f"{name}.plain.xml"):
            packed = text_or_base64(plain) if plain.exists() else {}
            if "body" in packed:  # an MTOM entity with undecrypted attachments is not text
                out["plain"][name] = packed["body"]
        decoded = folder / "decoded" / f"{name}.xml"
        if decoded.exists():
            out.setdefault("decoded", {})[name] = decoded.read_text("utf-8")
    for key, file in (("keys_client", "keys-client.txt"), ("keys_service", "keys-service.txt"),
                      ("keys", "keys.json"), ("captured", "CAPTURED"), ("config", "app.config")):
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
