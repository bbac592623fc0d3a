"""The packer: what a pack holds, that it is deterministic, and what it refuses."""

import hashlib
import os
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from packs import field_of, packed, refusal, write_site

import configure
from tools.base.errors import UserError
from tools.site import contents
from tools.site import pack as packer
from tools.site import pack_format as layout
from tools.site.messages import LAST_SECOND, http_date
from tools.site.pack import pack_site
from tools.site.settings import Settings

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", {
        "index.html": "<p>hello", "404.html": "<p>nothing here",
        "guide/index.html": "<p>guide", "guide/a b.txt": "spaces"})


def test_header_and_checksum(site: Path) -> None:
    pack = packed(site, Settings(lines=("http.port=80",)))
    assert (pack.magic, pack.version, pack.header_bytes) == (b"MOTEPACK", 3, 192)
    assert pack.sites == 1 and pack.hosts == [] and pack.rules == []
    assert pack.total == len(pack.data) and pack.total % 4096 == 0
    zeroed = pack.data[:24] + bytes(4) + pack.data[28:]
    assert pack.checksum == zlib.crc32(zeroed)
    assert pack.settings() == b"http.port=80\n"
    assert (pack.files, pack.bytes) == (4, len("<p>hello<p>nothing here<p>guidespaces"))


def test_file_has_its_whole_response_ready(site: Path) -> None:
    pack = packed(site)
    digest = hashlib.sha256(b"<p>hello").hexdigest()[:24]
    assert pack.find("/index.html")[2:4] == (0, 200)
    assert pack.find("/index.html")[-1] == 784111777
    record = pack.record("/index.html")
    assert pack.parts_of(record) == [
        (f'ETag: "{digest}"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n'
         "Cache-Control: no-cache\r\nAccept-Ranges: bytes\r\n").encode(),
        b"Content-Type: text/html; charset=utf-8\r\n",
        b"Content-Length: 8\r\n\r\n"]
    assert pack.body("/index.html") == b"<p>hello"
    assert pack.text(record[0] + record[5], record[6]) == f'"{digest}"'.encode()
    assert record[0] % layout.MESSAGE_ALIGNMENT == 0


def test_folders_serve_their_index_and_redirect_to_it(site: Path) -> None:
    pack = packed(site)
    assert pack.find("/")[4] == pack.find("/index.html")[4]
    assert pack.find("/guide/")[4] == pack.find("/guide/index.html")[4]
    assert pack.status_and_location("/guide") == (301, "/guide/")
    assert pack.parts_of(pack.record("/guide")) == [
        b"Cache-Control: public, max-age=3600\r\n",
        b"Content-Type: text/html; charset=utf-8\r\n",
        f"Content-Length: {len(pack.body('/guide'))}\r\nLocation: /guide/\r\n\r\n".encode()]
    assert pack.record("/guide")[6] == 0 and pack.find("/guide")[7] == 0
    assert pack.find("") is None


def test_redirect_is_percent_encoded(site: Path) -> None:
    (site / 'a "b"\r\n<é').mkdir()
    (site / 'a "b"\r\n<é' / "x").touch()
    head = packed(site).head('/a "b"\r\n<é')
    assert b"Location: /a%20%22b%22%0D%0A%3C%C3%A9/\r\n" in head


def test_index_names_are_tried_in_order(site: Path) -> None:
    (site / "guide" / "start.html").write_text("start")
    pack = packed(site, Settings(index=("start.html", "index.html")))
    assert pack.body("/guide/") == b"start"
    assert pack.body("/") == b"<p>hello"


def test_folder_without_index_has_no_page(site: Path) -> None:
    (site / "data").mkdir()
    (site / "data" / "x.json").write_text("{}")
    pack = packed(site)
    assert pack.find("/data/") is None
    assert pack.status_and_location("/data") == (301, "/data/")


def test_not_found_page(site: Path) -> None:
    pack = packed(site)
    record = pack.error(404)
    assert pack.parts_of(record) == [b"Cache-Control: no-store\r\n",
                                     b"Content-Type: text/html; charset=utf-8\r\n",
                                     b"Content-Length: 15\r\n\r\n"]
    assert record[6] == 0, "an error has no validators"
    assert pack.body_of(record) == b"<p>nothing here"
    assert pack.find("/404.html")[3] == 200
    (site / "404.html").unlink()
    assert packed(site).error_pages == []


def test_named_error_pages(site: Path) -> None:
    pack = packed(site, Settings(error_pages={503: "guide/a b.txt", 400: "index.html"}))
    assert [page[:2] for page in pack.error_pages] == [(0, 400), (0, 404), (0, 503)]
    assert pack.body_of(pack.error(503)) == b"spaces"
    assert field_of(pack.head_of(pack.error(503)), "Content-Type") == "text/plain; charset=utf-8"
    pack = packed(site, Settings(error_pages={404: "index.html"}))
    assert pack.body_of(pack.error(404)) == b"<p>hello"


