"""Writes the software bill of materials, as SPDX 2.3 in JSON.

It names Mote with each file of its release, lwIP as Debian's source package has it, and our patches
to lwIP, each by its checksums. Sections are those of the SPDX specification 2.3.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.release.tree import Facts, Tree

MOTE, LWIP = "SPDXRef-Package-mote", "SPDXRef-Package-lwip"
KERNEL = "prebuilt/kernel.elf"
OURS, LWIPS = "MIT", "BSD-3-Clause"
COPYRIGHT = "Copyright (c) 2026 The Mote authors"
LWIP_COPYRIGHT = "Copyright (c) 2001, 2002 Swedish Institute of Computer Science."
NONE_KNOWN = "NOASSERTION"

# Files of a release with parts of other people's: their licences, and who has the copyright.
PUBLIC_DOMAIN = "LicenseRef-media-types-public-domain"
LICENCES = {"tools/site/mime.types": PUBLIC_DOMAIN}

_ID_CHARACTERS = re.compile(r"[^A-Za-z0-9.]")


@dataclass(frozen=True)
class Source:
    """lwIP's Debian source package: its version, and the SHA-256 of its files."""

    version: str
    sums: Mapping[str, str]

    @property
    def upstream(self) -> str:
        return re.split(r"[+-]", self.version)[0]


def read_source(description: Path) -> Source:
    """Reads a .dsc (deb-src-control(5))."""
    text = description.read_text()
    found = re.search(r"^Version: (\S+)$", text, re.M)
    listed = re.search(r"^Checksums-Sha256:\n((?: .+\n)+)", text, re.M)
    if not found or not listed:
        raise RuntimeError(f"{description}: tells no version or no checksums; remove the folder "
                           "and build again")
    rows = [line.split() for line in listed[1].splitlines()]
    version = found[1].rpartition(":")[2]  # without the epoch
    return Source(version, {name: digest for digest, _, name in rows})


def document(told: Facts, files: Tree, source: Source, patches: Mapping[str, bytes]) -> str:
    """The document: the same for the same release."""
    listed = [file(path, one.data, path) for path, one in files.items() if not one.link]
    ours = [file(path, data, f"patch-{number}") for number, (path, data)
            in enumerate(patches.items(), 1)]
    made: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"mote-{told.version}",
        "creationInfo": {
            "created": datetime.fromtimestamp(told.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: The Mote authors", f"Tool: mote-dist-{told.version}"],
        },
        "documentDescribes": [MOTE],
        "packages": [mote(told, listed), lwip(source)],
        "files": listed + ours,
        "hasExtractedLicensingInfos": [{
            "licenseId": PUBLIC_DOMAIN, "name": "Public domain, as stated by media-types",
            "extractedText": "This package is in the public domain (Debian's media-types)."}],
        "relationships": relationships(listed, ours),
    }
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    made["documentNamespace"] = f"https://spdx.org/spdxdocs/mote-{told.version}-{digest}"
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def mote(told: Facts, files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Section 7. The commit is part of the version: a release is one of its builds."""
    return {
        "SPDXID": MOTE, "name": "mote", "versionInfo": told.version,
        "supplier": "Organization: The Mote authors", "downloadLocation": NONE_KNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
        "sourceInfo": f"built from commit {told.commit}",
        "licenseConcluded": f"{OURS} AND {LWIPS} AND {PUBLIC_DOMAIN}", "licenseDeclared": OURS,
        "licenseInfoFromFiles": sorted({name for one in files
                                        for name in one["licenseInfoInFiles"]}),
        "copyrightText": f"{COPYRIGHT}\n{LWIP_COPYRIGHT}", "primaryPackagePurpose": "APPLICATION",
    }


def verification_code(files: Sequence[dict[str, Any]]) -> str:
    """7.9: of all files' SHA-1 sums."""
    sums = sorted(one["checksums"][0]["checksumValue"] for one in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def lwip(source: Source) -> dict[str, Any]:
    upstream = next(name for name in source.sums if ".orig." in name)
    version = quote(source.version, safe="")
    debian = [f"{name} (SHA-256 {digest})" for name, digest in sorted(source.sums.items())]
    return {
        "SPDXID": LWIP, "name": "lwip", "versionInfo": source.version,
        "packageFileName": upstream, "supplier": "Organization: Debian",
        "originator": "Organization: lwIP developers",
        "downloadLocation": NONE_KNOWN, "filesAnalyzed": False,
        "homepage": "https://savannah.nongnu.org/projects/lwip/",
        "checksums": [{"algorithm": "SHA256", "checksumValue": source.sums[upstream]}],
        "sourceInfo": f"Debian's source package: {', '.join(debian)}; with Debian's patches, then "
                      "with those of Mote that this document lists",
        "licenseConcluded": LWIPS, "licenseDeclared": LWIPS, "copyrightText": LWIP_COPYRIGHT,
        "primaryPackagePurpose": "SOURCE",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": f"pkg:deb/debian/lwip@{version}?arch=source"},
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
             "referenceLocator": f"cpe:2.3:a:lwip_project:lwip:{source.upstream}:*:*:*:*:*:*:*"}],
    }


def file(path: str, data: bytes, name: str) -> dict[str, Any]:
    """Section 8. A file in which lwIP is linked has its licence, too."""
    licences = [LICENCES.get(path, OURS), *([LWIPS] if path == KERNEL else [])]
    return {
        "SPDXID": f"SPDXRef-File-{_ID_CHARACTERS.sub('-', name)}", "fileName": f"./{path}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()}],
        "licenseConcluded": " AND ".join(licences), "licenseInfoInFiles": licences,
        "copyrightText": NONE_KNOWN if path in LICENCES else COPYRIGHT,
    }


def relationships(files: Sequence[dict[str, Any]],
                  patches: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Section 11."""
    found = [("SPDXRef-DOCUMENT", "DESCRIBES", MOTE), (MOTE, "DEPENDS_ON", LWIP)]
    for one in files:
        found.append((MOTE, "CONTAINS", one["SPDXID"]))
        if one["fileName"] == f"./{KERNEL}":
            found.append((one["SPDXID"], "STATIC_LINK", LWIP))
    found += [(one["SPDXID"], "PATCH_APPLIED", LWIP) for one in patches]
    return [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
            for one, kind, other in found]
