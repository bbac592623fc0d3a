"""The bill of materials: valid by the rules of SPDX 2.3, and true.

Debian 12 has no validator of SPDX. `findings` has the rules of the specification's JSON schema for
what our documents use (required fields, patterns, enumerations) and of its text (references,
verification code, licences that are defined).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from release_files import files, told

from tools.build import lwip_series
from tools.release import sbom

ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
# Schema: required of the document, its creationInfo, a package, a file and a relationship, and all
# other fields that may be there.
FIELDS = {
    "document": ({"spdxVersion", "dataLicense", "SPDXID", "name", "creationInfo",
                  "documentNamespace"},
                 {"documentDescribes", "packages", "files", "relationships",
                  "hasExtractedLicensingInfos"}),
    "creationInfo": ({"created", "creators"}, set()),
    "package": ({"SPDXID", "name", "downloadLocation"},
                {"versionInfo", "supplier", "originator", "filesAnalyzed", "homepage", "checksums",
                 "packageVerificationCode", "sourceInfo", "licenseConcluded", "licenseDeclared",
                 "licenseInfoFromFiles", "copyrightText", "primaryPackagePurpose", "externalRefs",
                 "packageFileName"}),
    "file": ({"SPDXID", "fileName", "checksums"},
             {"licenseConcluded", "licenseInfoInFiles", "copyrightText"}),
    "relationship": ({"spdxElementId", "relationshipType", "relatedSpdxElement"}, set()),
    "licence": ({"licenseId", "extractedText"}, {"name"}),
}
SUM_LENGTHS = {"SHA1": 40, "SHA256": 64}
RELATIONSHIPS = {"DESCRIBES", "CONTAINS", "DEPENDS_ON", "STATIC_LINK", "PATCH_APPLIED"}
PURPOSES = {"OTHER", "INSTALL", "ARCHIVE", "FIRMWARE", "APPLICATION", "FRAMEWORK", "LIBRARY",
            "CONTAINER", "SOURCE", "DEVICE", "OPERATING_SYSTEM", "FILE"}
CATEGORIES = {"OTHER", "PERSISTENT-ID", "SECURITY", "PACKAGE-MANAGER"}
LISTED_LICENCES = {"MIT", "BSD-3-Clause"}  # of the SPDX licence list
SOURCE = """\
Format: 3.0 (quilt)
Version: 2.2.1+dfsg1-1+deb13u1
Checksums-Sha256:
 {one} 1100868 lwip_2.2.1+dfsg1.orig.tar.xz
 {two} 14948 lwip_2.2.1+dfsg1-1+deb13u1.debian.tar.xz
Files:
 0 1 x
""".format(one="1" * 64, two="2" * 64)


def findings(made: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a document."""
    yield from fields("document", made, "document")
    yield from fields("creationInfo", made["creationInfo"], "creationInfo")
    parts = {"package": made["packages"], "file": made["files"],
             "relationship": made["relationships"], "licence": made["hasExtractedLicensingInfos"]}
    for kind, entries in parts.items():
        for entry in entries:
            yield from fields(kind, entry, entry.get("SPDXID", kind))
    if (made["spdxVersion"], made["dataLicense"]) != ("SPDX-2.3", "CC0-1.0"):
        yield "version or licence of the data"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["creationInfo"]["created"]):
        yield "created"
    for creator in made["creationInfo"]["creators"]:
        if not re.match(r"(Person|Organization|Tool): \S", creator):
            yield f"creator {creator}"
    if not re.fullmatch(r"https://[^#\s]+", made["documentNamespace"]):
        yield "namespace"
    yield from references(made)
    for entry in (*made["packages"], *made["files"]):
        yield from entry_findings(entry, {one["licenseId"] for one in parts["licence"]})


def fields(kind: str, entry: dict[str, Any], name: str) -> Iterator[str]:
    required, optional = FIELDS[kind]
    yield from (f"{name}: no {key}" for key in sorted(required - entry.keys()))
    yield from (f"{name}: {key}?" for key in sorted(entry.keys() - required - optional))


def references(made: dict[str, Any]) -> Iterator[str]:
    names = [made["SPDXID"]] + [one["SPDXID"] for one in (*made["packages"], *made["files"])]
    yield from (f"{name}: twice or badly formed" for name in set(names)
                if names.count(name) > 1 or not ID.fullmatch(name))
    for one in made["relationships"]:
        if one["relationshipType"] not in RELATIONSHIPS:
            yield f"relationship {one['relationshipType']}"
        yield from (f"{one[end]}: nowhere" for end in ("spdxElementId", "relatedSpdxElement")
                    if one[end] not in names)
    yield from (f"{name}: nowhere" for name in made["documentDescribes"] if name not in names)


