#!/usr/bin/env python3
"""Writes build.ninja: the rules of build.ninja.in and the explicit list of what Mote is made of.

Usage: ./configure.py && ninja          (ninja test, ninja size, ninja check, ninja run)
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# Firmware, floor by floor. A source that is not named here is not built.
KERNEL = ["acpi", "clock", "console", "cpu", "dma", "entropy", "fw_cfg", "memory", "packet",
          "page_table", "paging", "panic", "pci", "pci_access", "reference_timer", "reset",
          "runtime", "uart", "vga_text", "virtio_mmio", "wall_clock"]
DRIVERS = ["e1000/net", "e1000/pci_registers", "e1000/receive_ring", "e1000/transmit_ring",
           "virtio/mmio_net", "virtio/mmio_transport", "virtio/net", "virtio/pci_transport",
           "virtio/receive_queue", "virtio/ring", "virtio/text", "virtio/transmit_queue",
           "vmxnet3/buffer_ring", "vmxnet3/nic", "vmxnet3/pci_registers",
           "vmxnet3/receive_queue", "vmxnet3/transmit_queue"]
NETSTACK = ["attachment", "fast_path", "heap", "lwip_port", "receive", "stats", "transmit"]
HTTP = ["access_log", "conditions", "connection", "connection_input", "content", "crc32",
        "date", "endpoints", "metrics", "negotiation", "preface", "ranges", "redirect", "reply",
        "reply_tail", "reply_writer", "request", "request_buffer", "section_scanner", "server",
        "site_pack", "target"]
FIRMWARE = ["main", "nics", "parse", "pools", "settings", "site"]

# NASM: what is linked into the kernel, and the flat loader in front of it on a BIOS disk.
BOOT = ["boot/pvh.asm", "boot/long_mode.asm", "boot/traps.asm"]
LOADER = "boot/loader.asm"

# All that makes site packs: a change in it makes them anew.
PACKER = [f"tools/{name}.py" for name in (
    "addresses", "compress", "config", "config_document", "config_values", "contents", "errors",
    "files", "http_config", "media_types", "messages", "pack", "pack_format", "pack_writer",
    "policy", "redirects", "settings", "setup", "site_plan", "site_tree", "terminal")]

# Unit test programs, tests/unit/NAME_test.cpp, each with what it tests and the fakes below it.
# LWIP stands for all of lwIP.
LWIP = "lwip"
FAKE_CONSOLE = "tests/unit/fake_console.cpp"
PACKETS = ["kernel/packet.cpp", "tests/unit/packets.cpp"]
NETSTACK_WORLD = ["tests/unit/netstack_world.cpp", FAKE_CONSOLE, *PACKETS, LWIP,
                  *[f"netstack/{name}.cpp" for name in NETSTACK]]
VIRTIO_WORLD = ["tests/unit/virtio_world.cpp", FAKE_CONSOLE, *PACKETS,
                *[f"drivers/virtio/{name}.cpp" for name in
                  ["receive_queue", "ring", "text", "transmit_queue"]]]
VMXNET3_WORLD = ["tests/unit/virtio_world.cpp", FAKE_CONSOLE, *PACKETS,
                 *[f"drivers/vmxnet3/{name}.cpp" for name in
                   ["buffer_ring", "receive_queue", "transmit_queue"]]]
E1000_WORLD = ["tests/unit/e1000_world.cpp", *PACKETS,
               "drivers/e1000/receive_ring.cpp", "drivers/e1000/transmit_ring.cpp"]
HTTP_FAKES = ["tests/unit/http_fakes.cpp", "tests/unit/http_site.cpp"]
HTTP_REPLY = ["tests/unit/fake_endpoints.cpp", *HTTP_FAKES, *[f"http/{name}.cpp" for name in
              ["conditions", "crc32", "date", "negotiation", "preface", "ranges", "redirect",
               "reply", "reply_tail", "request", "site_pack", "target"]]]
HTTP_WORLD = ["tests/unit/http_world.cpp", "tests/unit/fake_endpoints.cpp", *HTTP_FAKES,
              *[f"http/{name}.cpp" for name in HTTP
                if name not in ("access_log", "endpoints", "metrics")]]
UNIT_TESTS = {
    "access_log": ["http/access_log.cpp", "http/request.cpp", FAKE_CONSOLE],
    "e1000_bring_up": E1000_WORLD,
    "e1000_ring": E1000_WORLD,
    "e1000_segmentation": E1000_WORLD,
    "fast_path": ["netstack/fast_path.cpp"],
    "http_closing": HTTP_WORLD,
    "http_conditions": ["http/conditions.cpp", "http/date.cpp", "http/request.cpp"],
    "http_connection": HTTP_WORLD,
    "http_content": ["http/content.cpp"],
    "http_crowd": HTTP_WORLD,
    "http_drain": HTTP_WORLD,
    "http_framing": ["http/request.cpp", "http/section_scanner.cpp"],
    "http_negotiation": ["http/negotiation.cpp", "http/request.cpp"],
    "http_pack": HTTP_REPLY,
    "http_preface": ["http/preface.cpp", "http/date.cpp", *HTTP_FAKES],
    "http_ranges": ["http/ranges.cpp", "http/reply_tail.cpp", "http/request.cpp", *HTTP_FAKES],
    "http_redirect": ["tests/unit/reply_site.cpp", *HTTP_REPLY],
    "http_reply": ["tests/unit/reply_site.cpp", *HTTP_REPLY],
    "http_request": ["http/request.cpp", "http/section_scanner.cpp", "http/target.cpp"],
    "http_scanner": ["http/request.cpp", "http/section_scanner.cpp"],
    "kernel": [],
    "kernel_acpi": [],
    "kernel_aml": [],
    "kernel_arena": [],
    "kernel_paging": ["kernel/page_table.cpp"],
    "kernel_pci": [],
    "kernel_windows": [],
    "metrics": ["http/date.cpp", "http/endpoints.cpp", "http/metrics.cpp", "http/preface.cpp",
                "http/reply_tail.cpp", *PACKETS],
    "netstack": NETSTACK_WORLD,
    "netstack_crowd": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_dhcp": NETSTACK_WORLD,
    "netstack_long_crowd": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_noise": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_pieces": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_recovery": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_segmentation": [
        "tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_tcp": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_reply": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_table": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "netstack_timers": ["tests/unit/tcp_peer.cpp", "tests/unit/tcp_server.cpp", *NETSTACK_WORLD],
    "settings": ["firmware/parse.cpp", "firmware/settings.cpp", FAKE_CONSOLE],
    "virtio_large_receive": VIRTIO_WORLD,
    "virtio_mmio": VIRTIO_WORLD,
    "virtio_net": VIRTIO_WORLD,
    "virtio_net_faults": VIRTIO_WORLD,
    "virtio_segmentation": VIRTIO_WORLD,
    "virtio_ring": ["drivers/virtio/ring.cpp"],
    "vmxnet3": VMXNET3_WORLD,
    "vmxnet3_faults": VMXNET3_WORLD,
    "vmxnet3_segmentation": VMXNET3_WORLD,
    "wall_clock": [],
}

# Fuzzers, tests/fuzz/NAME_fuzzer.cpp, in the same way.
ORACLES = ["tests/fuzz/request_oracle.cpp", "tests/fuzz/content_oracle.cpp"]
FUZZ_PACK = ["tests/fuzz/guarded_pack.cpp", "tests/fuzz/pack.asm", "http/crc32.cpp",
             "http/site_pack.cpp"]
FUZZERS = {
    "connection": ["tests/fuzz/fake_stats.cpp", "tests/fuzz/fake_tcp.cpp",
                   "tests/fuzz/response_oracle.cpp", "tests/unit/http_fakes.cpp",
                   *PACKETS, *ORACLES, *FUZZ_PACK,
                   *[f"http/{name}.cpp" for name in HTTP
                     if name not in ("access_log", "crc32", "site_pack")]],
    "pack": [*FUZZ_PACK],
    "request": [*ORACLES, *[f"http/{name}.cpp" for name in
                ["conditions", "content", "date", "negotiation", "ranges", "request",
                 "section_scanner", "target"]]],
}


class Edges:
    """Ninja's build statements, gathered in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def build(self, outputs: str | list[str], rule: str, inputs: str | list[str] = (), *,
              implicit: list[str] = (), order_only: list[str] = (),
              implicit_outputs: list[str] = (), **variables: str) -> None:
        """One build statement, laid out as Ninja's manual names its parts."""
        statement = f"build {listed(outputs)}{listed(implicit_outputs, ' | ')}: {rule}"
        statement += f" {listed(inputs)}" if inputs else ""
        self.lines.append(statement + listed(implicit, " | ") + listed(order_only, " || "))
        self.lines += [f"  {name} = {value}" for name, value in variables.items()]

    def section(self, title: str) -> None:
        self.lines += ["", f"# {title}", ""]

    def text(self) -> str:
        return "\n".join(self.lines).strip()


