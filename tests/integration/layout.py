#!/usr/bin/env python3
"""Writes an OCI image layout: what builders put into a file, and what nobody should.

layout.py FOLDER [options]
    --seed TEXT        what the layers hold, so that two layouts differ
    --layer BYTES      size of the last layer (default 1000)
    --platforms N      an index of so many, each with an attestation manifest (default: one plain manifest)
    --base REF         annotation org.opencontainers.image.base.name
    --about            a further manifest whose subject is the image
    --twice            a second image
    --flip             a byte of the last layer is not what its digest says

Prints the digest of the image.
"""

import argparse
import hashlib
import json
import pathlib

OCI = "application/vnd.oci.image."
ARCHITECTURES = ("amd64", "arm64", "riscv64", "s390x")


class Layout:
    def __init__(self, folder):
        self.blobs = pathlib.Path(folder, "blobs", "sha256")
        self.blobs.mkdir(parents=True)
        self.folder = pathlib.Path(folder)

    def blob(self, data, kind, **more):
        name = hashlib.sha256(data).hexdigest()
        (self.blobs / name).write_bytes(data)
        return {"mediaType": OCI + kind if "/" not in kind else kind, "digest": "sha256:" + name, "size": len(data), **more}

    def document(self, kind, **more):
        body = {"schemaVersion": 2, "mediaType": OCI + kind + ".v1+json", **more}
        # no two writers put blanks in the same places: nothing may depend on it
        return self.blob(json.dumps(body, indent=3).encode(), kind + ".v1+json")


def layer_of(args, text):
    unit = hashlib.sha256((args.seed + text).encode()).digest()
    return (unit * (args.layer // len(unit) + 1))[: args.layer]


def image(out, args, architecture):
    config = {"architecture": architecture, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}
    shared = out.blob(("shared " + args.seed).encode(), "layer.v1.tar")
    layer = out.blob(layer_of(args, architecture), "layer.v1.tar")
    notes = {"org.opencontainers.image.base.name": args.base} if args.base else {"made": "here"}
    made = out.document(
        "manifest",
        config=out.blob(json.dumps(config).encode(), "config.v1+json"),
        layers=[shared, layer],
        annotations=notes,
    )
    return made, layer


def attestation(out, args, subject):
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": subject["digest"]}).encode()
    made = out.document(
        "manifest",
        config=out.blob(b'{"architecture":"unknown","os":"unknown"}', "config.v1+json"),
        layers=[out.blob(statement, "application/vnd.in-toto+json")],
    )
    made["platform"] = {"architecture": "unknown", "os": "unknown"}
    made["annotations"] = {
        "vnd.docker.reference.digest": subject["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--seed", default="")
    parser.add_argument("--layer", type=int, default=1000)
    parser.add_argument("--platforms", type=int, default=0)
    parser.add_argument("--base")
    parser.add_argument("--about", action="store_true")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--flip", action="store_true")
    args = parser.parse_args()
    out = Layout(args.folder)
    entries = []
    for architecture in ARCHITECTURES[: args.platforms or 1]:
        made, layer = image(out, args, architecture)
        if args.platforms:
            entries.append({**made, "platform": {"architecture": architecture, "os": "linux"}})
            entries.append(attestation(out, args, made))
    root = out.document("index", manifests=entries) if args.platforms else made
    top = [{**root, "annotations": {"org.opencontainers.image.ref.name": "1"}}]
    if args.about:
        empty = out.blob(b"{}", "application/vnd.oci.empty.v1+json")
        note = out.document(
            "manifest", artifactType="application/x-note", config=empty, layers=[empty], subject=root, annotations={"a": "b"}
        )
        top.insert(0, note)
    if args.twice:
        args.seed += "again"
        top.append(image(out, args, "amd64")[0])
    if args.flip:
        path = out.blobs / layer["digest"][7:]
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    (out.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (out.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": top}))
    print(root["digest"])


main()
