"""Makes mote_VERSION_all.deb: the host tool, with the firmware inside."""

import gzip
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tools.base import setup
from tools.release.tree import PROGRAM, Facts, Shipped, Tree, lay_out

MAINTAINER = "The Mote authors <maintainers@mote.invalid>"
HOME = "usr/lib/mote"
DOCUMENTS = "usr/share/doc/mote"

# The parts of a release that have places of their own in Debian; "" is left out there, since
# copyright holds it. All other files stay together below HOME.
PLACES = {
    "README.md": DOCUMENTS, "CHANGELOG.md": DOCUMENTS, "NOTICE": DOCUMENTS, "docs": DOCUMENTS,
    "LICENSE": "", "share": "usr",
}

CONTROL = """\
Package: mote
Version: {version}
Architecture: all
Maintainer: {maintainer}
Installed-Size: {kibibytes}
Depends: python3 (>= 3.11), {depends}
Recommends: {recommends}
Suggests: {suggests}
Section: utils
Priority: optional
Description: turn a folder of static files into a machine that serves them
 Mote makes bootable images for virtual machines that serve a folder of static
 files over HTTP/1.1, without an operating system inside: a small kernel boots
 in milliseconds and serves the files from memory.
 .
 The kernel and its loaders are in this package, ready to use: no compiler and
 no network are needed to make an image, or to try one in QEMU.
"""

# As dh_python3 writes them: byte code is kept beside the modules, and removed with them.
POSTINST = """\
#!/bin/sh
set -e
if [ "$1" = configure ] && command -v py3compile >/dev/null 2>&1; then
    py3compile -p mote /usr/lib/mote
fi
"""
PRERM = """\
#!/bin/sh
set -e
if command -v py3clean >/dev/null 2>&1; then
    py3clean -p mote
fi
"""

CHANGELOG = """\
mote ({version}) unstable; urgency=medium

  * Build version {version} (commit {commit}); CHANGELOG.md tells what is new.

 -- {maintainer}  {date}
"""

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: mote

Files: *
Copyright: 2026 The Mote authors
License: MIT

Files: usr/lib/mote/prebuilt/*
Copyright: 2026 The Mote authors
           2001, 2002 Swedish Institute of Computer Science
License: MIT and BSD-3-Clause
Comment: The kernel contains lwIP. The full notice is in NOTICE.

Files: usr/lib/mote/tools/site/mime.types
Copyright: none
License: public-domain
 The table comes from Debian's package media-types, which is in the public
 domain.

License: MIT
{mit}

License: BSD-3-Clause
{bsd}
"""

# The kernel is run by virtual machines, whatever this machine's architecture, and keeps its
# symbols for `mote symbolize` and `mote run --debug`.
OVERRIDES = """\
# Run by virtual machines, not by this one: the same on every architecture.
mote: arch-independent-package-contains-binary-or-object [usr/lib/mote/prebuilt/kernel.elf]
mote: statically-linked-binary [usr/lib/mote/prebuilt/kernel.elf]
# Its symbols name functions and lines in the backtrace of a panic.
mote: unstripped-binary-or-object [usr/lib/mote/prebuilt/kernel.elf]
"""


def build(files: Tree, told: Facts, needed: Mapping[str, str], out: Path) -> None:
    """Writes the package: the same bytes for the same release. `needed` are the packages for
    formats of images."""
    staged = places(files)
    staged["usr/bin/mote"] = Shipped(b"", link="../lib/mote/mote")
    staged |= {
        f"{DOCUMENTS}/copyright": Shipped(copyright_of(files).encode()),
        f"{DOCUMENTS}/changelog.gz": Shipped(zipped(changelog(told))),
        "usr/share/lintian/overrides/mote": Shipped(OVERRIDES.encode()),
    }
    kibibytes = sum(-(-len(one.data) // 1024) for one in staged.values())
    sums = "".join(f"{hashlib.md5(one.data).hexdigest()}  {path}\n"
                   for path, one in sorted(staged.items()) if not one.link)
    staged |= {
        "DEBIAN/control": Shipped(control(told, kibibytes, needed).encode()),
        "DEBIAN/md5sums": Shipped(sums.encode()),
        "DEBIAN/postinst": Shipped(POSTINST.encode(), PROGRAM),
        "DEBIAN/prerm": Shipped(PRERM.encode(), PROGRAM),
    }
    with tempfile.TemporaryDirectory(prefix="mote-deb-") as folder:
        lay_out(dict(sorted(staged.items())), Path(folder) / "mote", told.seconds)
        pack(Path(folder) / "mote", told.seconds, out)


def places(files: Tree) -> dict[str, Shipped]:
    """The release's files where Debian wants them."""
    found = {}
    for path, one in files.items():
        top, _, rest = path.partition("/")
        place = PLACES.get(top, HOME)
        if path.startswith("share/man/"):
            found[f"usr/{path}.gz"] = Shipped(zipped(one.data.decode()))
        elif top == "share":
            found[f"usr/{path.replace('zsh/site-functions', 'zsh/vendor-completions')}"] = one
        elif place == DOCUMENTS:
            found[f"{place}/{rest or path}"] = one
        elif place:
            found[f"{place}/{path}"] = debian_script(one)
    return found


def debian_script(one: Shipped) -> Shipped:
    """Debian's programs start Debian's Python, whichever is the first on PATH."""
    if not one.data.startswith(b"#!/usr/bin/env python3\n"):
        return one
    data = one.data.replace(b"#!/usr/bin/env python3\n", b"#!/usr/bin/python3\n", 1) \
        if one.mode == PROGRAM else one.data.partition(b"\n")[2]
    return Shipped(data, one.mode)


def control(told: Facts, kibibytes: int, needed: Mapping[str, str]) -> str:
    return CONTROL.format(
        version=told.version, maintainer=MAINTAINER, kibibytes=kibibytes,
        depends=", ".join(sorted(setup.COMPRESS)),
        recommends=", ".join(sorted({**setup.RUN, **needed}.keys() - setup.COMPRESS.keys())),
        suggests=", ".join(sorted({**setup.DEBUG, **setup.SYMBOLIZE})))


def changelog(told: Facts) -> str:
    date = datetime.fromtimestamp(told.seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return CHANGELOG.format(version=told.version, commit=told.commit, maintainer=MAINTAINER,
                            date=date)


def copyright_of(files: Tree) -> str:
    """debian/copyright, with the licences' texts."""
    mit = files["LICENSE"].data.decode().partition("\n\n")[2].partition("\n\n")[2]
    notice = files["NOTICE"].data.decode()
    bsd = notice[notice.index("Redistribution and use"):notice.index("\ntools/site/mime.types")]
    return COPYRIGHT.format(mit=field(mit), bsd=field(bsd))


def field(text: str) -> str:
    """A text in a field (deb822(5)): each line behind a space, an empty one as a dot."""
    return "\n".join(f" {line}".rstrip() if line.strip() else " ." for line
                     in text.strip().splitlines())


def zipped(text: str) -> bytes:
    """As gzip -9n writes it, without name and time."""
    return gzip.compress(text.encode(), 9, mtime=0)


def pack(tree: Path, seconds: int, out: Path) -> None:
    """Lets dpkg-deb write the package. One thread: more may cut the data elsewhere."""
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", tree, out]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(seconds), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, text=True, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"dpkg-deb: {(done.stderr.splitlines() or ['no message'])[0]}")