def listed(paths: str | list[str], before: str = "") -> str:
    """Paths as Ninja writes them, after `before` where there are any."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    escaped = [path.replace("$b/", "\0").replace("$", "$$").replace(" ", "$ ")
               .replace(":", "$:").replace("\0", "$builddir/") for path in paths]
    return before + " ".join(escaped) if paths else ""


def object_of(source: str, folder: str = "obj") -> str:
    return f"$b/{folder}/{source.removeprefix('$b/')}.o"


def firmware_sources() -> list[str]:
    """Our own C++ sources, bottom floor first."""
    floors = {"kernel": KERNEL, "drivers": DRIVERS, "netstack": NETSTACK, "http": HTTP,
              "firmware": FIRMWARE}
    return [f"{floor}/{name}.cpp" for floor, names in floors.items() for name in names]


def lwip_sources() -> list[str]:
    """lwIP's sources from the port's list, where lwip.py unpacks them."""
    listing = ROOT / "netstack/lwip/sources.txt"
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.split("#")[0].strip() for line in lines]
    return [f"$b/lwip/{name}" for name in names if name]


def patch_inputs() -> list[str]:
    """Our patches to lwIP, and their folder, so that a new one is noticed."""
    folder = ROOT / "netstack/lwip/patches"
    patches = [folder, *sorted(folder.glob("*.patch"))] if folder.is_dir() else []
    return [str(path.relative_to(ROOT)) for path in patches]


def site_files() -> tuple[list[str], list[str]]:
    """The files and the folders of the example site."""
    files, folders = [], []
    for folder, _, names in sorted(os.walk(ROOT / "www")):
        relative = Path(folder).relative_to(ROOT)
        folders.append(str(relative))
        files += [str(relative / name) for name in sorted(names)]
    return files, folders


def boot_includes() -> list[str]:
    """What NASM sources include. NASM 2.16 leaves included files out of its dependency lists."""
    files = [*(ROOT / "boot").glob("*.inc"), *(ROOT / "boot").glob("*.asm")]
    return sorted(str(path.relative_to(ROOT)) for path in files)


def firmware_edges(edges: Edges) -> list[str]:
    """Compiles the firmware's objects; says what they are."""
    objects = []
    for source in BOOT:
        edges.build(object_of(source), "nasm", source, implicit=boot_includes(), format="elf64")
        objects.append(object_of(source))
    generated = ["$b/lwip.stamp", "$b/generated/version.hpp"]
    for source in firmware_sources():
        edges.build(object_of(source), "cxx", source, order_only=generated)
        objects.append(object_of(source))
    for source in lwip_sources():
        edges.build(object_of(source), "cc", source, order_only=["$b/lwip.stamp"])
        objects.append(object_of(source))
    edges.build(object_of("netstack/lwip/notice.asm"), "nasm", "netstack/lwip/notice.asm",
                implicit=["$b/NOTICE"], format="elf64")
    objects.append(object_of("netstack/lwip/notice.asm"))
    edges.build("objects", "phony", objects)
    return objects


