#!/usr/bin/env python3
"""Packs folders of WSDL, schemas and policies into one compressed JSON file.

Usage: pack_metadata.py public SOURCE_FOLDER TARGET.json.gz
       pack_metadata.py wcf SOURCE_FOLDER TARGET.json.gz

`public`: SOURCE_FOLDER holds one folder per service as it lies in a public repository, each with source.txt, and the tables
INDEX.md, EXPECTED-ports.tsv, EXPECTED-types.tsv, GOLDEN-bindings.tsv. `wcf`: SOURCE_FOLDER holds `wsdl-*`, one folder per
binding that WCF exported, and `wsdl` with answers of its metadata exchange. See README.md for the format. The output is
reproducible: the same source gives the same bytes.
"""
import base64, collections, gzip, json, pathlib, re, sys


def content(path):
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    return text


def rows(path):
    """The rows of a table by what stands in their first column, without it."""
    found = collections.defaultdict(list)
    for line in path.read_text("utf-8").splitlines()[1:]:
        cells = line.split("\t")
        found[cells[0]].append(cells[1:])
    return found


def expectations(path):
    """The last column of the table of INDEX.md, by the number of the folder."""
    lines = (re.split(r" \| ", line.strip("| ")) for line in path.read_text("utf-8").splitlines())
    return {cells[0]: cells[-1] for cells in lines if re.fullmatch(r"\d{3}", cells[0])}


def public(source):
    ports, types = rows(source / "EXPECTED-ports.tsv"), rows(source / "EXPECTED-types.tsv")
    golden, expected = rows(source / "GOLDEN-bindings.tsv"), expectations(source / "INDEX.md")
    out = {}
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        files = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            # What WCF wrote for them stands in GOLDEN-bindings.tsv.
            if path.suffix != ".svcinfo" and path.name != "source.txt":
                files[path.relative_to(folder).as_posix()] = content(path)
        told = (line.partition(": ") for line in (folder / "source.txt").read_text("utf-8").splitlines())
        out[folder.name] = {
            "source": {key: value for key, _, value in told if value},
            "files": files,
            "expected": expected[folder.name[:3]],
            "ports": ports[folder.name],
            "types": types[folder.name],
            "golden": golden[folder.name],
        }
    return out


def wcf(source):
    out = {}
    for folder in sorted(source.glob("wsdl-*")):
        settings = re.search(r"^Settings: `(.*)`", (folder / "README.md").read_text("utf-8"), re.M)
        files = {}
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            if path.suffix in (".xml", ".cs") or path.name == "import-endpoints.txt":
                files[path.name] = content(path)
        # Over TCP: the messages as text.
        for path in sorted((folder / "messages").glob("*.xml")) if (folder / "messages").exists() else ():
            name = path.name.replace("c001-client-", "mex-request-").replace("c001-server-", "mex-response-")
            files[name] = content(path)
        out[folder.name] = {"source": {"settings": settings[1]}, "files": files}
    answers = {path.name: content(path) for path in sorted((source / "wsdl").glob("*.xml"))}
    out["wsdl"] = {"source": {}, "files": answers}
    return out


def main():
    kind, source, target = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    packed = {"public": public, "wcf": wcf}[kind](source)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(packed, ensure_ascii=False, indent=0, sort_keys=True)
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{target}: {len(packed)} folders, {sum(len(p['files']) for p in packed.values())} files, {target.stat().st_size} octets")


if __name__ == "__main__":
    main()