def entry_findings(entry: dict[str, Any], own_licences: set[str]) -> Iterator[str]:
    name = entry["SPDXID"]
    for one in entry.get("checksums", []):
        if not re.fullmatch(rf"[0-9a-f]{{{SUM_LENGTHS[one['algorithm']]}}}", one["checksumValue"]):
            yield f"{name}: sum {one}"
    if "fileName" in entry and entry["checksums"][0]["algorithm"] != "SHA1":
        yield f"{name}: a file needs its SHA-1 (8.4)"
    if entry.get("primaryPackagePurpose", "OTHER") not in PURPOSES:
        yield f"{name}: purpose"
    for one in entry.get("externalRefs", []):
        if one["referenceCategory"] not in CATEGORIES or " " in one["referenceLocator"] or \
                one.keys() != {"referenceCategory", "referenceLocator", "referenceType"}:
            yield f"{name}: reference {one}"
    if entry.get("filesAnalyzed", True) == ("packageVerificationCode" not in entry) and \
            "fileName" not in entry:
        yield f"{name}: a verification code if, and only if, files were analyzed (7.9)"
    for key in ("licenseConcluded", "licenseDeclared", "licenseInfoInFiles"):
        words = entry.get(key, [])
        for word in words.split(" AND ") if isinstance(words, str) else words:
            if word not in LISTED_LICENCES | own_licences:
                yield f"{name}: licence {word}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    description = tmp_path_factory.mktemp("lwip") / "lwip.dsc"
    description.write_text(SOURCE)
    patches = {f"netstack/lwip/patches/{name}": (lwip_series.PATCHES / name).read_bytes()
               for name in lwip_series.names()}
    source = sbom.read_source(description)
    text = sbom.document(told(), files(), source, patches)
    assert text == sbom.document(told(), files(), source, patches)
    return json.loads(text)


def test_it_is_valid(made: dict[str, Any]) -> None:
    assert list(findings(made)) == []


@pytest.mark.parametrize(("spoil", "word"), [
    (lambda made: made.pop("documentNamespace"), "documentNamespace"),
    (lambda made: made.update(colour="blue"), "colour"),
    (lambda made: made["creationInfo"].update(created="today"), "created"),
    (lambda made: made["packages"][1].update(filesAnalyzed=True), "verification code"),
    (lambda made: made["packages"][0].update(primaryPackagePurpose="FUN"), "purpose"),
    (lambda made: made["packages"][1]["externalRefs"][0].update(referenceLocator="a b"), "a b"),
    (lambda made: made["files"][0].update(licenseConcluded="Beer"), "Beer"),
    (lambda made: made["files"][1].update(SPDXID=made["files"][0]["SPDXID"]), "twice"),
    (lambda made: made["files"][0]["checksums"].reverse(), "SHA-1"),
    (lambda made: made["relationships"][0].update(relatedSpdxElement="SPDXRef-x"), "nowhere"),
])
def test_the_check_finds_what_is_wrong(made: dict[str, Any], spoil: Any, word: str) -> None:
    spoilt = json.loads(json.dumps(made))
    spoil(spoilt)
    found = []
    try:
        found = list(findings(spoilt))
    except KeyError as missing:
        found = [str(missing)]
    assert any(word in one for one in found), found


def test_it_names_lwip_as_debian_has_it(made: dict[str, Any]) -> None:
    lwip = next(one for one in made["packages"] if one["name"] == "lwip")
    assert lwip["versionInfo"] == "2.2.1+dfsg1-1+deb13u1"
    assert lwip["checksums"] == [{"algorithm": "SHA256", "checksumValue": "1" * 64}]
    locators = [one["referenceLocator"] for one in lwip["externalRefs"]]
    assert "pkg:deb/debian/lwip@2.2.1%2Bdfsg1-1%2Bdeb13u1?arch=source" in locators
    assert any(":lwip:2.2.1:" in one for one in locators) and "2" * 64 in lwip["sourceInfo"]


def test_each_patch_is_in_it(made: dict[str, Any]) -> None:
    applied = {one["spdxElementId"] for one in made["relationships"]
               if (one["relationshipType"], one["relatedSpdxElement"])
               == ("PATCH_APPLIED", sbom.LWIP)}
    named = {one["fileName"]: one["checksums"][1]["checksumValue"] for one in made["files"]
             if one["SPDXID"] in applied}
    assert named == {f"./netstack/lwip/patches/{name}":
                     hashlib.sha256((lwip_series.PATCHES / name).read_bytes()).hexdigest()
                     for name in lwip_series.names()}


def test_each_file_of_a_release_is_in_it(made: dict[str, Any]) -> None:
    contained = {one["relatedSpdxElement"] for one in made["relationships"]
                 if one["relationshipType"] == "CONTAINS"}
    listed = {one["fileName"]: one for one in made["files"] if one["SPDXID"] in contained}
    assert listed.keys() == {f"./{path}" for path in files()}
    assert listed["./prebuilt/kernel.elf"]["licenseConcluded"] == "MIT AND BSD-3-Clause"
    sums = sorted(hashlib.sha1(one.data).hexdigest() for one in files().values())
    code = made["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"]
    assert code == hashlib.sha1("".join(sums).encode()).hexdigest()


def test_a_description_without_checksums_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "lwip.dsc").write_text("Version: 1\n")
    with pytest.raises(RuntimeError, match="no version or no checksums"):
        sbom.read_source(tmp_path / "lwip.dsc")
