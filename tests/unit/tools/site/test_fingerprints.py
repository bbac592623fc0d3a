"""Which names are taken for fingerprints: none that a person may have given to a file.

The tables are data/fingerprinted.txt, of what bundlers build, and data/ordinary.txt, of what
WordPress, cameras, streaming tools and people name their files.
"""

from pathlib import Path

import pytest
from packs import packed, write_site

from tools.site.fingerprints import fingerprinted

DATA = Path(__file__).parent / "data"
FOR_EVER = "public, max-age=31536000, immutable"


def groups(name: str) -> dict[str, list[bytes]]:
    """The groups of a table, with the paths in them."""
    found: dict[str, list[bytes]] = {}
    for line in (DATA / name).read_text().splitlines():
        if line.startswith("## "):
            paths = found.setdefault(line.removeprefix("## "), [])
        elif line and not line.startswith("#"):
            paths.append(b"/" + line.encode())
    return found


BUILDS = groups("fingerprinted.txt")
ORDINARY = groups("ordinary.txt")
NAMES = [path for paths in ORDINARY.values() for path in paths]
# Those that are ordinary wherever they lie.
ANYWHERE = [path.rpartition(b"/")[2] for group, paths in ORDINARY.items() for path in paths
            if not group.startswith(("Marks", "Folders"))]
# Where frameworks put nothing but what they hash.
THEIR_OWN = (b"/_app/immutable/", b"/_astro/", b"/_next/", b"/_nuxt/", b"/static/6d91")


def test_the_tables_are_large() -> None:
    assert sum(map(len, BUILDS.values())) >= 100 and len(set(NAMES)) == len(NAMES) >= 100


@pytest.mark.parametrize("build", BUILDS)
def test_all_of_a_build_is_found(build: str) -> None:
    assert set(BUILDS[build]) - fingerprinted(BUILDS[build]) == set()


def test_no_ordinary_name_is_taken() -> None:
    assert fingerprinted(NAMES) == set()
    assert [path for path in NAMES if fingerprinted([path])] == []


@pytest.mark.parametrize("build", BUILDS)
def test_no_ordinary_name_is_taken_beside_a_build(build: str) -> None:
    """A site is built, and holds what was uploaded or copied as it was, too (Vite's public/)."""
    assert fingerprinted([*BUILDS[build], *NAMES]) == set(BUILDS[build])
    for folder in {path.rpartition(b"/")[0] + b"/" for path in BUILDS[build]}:
        if not folder.startswith(THEIR_OWN):
            beside = {folder + name for name in ANYWHERE}
            assert fingerprinted([*BUILDS[build], *beside]) & beside == set()


@pytest.mark.parametrize(("name", "is_one"), [
    ("app.3f2a9c1b.js", True), ("app-3F2A9C1B.js", True), ("index-BxK3a9Zq.css", True),
    ("chunk_3KQJ7NJU.js", True), ("app.3f2a9c1b.js.map", True), ("a.0a1b2c3d4e5f6071.wasm", True),
    ("app.3f2a9c1b.chunk.js", True), ("app.3f2a9c1b.min.css", True), ("APP.3f2a9c1b.JS", True),
    ("app.3f2a9c1.js", False), ("3f2a9c1b.js", False), ("app.js", False), ("app.3f2a9c1b", False),
    ("a.0a1b2c3d4e5f6071.woff2", False), ("a.3f2a9c1b.png", False), ("app.3f2a9c1b.html", False),
    ("app.3f2a9c1b.js.gz", False), (".3f2a9c1b", False), ("a.", False), ("", False)])
def test_a_name_by_itself(name: str, is_one: bool) -> None:
    assert bool(fingerprinted([b"/folder/" + name.encode()])) is is_one


def test_pictures_go_by_the_scripts_near_them() -> None:
    paths = [b"/js/app.3f2a9c1b.js", b"/img/logo.82b9c7a5.png", b"/img/deep/logo.82b9c7a6.png",
             b"/a/js/app.3f2a9c1b.js", b"/a/img/deep/logo.82b9c7a5.png", b"/b/logo.82b9c7a5.png"]
    assert fingerprinted(paths) == {paths[0], paths[1], paths[3], paths[4], paths[5]}


def test_a_pack_says_so(tmp_path: Path) -> None:
    pack = packed(write_site(tmp_path / "site", {
        "assets/index-CSHAyvLc.js": "0", "assets/Page18-Lnd8qm_f.js": "1",
        "assets/page-CSHAyvLc.html": "2", "photo-1024x768.jpg": "3", "menu_spring24new.pdf": "4"}))
    found = {path: pack.field(path, "Cache-Control") for path in (
        "/assets/index-CSHAyvLc.js", "/assets/Page18-Lnd8qm_f.js", "/assets/page-CSHAyvLc.html",
        "/photo-1024x768.jpg", "/menu_spring24new.pdf")}
    assert list(found.values()) == [FOR_EVER, FOR_EVER, "no-cache", "no-cache", "no-cache"]
