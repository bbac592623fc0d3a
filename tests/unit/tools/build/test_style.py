"""The rules of the house: each is shown to fire, and the repository keeps them all."""

from pathlib import Path

import pytest

from tools.build import cpp_text, style
from tools.build.style import Source

ROOT = Path(__file__).resolve().parents[4]


def advice(path: str, text: str) -> list[str]:
    return [str(finding) for finding in style.check_source(Source(path, text))]


def cpp(body: str = "") -> str:
    return f"// A file.\n{body}"


def test_the_repository_keeps_every_rule() -> None:
    assert [str(finding) for finding in style.check(ROOT)] == []


def test_a_clean_file_has_no_findings() -> None:
    text = '// A file.\n#pragma once\n\n#include <span>\n\n#include "kernel/time/clock.hpp"\n'
    assert advice("netstack/a.hpp", text) == []


@pytest.mark.parametrize(("path", "text", "line", "words"), [
    ("kernel/a.cpp", cpp("int a = " + "1" * 100 + ";\n"), 2, "break the line"),
    ("kernel/a.cpp", cpp("\tint a;\n"), 2, "replace the tab"),
    ("kernel/a.cpp", cpp("int a; \n"), 2, "space at the line's end"),
    ("kernel/a.cpp", cpp("int a;"), 2, "newline"),
    ("kernel/a.cpp", cpp("int a;\n" * 400), 401, "split the file"),
    ("kernel/a.cpp", "int a;\n", 1, "first line"),
    ("boot/a.asm", "bits 32\n", 1, "first line"),
    ("tools/base/a.py", "import os\n", 1, "first line"),
    ("kernel/a.cpp", cpp("// TO" + "DO: later\n"), 2, "do it or file it"),
    ("kernel/a.hpp", cpp("int a();\n"), 1, "#pragma once"),
    ("kernel/a.cpp", cpp("#define A 1\n"), 2, "instead of a macro"),
    ("kernel/a.cpp", cpp("struct A { virtual void f(); };\n"), 2, "virtual"),
    ("kernel/a.cpp", cpp("void f() { throw 1; }\n"), 2, "exceptions"),
    ("kernel/a.cpp", cpp("#include <vector>\n"), 2, "do without <vector>"),
    ("kernel/a.cpp", cpp('#include "clock.hpp"\n'), 2, "by its path"),
    ("kernel/a.cpp", cpp("#include <kernel/time/clock.hpp>\n"), 2, "in quotes"),
])
def test_each_rule_fires(path: str, text: str, line: int, words: str) -> None:
    found = advice(path, text)
    assert len(found) == 1
    assert found[0].startswith(f"{path}:{line}: ") and words in found[0]


@pytest.mark.parametrize(("path", "header", "allowed"), [
    ("kernel/console/a.cpp", "kernel/time/clock.hpp", True),
    ("kernel/a.cpp", "drivers/net_device.hpp", False),
    ("kernel/a.cpp", "lwip/pbuf.h", False),
    ("kernel/memory/a.cpp", "kernel/cpu/cpu.hpp", True),
    ("kernel/memory/a.cpp", "kernel/boot_info.hpp", True),
    ("kernel/cpu/a.cpp", "kernel/memory/paging.hpp", False),
    ("kernel/boot_info.hpp", "kernel/cpu/addresses.hpp", False),
    ("drivers/net_device.hpp", "kernel/memory/packet.hpp", True),
    ("drivers/net_device.hpp", "drivers/virtio/nic.hpp", False),
    ("drivers/virtio/a.cpp", "drivers/virtio/ring.hpp", True),
    ("drivers/virtio/a.cpp", "drivers/net_device.hpp", True),
    ("drivers/virtio/a.cpp", "drivers/refill_batch.hpp", True),
    ("netstack/a.cpp", "drivers/refill_batch.hpp", False),
    ("drivers/virtio/a.cpp", "kernel/pci/pci.hpp", True),
    ("drivers/virtio/a.cpp", "drivers/e1000/nic.hpp", False),
    ("drivers/virtio/a.cpp", "netstack/wire/headers.hpp", False),
    ("netstack/a.cpp", "drivers/net_device.hpp", True),
    ("netstack/a.cpp", "drivers/virtio/nic.hpp", False),
    ("netstack/a.cpp", "lwip/pbuf.h", True),
    ("netstack/a.cpp", "http/connection/server.hpp", False),
    ("http/a.cpp", "netstack/stack.hpp", True),
    ("http/a.cpp", "lwip/tcp.h", False),
    ("http/a.cpp", "mote_hooks.h", False),
    ("http/reply/a.cpp", "http/pack/site_pack.hpp", True),
    ("http/reply/a.cpp", "http/operations/endpoints.hpp", False),
    ("http/operations/a.cpp", "http/connection/server.hpp", False),
    ("firmware/a.cpp", "netif/ethernet.h", False),
    ("http/a.cpp", "drivers/net_device.hpp", False),
    ("http/a.cpp", "firmware/settings/settings.hpp", False),
    ("firmware/a.cpp", "drivers/virtio/nic.hpp", True),
    ("firmware/a.cpp", "generated/version.hpp", True),
    ("http/a.cpp", "generated/version.hpp", False),
])
def test_includes_go_down_only(path: str, header: str, allowed: bool) -> None:
    text = cpp("#pragma once\n" if path.endswith("hpp") else "") + f'#include "{header}"\n'
    assert (advice(path, text) == []) == allowed