def image_edges(edges: Edges, objects: list[str]) -> None:
    """Kernel, loader, the example site's pack, and the outputs that boot."""
    files, folders = site_files()
    edges.build("$b/kernel.elf", "link", objects, implicit=["boot/kernel.ld"],
                implicit_outputs=["$b/kernel.map"])
    edges.build("$b/loader.bin", "nasm", LOADER, implicit=boot_includes(), format="bin")
    edges.build("$b/site.pack", "pack", "www",
                implicit=files + folders + PACKER)
    edges.build(["$b/mote.elf", "$b/mote.img"], "image",
                implicit=["$b/kernel.elf", "$b/loader.bin", "$b/site.pack", "tools/image.py"])


def unit_test_edges(edges: Edges) -> None:
    """One program a file of tests; their objects are shared."""
    programs = []
    compiled: set[str] = set()
    for name, sources in UNIT_TESTS.items():
        sources = [f"tests/unit/{name}_test.cpp", "tests/unit/main.cpp",
                   *[source for source in sources if source != LWIP],
                   *(lwip_sources() if LWIP in sources else [])]
        objects = [object_of(source, "test") for source in sources]
        for source, target in zip(sources, objects):
            if source not in compiled:
                rule = "test_cc" if source.endswith(".c") else "test_cxx"
                edges.build(target, rule, source, order_only=["$b/lwip.stamp"])
        compiled.update(sources)
        edges.build(f"$b/tests/{name}_test", "test_link", objects)
        programs.append(f"$b/tests/{name}_test")
    edges.build("unit-tests", "phony", programs)


