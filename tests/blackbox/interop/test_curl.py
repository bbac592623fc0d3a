"""curl: ranges, resumed downloads, codings, conditions, refused uploads."""

import email
import os
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from machine import Guest
from programs import URL, Use, boot, needed, the_site, wrong_files

BLOB = "size/1000003.bin"
CODINGS = {"br": "brotli", "zstd": "zstd", "gzip": "gzip"}


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    needed("curl")
    return boot(shared_bench)


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


@pytest.fixture(scope="module")
def blob(site: Path) -> bytes:
    return (site / BLOB).read_bytes()


class Curl:
    """Runs curl in a folder; its stdout is the chosen fact about the transfer."""

    def __init__(self, guest: Guest, folder: Path) -> None:
        self._lab = guest.lab
        self.out = folder / "out"
        self.head = folder / "head"

    def __call__(self, path: str, *options: str, told: str = "%{http_code}") -> str:
        return self._lab.run("curl", "-sS", "-m", "120", "-o", str(self.out), "-D",
                             str(self.head), "-w", told, *options, f"{URL}/{path}",
                             timeout=150).stdout

    @property
    def fields(self) -> dict[str, str]:
        """The last response's fields, by lower-case names."""
        last = self.head.read_text().strip().split("\n\n")[-1]
        lines = [line.partition(":") for line in last.splitlines()[1:]]
        return {name.lower(): value.strip() for name, _, value in lines}


@pytest.fixture
def curl(guest: Guest, tmp_path: Path) -> Curl:
    return Curl(guest, tmp_path)


@pytest.mark.parametrize("given, start, stop", [
    ("0-99", 0, 100), ("999900-", 999_900, 1_000_003), ("-50", 999_953, 1_000_003),
    ("65535-131073", 65535, 131_074), ("1000002-2000000", 1_000_002, 1_000_003),
    ("-2000000", 0, 1_000_003)])
def test_a_range(curl: Curl, blob: bytes, given: str, start: int, stop: int) -> None:
    assert curl(BLOB, "-r", given) == "206"
    assert curl.out.read_bytes() == blob[start:stop]
    assert curl.fields["content-range"] == f"bytes {start}-{stop - 1}/{len(blob)}"


def test_several_ranges(curl: Curl, blob: bytes) -> None:
    """Split by Python's MIME parser, which isn't ours either."""
    assert curl(BLOB, "-r", "0-9,500000-500099,-20") == "206"
    media = curl.fields["content-type"]
    assert media.startswith("multipart/byteranges")
    whole = email.message_from_bytes(
        b"Content-Type: " + media.encode() + b"\r\n\r\n" + curl.out.read_bytes())
    parts = [(part["Content-Range"], part.get_payload(decode=True)) for part in whole.walk()
             if not part.is_multipart()]
    assert parts == [("bytes 0-9/1000003", blob[:10]),
                     ("bytes 500000-500099/1000003", blob[500_000:500_100]),
                     ("bytes 999983-1000002/1000003", blob[-20:])]
    assert not whole.defects


def test_a_range_behind_the_end(curl: Curl) -> None:
    assert curl(BLOB, "-r", "1000003-") == "416"
    assert curl.fields["content-range"] == "bytes */1000003"


@pytest.mark.parametrize("there", [1, 65536, 1_000_002])
def test_a_download_is_resumed(curl: Curl, blob: bytes, there: int) -> None:
    curl.out.write_bytes(blob[:there])
    told = curl(BLOB, "-C", "-", told="%{http_code} %{size_download}")
    assert told == f"206 {len(blob) - there}"
    assert curl.out.read_bytes() == blob


def test_a_complete_download_is_left_alone(curl: Curl, blob: bytes) -> None:
    """curl understands 416 with the length in Content-Range: nothing is left to fetch."""
    curl.out.write_bytes(blob)
    assert curl(BLOB, "-C", "-") == "416"
    assert curl.out.read_bytes() == blob


def test_compressed(curl: Curl, site: Path) -> None:
    for path in ("text.txt", "index.html"):
        assert curl(path, "--compressed") == "200"
        assert curl.out.read_bytes() == (site / path).read_bytes()
    told = curl("text.txt", "--compressed", told="%{size_download}")
    assert int(told) * 4 < (site / "text.txt").stat().st_size
    assert curl.fields["content-encoding"] in CODINGS
    assert "accept-encoding" in curl.fields["vary"].lower()


def test_a_range_where_codings_are_accepted(curl: Curl, site: Path) -> None:
    """curl decodes coded content, and a part of a variant can't be decoded."""
    assert curl("text.txt", "--compressed", "-r", "5000-5999") == "206"
    assert curl.out.read_bytes() == (site / "text.txt").read_bytes()[5000:6000]
    assert "content-encoding" not in curl.fields


def test_a_variant_is_resumed_by_its_tag(curl: Curl) -> None:
    """The variant is stored undecoded."""
    accepts = ("-H", "Accept-Encoding: gzip")
    assert curl("text.txt", *accepts) == "200"
    variant, tag = curl.out.read_bytes(), curl.fields["etag"]
    curl.out.write_bytes(variant[:1000])
    assert curl("text.txt", *accepts, "-C", "-", "-H", f"If-Range: {tag}") == "206"
    assert curl.out.read_bytes() == variant