@pytest.mark.parametrize(("path", "module", "allowed"), [
    ("tools/base/files.py", "tools.base.errors", True),
    ("tools/base/files.py", "tools.site.config", False),
    ("tools/site/pack.py", "tools.base.files", True),
    ("tools/site/pack.py", "tools.build.ninja", False),
    ("tools/build/ninja.py", "tools.site.pack", False),
    ("tools/image/disks.py", "tools.build.ninja", True),
    ("tools/image/disks.py", "tools.command_line.door", False),
    ("tools/command_line/door.py", "tools.image.disks", True),
    ("tools/command_line/door.py", "tests.guard", False),
    ("mote", "tools.command_line.door", True),
    ("tests/guard.py", "tools.base.programs", True),
])
@pytest.mark.parametrize("statement", ["import {0}", "from {0} import a", "from {1} import {2}"])
def test_rooms_import_from_those_below_only(path: str, module: str, allowed: bool,
                                            statement: str) -> None:
    room, name = module.rsplit(".", 1)
    line = statement.format(module, room, name)
    text = f'#!/usr/bin/env python3\n"""A file."""\nif True:\n    {line}\n'
    found = advice(path, text)
    assert (found == []) == allowed
    if not allowed:
        assert found[0].startswith(f"{path}:4: do without {room}")


def test_every_tool_has_a_room() -> None:
    assert advice("tools/a.py", '"""A file."""\n') == [
        "tools/a.py:1: put it into one of tools/'s rooms: base, build, site, image, release, "
        "command_line, debug"]
    assert len(advice("tools/attic/a.py", '"""A file."""\n')) == 1


def test_a_long_function_is_found_wherever_it_stands() -> None:
    body = "  a();\n" * 60
    text = cpp(f"namespace x {{\nclass A {{\n public:\n  A() : b_{{1}}, c_(2) {{\n{body}}}\n}};\n"
               f"void g() {{}}\n}}  // namespace x\n")
    found = advice("kernel/a.cpp", text)
    assert len(found) == 1 and found[0].startswith("kernel/a.cpp:5: split the function: 62")


def test_a_long_python_function_is_found() -> None:
    found = advice("tools/base/a.py", '"""A file."""\n\n\ndef f():\n' + "    f()\n" * 60)
    assert found == ["tools/base/a.py:4: split the function: 61 lines are more than 60"]


def test_words_in_comments_and_text_do_not_count() -> None:
    assert advice("kernel/a.cpp", cpp('// We try no virtual.\nauto a = "catch \\" throw";\n')) == []


def test_functions_are_told_from_tables_scopes_and_lambdas() -> None:
    text = """\
namespace a {
constexpr int kTable[] = {1, 2};
enum class E { kOne };
template <typename T>
  requires(sizeof(T) == 1)
void f(T t) {
  if (t) {
    g([] { return 1; });
  }
}
struct S {
  int v = 1;
  int get() const { return v; }
};
}
"""
    assert list(cpp_text.functions(text)) == [(4, 10), (13, 13)]


def test_formatting_is_checked(tmp_path: Path) -> None:
    (tmp_path / ".clang-format").write_text((ROOT / ".clang-format").read_text())
    (tmp_path / "a.cpp").write_text("// A file.\nint  a;\n")
    found = [str(finding) for finding in style.formatting(tmp_path, ["a.cpp"])]
    assert found == ["a.cpp:2: run clang-format-19 -i a.cpp"]


def test_headers_of_lwip_behind_others_are_found(tmp_path: Path) -> None:
    files = {"http/a.cpp": '#include "netstack/open.hpp"\n#include "netstack/closed.hpp"\n',
             "netstack/open.hpp": '#include "netstack/deep.hpp"\n',
             "netstack/deep.hpp": '#include "netstack/open.hpp"\n#include "lwip/tcp.h"\n',
             "netstack/closed.hpp": "#include <span>\n",
             "firmware/a.cpp": '#include "netstack/open.hpp"\n'}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    found = [str(finding) for finding in style.seam(tmp_path, sorted(files))]
    assert found == ['http/a.cpp:1: do without "netstack/open.hpp": it leads to "lwip/tcp.h", '
                     "which only netstack/ may see"]


def test_a_source_that_nothing_builds_is_found() -> None:
    paths = ["boot/boot_info.inc", "boot/pvh.asm", "kernel/memory/packet.cpp", "kernel/nobody.cpp"]
    assert [finding.path for finding in style.unlisted(ROOT, paths)] == ["kernel/nobody.cpp"]


def test_style_without_a_repository_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="git cannot list") as caught:
        style.repository_files(tmp_path)
    assert "\n" not in str(caught.value)