def fuzzer_edges(edges: Edges) -> None:
    """The fuzzers, and the pack that they serve."""
    site = ROOT / "tests/fuzz/data/site"
    files = sorted(str(path.relative_to(ROOT)) for path in site.rglob("*"))
    edges.build("$b/fuzz.pack", "fuzz_pack", "tests/fuzz/data/site/main",
                implicit=[*files, "tools/pack.py"], config="tests/fuzz/data/site/mote.toml")
    programs = []
    compiled: set[str] = set()
    for name, sources in FUZZERS.items():
        sources = [f"tests/fuzz/{name}_fuzzer.cpp", *sources]
        for source in [source for source in sources if source not in compiled]:
            if source.endswith(".asm"):
                edges.build(object_of(source, "fuzz"), "nasm", source, implicit=["$b/fuzz.pack"],
                            format="elf64")
            else:
                edges.build(object_of(source, "fuzz"), "fuzz_cxx", source,
                            order_only=["$b/lwip.stamp"])
        compiled.update(sources)
        edges.build(f"$b/fuzz/{name}_fuzzer", "fuzz_link",
                    [object_of(source, "fuzz") for source in sources])
        programs.append(f"$b/fuzz/{name}_fuzzer")
    edges.build("fuzzers", "phony", programs)


def fetched_edges(edges: Edges, lwip: str | None) -> None:
    """lwIP's tree and the header with our version."""
    edges.build("$b/lwip.stamp", "lwip", implicit_outputs=lwip_sources() + ["$b/NOTICE"],
                implicit=patch_inputs() + ["tools/lwip.py"] + (["always"] if lwip else []),
                lwip_options=f"--lwip {shlex.quote(lwip)}" if lwip else "")
    edges.build("always", "phony")
    edges.build("$b/generated/version.hpp", "version", implicit=["always"])


def command_edges(edges: Edges, ninja_file: str, options: str) -> None:
    """What an engineer asks for by name."""
    edges.build("image", "phony", ["$b/mote.img", "$b/mote.elf"])
    edges.build("run", "run", implicit=["image"])
    edges.build("size", "size", implicit=["image"])
    edges.build("check", "check")
    edges.build("test", "pytest", implicit=["image", "unit-tests", "fuzzers"])
    edges.build("$b/compile_commands.json", "compdb", implicit=[ninja_file],
                ninja_file=ninja_file)
    edges.build(ninja_file, "configure", configure_options=options,
                implicit=["configure.py", "build.ninja.in", *patch_inputs(), *site_files()[1]])
    edges.section("Files that may go away: without these lines Ninja would miss them")
    for path in [*patch_inputs(), *site_files()[0], *site_files()[1]]:
        edges.build(path, "phony")
    edges.lines += ["", "default objects unit-tests $builddir/compile_commands.json"]


def all_sources() -> list[str]:
    """Every source of ours that is listed here, once."""
    sources = firmware_sources() + BOOT + [LOADER]
    for name, tested in UNIT_TESTS.items():
        sources += [f"tests/unit/{name}_test.cpp", *tested]
    for name, tested in FUZZERS.items():
        sources += [f"tests/fuzz/{name}_fuzzer.cpp", *tested]
    return sorted(set(sources) - {LWIP})


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes build.ninja.")
    parser.add_argument("--build-dir", default="build", metavar="DIR",
                        help="where everything is built (default: build); for another folder "
                        "than build, run ninja -f DIR/build.ninja")
    parser.add_argument("--lwip", metavar="DIR",
                        help="an lwIP 2.2.1 source tree of your own; copied, never changed")
    options = parser.parse_args()
    os.chdir(ROOT)
    missing = [source for source in all_sources() if not (ROOT / source).exists()]
    if missing:
        print(f"configure.py: {missing[0]} is listed in configure.py and does not exist",
              file=sys.stderr)
        return 1
    if options.lwip and not Path(options.lwip, "src/core/tcp.c").is_file():
        print(f"configure.py: --lwip {options.lwip}: not an lwIP source tree (src/core/tcp.c is "
              "not there); nothing is changed", file=sys.stderr)
        return 2
    build_dir = options.build_dir.rstrip("/")
    ninja_file = "build.ninja" if build_dir == "build" else f"{build_dir}/build.ninja"
    edges = Edges()
    edges.section("Fetched and generated")
    fetched_edges(edges, options.lwip)
    edges.section("Firmware")
    objects = firmware_edges(edges)
    edges.section("Images")
    image_edges(edges, objects)
    edges.section("Unit tests")
    unit_test_edges(edges)
    edges.section("Fuzzers")
    fuzzer_edges(edges)
    edges.section("Commands")
    command_edges(edges, ninja_file, shlex.join(sys.argv[1:]))
    rules = (ROOT / "build.ninja.in").read_text()
    text = rules.replace("@builddir@", build_dir).replace("@edges@", edges.text())
    path = Path(ninja_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
