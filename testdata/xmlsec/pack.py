#!/usr/bin/env python3
"""Packs the public XML signature and canonicalization vectors that the tests use into one file.

Usage: pack.py SOURCE_FOLDER TARGET_FILE

SOURCE_FOLDER holds the two copied sets (`lsh123-xmlsec`, `apache-santuario`); see README.md for where they come from.
The output is reproducible: the same source gives the same bytes.
"""
import base64, gzip, json, pathlib, sys


def wanted(path, data):
    if path.suffix == ".hmac":
        return True
    if "c14n/in" in path.as_posix():
        return path.suffix == ".xml"
    return path.suffix == ".xml" and b"DigestValue" in data


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    texts, binary = {}, {}
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if not wanted(path, data):
            continue
        name = path.relative_to(source).as_posix()
        try:
            texts[name] = data.decode("utf-8")
        except UnicodeDecodeError:
            binary[name] = base64.b64encode(data).decode()
    text = json.dumps({"texts": texts, "base64": binary}, ensure_ascii=False, sort_keys=True)
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(len(texts), "texts,", len(binary), "binary files,", target.stat().st_size, "bytes")


main()