def test_named_error_page_must_be_there(site: Path) -> None:
    message = refusal(site, Settings(error_pages={404: "gone.html"}))
    assert "gone.html" in message and "http.error_pages.404" in message


def test_hidden_files_are_served_but_not_git(site: Path) -> None:
    (site / ".well-known").mkdir()
    (site / ".well-known" / "security.txt").write_text("x")
    (site / ".git").mkdir()
    (site / ".git" / "config").write_text("secret")
    pack = packed(site)
    assert pack.body("/.well-known/security.txt") == b"x"
    assert pack.find("/.git/config") is None and pack.find("/.git") is None


def test_same_input_same_bytes(site: Path, tmp_path: Path) -> None:
    first = packed(site).data
    copy = tmp_path / "elsewhere" / "site"
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_file():
            target = copy / path.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            os.utime(target, (784111777, 784111777))
    assert packed(copy).data == first


def test_source_date_epoch_bounds_dates(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert packed(site).find("/index.html")[-1] == 86400
    assert b"Last-Modified: Fri, 02 Jan 1970 00:00:00 GMT" in packed(site).head("/")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert "SOURCE_DATE_EPOCH" in refusal(site)


@pytest.mark.parametrize("modified", [0, 1, -5, 315532800, 315532801, 318211200, 499162500])
def test_a_time_that_is_none_is_left_out(site: Path, modified: int) -> None:
    """Nix's store, OSTree, Jib, buildpacks, Gradle, npm: content changes, and the time stays."""
    os.utime(site / "index.html", (modified, modified))
    pack = packed(site)
    assert pack.find("/")[-1] == 0 and pack.field("/", "Last-Modified") is None
    assert pack.field("/", "ETag") is not None
    os.utime(site / "index.html", (2, 2))
    assert packed(site).field("/", "Last-Modified") == "Thu, 01 Jan 1970 00:00:02 GMT"


def test_a_file_from_the_future_is_of_now(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, 8.8.2.1; check_http -M is critical about a date from the future."""
    before = int(time.time())
    os.utime(site / "index.html", (before + 86400, before + 86400))
    modified = packed(site).find("/")[-1]
    assert before <= modified <= int(time.time())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert packed(site).find("/")[-1] == 1000000000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert packed(site).find("/")[-1] == 0


def test_the_time_of_packing_is_in_no_other_pack(
        site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs = []
    for now in (1_000_000_000.5, 2_000_000_000.5):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        packs.append(packed(site).data)
    assert packs[0] == packs[1]


def test_a_date_is_strong_when_its_second_was_over(site: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    # apt resumes by it. RFC 9110, 8.8.2.2: no other content of that second can have been packed.
    def flags(path: str) -> int:
        return packed(site).find(path)[6]

    def date(seconds: float) -> None:
        os.utime(site / "index.html", (seconds, seconds))

    assert flags("/index.html") == layout.STRONG_DATE
    for stand_in in (0, 1):  # of archives and of the Nix store, whatever the content
        date(stand_in)
        assert flags("/index.html") == 0
    date(time.time() + 1000)
    assert flags("/index.html") == 0
    (site / "index.html").write_text("written just now")
    now = (site / "index.html").stat().st_mtime
    assert flags("/index.html") == layout.STRONG_DATE
    assert time.time() >= int(now) + 1
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "784111777")  # of this and of the next build
    for seconds, strong in ((784111776, True), (784111777, False), (784111778, False)):
        date(seconds)
        assert flags("/index.html") == (layout.STRONG_DATE if strong else 0)


def test_thousands_of_files_are_all_found(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for number in range(3000):
        (site / f"file-{number}.txt").write_text(str(number))
    pack = packed(site)
    assert len(pack.slots) >= 2 * 3000
    for number in range(3000):
        assert pack.body(f"/file-{number}.txt") == str(number).encode()
    assert pack.find("/file-3000.txt") is None


def test_large_and_empty_files(site: Path) -> None:
    content = os.urandom(3 * contents.PIECE + 1)
    (site / "large.bin").write_bytes(content)
    (site / "empty.css").touch()
    pack = packed(site)
    assert pack.body("/large.bin") == content
    assert b"Content-Length: 0\r\n" in pack.head("/empty.css")


def test_links_within_the_site_are_followed(site: Path) -> None:
    (site / "again.html").symlink_to("index.html")
    (site / "copy").symlink_to("guide")
    (site / "up").mkdir()
    (site / "up" / "home").symlink_to(site / "index.html")
    pack = packed(site)
    assert pack.body("/again.html") == b"<p>hello"
    assert pack.body("/copy/") == b"<p>guide"
    assert pack.body("/up/home") == b"<p>hello"


def test_site_may_itself_be_a_link(site: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(site)
    assert packed(link).body("/") == b"<p>hello"


@pytest.mark.parametrize("target, words", [
    ("/etc/passwd", "out of the site"),
    ("../outside", "out of the site"),
    ("missing", "link to nothing"),
    ("bad", "leads to itself"),
    (".", "leads back"),
])
def test_bad_links_are_named(site: Path, target: str, words: str) -> None:
    (site.parent / "outside").touch()
    (site / "bad").symlink_to(target)
    message = refusal(site)
    assert "bad" in message and words in message


def test_loop_of_folders_is_named(site: Path) -> None:
    (site / "guide" / "loop").symlink_to("../guide")
    assert "loop" in refusal(site)


def test_special_files_are_named(site: Path) -> None:
    os.mkfifo(site / "fifo")
    assert "fifo" in refusal(site) and "a pipe" in refusal(site)
    (site / "fifo").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(site / "sock"))
        assert "a socket" in refusal(site)


def test_name_that_is_not_utf8(site: Path) -> None:
    (Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9"))).touch()
    message = refusal(site)
    assert "UTF-8" in message and "caf\\xe9" in message


def test_path_that_is_too_long(site: Path) -> None:
    folder = site / ("d" * 250) / ("d" * 250) / ("d" * 250) / ("d" * 250)
    folder.mkdir(parents=True)
    (folder / ("f" * 19)).touch()
    packed(site)
    (folder / ("f" * 20)).touch()
    assert "1025 bytes" in refusal(site)


def test_unreadable_file_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr("builtins.open", refuse)
    message = refusal(site)
    assert "404.html" in message and "Permission denied" in message


@pytest.mark.parametrize("change", [b"<p>HELLO", b"<p>hello!", b""])
def test_file_that_changes_is_refused(site: Path, change: bytes,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    write_pack = packer.write_pack

    def meddle(stream: object, plan: object) -> None:
        (site / "index.html").write_bytes(change)
        write_pack(stream, plan)
    monkeypatch.setattr(packer, "write_pack", meddle)
    assert "changed while" in refusal(site)


def test_site_must_be_a_folder_with_files(site: Path, tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "missing")
    assert "not a folder" in refusal(site / "index.html")
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    assert "holds no files" in refusal(tmp_path / "empty")


def test_pack_may_not_lie_in_its_site(site: Path) -> None:
    with pytest.raises(UserError, match="inside the site"):
        pack_site(site, site / "site.pack", Settings())


def test_earlier_pack_survives_a_refusal(site: Path) -> None:
    out = site.parent / "site.pack"
    pack_site(site, out, Settings())
    before = out.read_bytes()
    os.mkfifo(site / "fifo")
    with pytest.raises(UserError):
        pack_site(site, out, Settings())
    assert out.read_bytes() == before


def test_text_that_is_not_utf8_gets_no_charset(site: Path) -> None:
    (site / "old.html").write_bytes(b"caf\xe9")
    (site / "cut.txt").write_bytes("é".encode()[:1])
    pack = packed(site)
    assert b"Content-Type: text/html\r\n" in pack.head("/old.html")
    assert b"Content-Type: text/plain\r\n" in pack.head("/cut.txt")


def test_http_date_at_its_bounds() -> None:
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert http_date(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT"


def test_command_line(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = site.parent / "site.pack"
    assert packer.main([str(site), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 4 files, 37 bytes\n"
    config = site.parent / "mote.toml"
    config.write_text("colour = 1\n")
    assert packer.main([str(site), "-o", str(out), "--config", str(config)]) == 2
    error = capsys.readouterr().err
    assert "mote.toml:1: colour" in error and error.count("\n") == 1


def test_packs_are_made_anew_when_the_packer_changes() -> None:
    """tools/build/sources.py lists each of our modules that tools/site/pack.py imports."""
    listing = ("import tools.site.pack, sys; "
               "print(*[name for name in sys.modules if name.count('.') == 2 and "
               "name.startswith('tools.')])")
    shown = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, text=True,
                           capture_output=True, check=True, timeout=60)
    modules = {f"{name.replace('.', '/')}.py" for name in shown.stdout.split()}
    assert modules | {"tools/site/mime.types"} == {*configure.PACKER}


def test_a_date_beyond_measure_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 5000)
    assert packer._latest_time() == LAST_SECOND
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0" * 5000 + "7")
    assert packer._latest_time() == 7


def test_the_history_is_not_published_through_a_link(site: Path, tmp_path: Path) -> None:
    (site / ".git").mkdir()
    (site / ".git/config").write_text("secret")
    for target in (".git", ".git/config"):
        (site / "history").symlink_to(target)
        with pytest.raises(UserError, match="is not served"):
            pack_site(site, tmp_path / "site.pack", Settings())
        (site / "history").unlink()
