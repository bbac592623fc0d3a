"""An OCI image layout (Image Format Specification 1.0) with the disk as KubeVirt's containerDisk
wants it: /disk/*.img, readable by user and group 107, qemu."""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tools.base.errors import system_error
from tools.base.files import replacing
from tools.image import archives

QEMU_USER = 107
MEDIA = "application/vnd.oci.image"
TAG = "latest"


class Layout:
    """A layout that grows in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs/sha256"
        self._blobs.mkdir(parents=True)
        (folder / "oci-layout").write_bytes(document({"imageLayoutVersion": "1.0.0"}))

    def add(self, content: bytes | Path, media: str) -> dict[str, Any]:
        """Adds a blob; returns its descriptor. A file is moved."""
        path = self._blobs / "new"
        if isinstance(content, Path):
            shutil.move(content, path)
        else:
            path.write_bytes(content)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        path.rename(self._blobs / digest)
        return {"mediaType": f"{MEDIA}.{media}", "digest": f"sha256:{digest}", "size": size}

    def finish(self, manifest: dict[str, Any]) -> None:
        """Writes the index, which names one image."""
        named = manifest | {"platform": {"architecture": "amd64", "os": "linux"},
                            "annotations": {"org.opencontainers.image.ref.name": TAG}}
        (self.folder / "index.json").write_bytes(document(
            {"schemaVersion": 2, "mediaType": f"{MEDIA}.index.v1+json", "manifests": [named]}))


def document(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def lay_out(raw: Path, folder: Path) -> None:
    """Makes the layout of an image with one layer, which holds the disk."""
    layout = Layout(folder)
    plain, packed = raw.with_suffix(".layer.tar"), raw.with_suffix(".layer.gz")
    directory = archives.member("disk", 0o555, QEMU_USER)
    directory.type = tarfile.DIRTYPE
    with plain.open("wb") as tar:
        archives.write_tar([(directory, b""),
                            (archives.member("disk/disk.img", 0o440, QEMU_USER), raw)], tar)
    with plain.open("rb") as tar:
        content = hashlib.file_digest(tar, "sha256").hexdigest()
    with packed.open("wb") as file:
        archives.write_gzip(plain, file)
    plain.unlink()
    layer = layout.add(packed, "layer.v1.tar+gzip")
    config = layout.add(document({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{content}"]}}), "config.v1+json")
    layout.finish(layout.add(document({
        "schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json", "config": config,
        "layers": [layer]}), "manifest.v1+json"))


def write_archive(raw: Path, out: Path) -> None:
    """The layout as a tar."""
    folder = raw.with_suffix(".oci")
    lay_out(raw, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with replacing(out) as file:
        archives.write_tar([(archives.member(str(path.relative_to(folder))), path)
                            for path in paths], file)


def write_folder(raw: Path, out: Path) -> None:
    """The layout as a folder, which appears when it is complete."""
    made = None
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{out.name[:100]}.", dir=out.parent))
        lay_out(raw, made / "layout")
        os.rename(made / "layout", out)
    except OSError as error:
        raise system_error(out, error, "make room there or choose another place") from None
    finally:
        if made:
            shutil.rmtree(made, ignore_errors=True)