@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_by_its_own_program(guest: Guest, curl: Curl, site: Path,
                                        coding: str) -> None:
    needed(CODINGS[coding])
    assert curl("text.txt", "-H", f"Accept-Encoding: {coding}") == "200"
    assert curl.fields["content-encoding"] == coding
    plain = curl.out.with_name("plain")
    with plain.open("wb") as out:
        unpack = guest.lab.start(CODINGS[coding], "-dc", str(curl.out), stdout=out)
        assert unpack.wait(60) == 0
    assert plain.read_bytes() == (site / "text.txt").read_bytes()


def test_each_coding_has_a_tag_of_its_own(curl: Curl) -> None:
    tags = {}
    for coding in (*CODINGS, "identity"):
        assert curl("text.txt", "-H", f"Accept-Encoding: {coding}") == "200"
        tags[coding] = curl.fields["etag"]
    assert len(set(tags.values())) == len(tags)
    for coding, tag in tags.items():
        fields = ("-H", f"Accept-Encoding: {coding}", "-H", f"If-None-Match: {tag}")
        assert curl("text.txt", *fields) == "304", coding
        assert curl.fields["etag"] == tag


def test_what_is_compressed_already_is_left_alone(curl: Curl) -> None:
    for path in ("picture.png", BLOB):
        assert curl(path, "--compressed") == "200"
        assert "content-encoding" not in curl.fields


def test_by_date(curl: Curl, site: Path) -> None:
    """-z FILE asks whether the resource is newer than the file; -z -DATE, whether it is older."""
    held = curl.out.with_name("held")
    assert curl("text.txt", "-R") == "200"  # the file gets the date of Last-Modified
    os.rename(curl.out, held)
    assert int(held.stat().st_mtime) == sites.MODIFIED
    assert curl("text.txt", "-z", str(held)) == "304"
    os.utime(held, (sites.MODIFIED - 1,) * 2)
    assert curl("text.txt", "-z", str(held)) == "200"
    assert curl("text.txt", "-z", "-Thu, 29 Feb 2024 12:34:57 GMT") == "200"
    assert curl("text.txt", "-z", "-Thu, 29 Feb 2024 12:34:55 GMT") == "412"


def test_by_tag(curl: Curl, site: Path) -> None:
    tag = str(curl.out.with_name("tag"))
    command = ("--compressed", "--etag-save", tag, "--etag-compare", tag)
    assert curl("text.txt", *command) == "200"
    assert curl("text.txt", *command) == "304"
    assert curl.out.read_bytes() == (site / "text.txt").read_bytes()


def test_an_upload_is_refused_and_the_connection_kept(guest: Guest, tmp_path: Path) -> None:
    """With Content-Length and chunked; without Expect the content is read and discarded."""
    for size, options in ((1000, []), (1000, ["-H", "Transfer-Encoding: chunked"])):
        body = tmp_path / "body"
        body.write_bytes(bytes(size))
        told = guest.lab.run(
            "curl", "-sS", "-w", "%{http_code} %{num_connects}\n", "-o", "/dev/null", "-T",
            str(body), "-H", "Expect:", *options, f"{URL}/data/small.json", "--next", "-sS", "-w",
            "%{http_code} %{num_connects}\n", "-o", "/dev/null", f"{URL}/data/small.json")
        assert told.stdout == "405 1\n200 0\n", options


def test_a_large_upload_is_refused_before_it_is_sent(curl: Curl) -> None:
    body = curl.out.with_name("body")
    body.write_bytes(bytes(2 << 20))
    fact = "%{http_code} %{size_upload}"
    assert curl("data/small.json", "-T", str(body), "-H", "Expect: 100-continue",
                told=fact) == "405 0"


@pytest.mark.parametrize("options", [("-0",), ("-0", "-H", "Connection: keep-alive"), ("--http2",),
                                     ("--http1.1", "--tr-encoding"), ("--raw",), ("-X", "HEAD",
                                                                                 "-I")])
def test_other_ways_to_ask(curl: Curl, options: tuple[str, ...], site: Path) -> None:
    """HTTP/1.0, an unaccepted upgrade to h2c, TE and Connection in one request."""
    assert curl("text.txt", *options) == "200"
    if "-I" not in options:
        assert curl.out.read_bytes() == (site / "text.txt").read_bytes()


def test_many_at_once(guest: Guest, site: Path, tmp_path: Path) -> None:
    """The whole site six times over, twenty transfers at a time."""
    names = sites.files(site)
    lines = []
    for time in range(6):
        for name in names:
            lines += [f'url = "{URL}{sites.url_path(name)}"',
                      f'output = "{tmp_path}/{time}/{name}"', "compressed"]
    config = tmp_path / "curl.conf"
    config.write_text("\n".join(lines) + "\n")
    use = Use(guest)
    guest.lab.run("curl", "-sS", "-f", "--create-dirs", "-Z", "--parallel-max", "20", "-K",
                  str(config))
    for time in range(6):
        assert not wrong_files(tmp_path / str(time), site, names)
    requests, connections = use.so_far()
    assert requests == 6 * len(names) and connections <= 40
