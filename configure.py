#!/usr/bin/env python3
"""Writes build.ninja: the rules of build.ninja.in, with the sources of tools/build/sources.py.

Usage: ./configure.py && ninja          (ninja test, ninja size, ninja check, ninja run)
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

from tools.build import lwip_series
from tools.build.host_programs import (BENCH_PROGRAMS, FUZZERS, LWIP,
                                       UNIT_PROGRAMS, UNIT_TESTS)
from tools.build.sources import (APART, ASSEMBLER, BOOT, BOOT_ONLY, FLOORS, HOT, LOADER, PACKER,
                                 UEFI, UNGUARDED)

ROOT = Path(__file__).resolve().parent


class Edges:
    """Ninja's build statements, gathered in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def build(self, outputs: str | list[str], rule: str, inputs: str | list[str] = (), *,
              implicit: list[str] = (), order_only: list[str] = (),
              implicit_outputs: list[str] = (), **variables: str) -> None:
        """Adds one build statement; the parts are named as in Ninja's manual."""
        statement = f"build {listed(outputs)}{listed(implicit_outputs, ' | ')}: {rule}"
        statement += f" {listed(inputs)}" if inputs else ""
        self.lines.append(statement + listed(implicit, " | ") + listed(order_only, " || "))
        self.lines += [f"  {name} = {value}" for name, value in variables.items()]

    def section(self, title: str) -> None:
        self.lines += ["", f"# {title}", ""]

    def text(self) -> str:
        return "\n".join(self.lines).strip()


def listed(paths: str | list[str], before: str = "") -> str:
    """Paths as Ninja writes them, after `before` if there are any."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    escaped = [path.replace("$b/", "\0").replace("$", "$$").replace(" ", "$ ")
               .replace(":", "$:").replace("\0", "$builddir/") for path in paths]
    return before + " ".join(escaped) if paths else ""


def object_of(source: str, folder: str = "obj") -> str:
    return f"$b/{folder}/{source.removeprefix('$b/')}.o"


def optimization_of(source: str) -> str:
    """The optimization, of those in build.ninja.in, for a source."""
    name = source.removeprefix("$b/").rpartition(".")[0]
    way = "$apart" if name in APART else "$hot" if name in HOT else "$cold"
    return f"{way} $unguarded" if name in UNGUARDED else way


def firmware_sources() -> list[str]:
    """Our own C++ sources, bottom floor first."""
    return [f"{floor}/{name}.cpp" for floor, names in FLOORS.items() for name in names]


def lwip_sources() -> list[str]:
    """lwIP's sources from the port's list, where lwip.py unpacks them."""
    listing = ROOT / "netstack/lwip/sources.txt"
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.split("#")[0].strip() for line in lines]
    return [f"$b/lwip/{name}" for name in names if name]


def patch_inputs() -> list[str]:
    """Our patches to lwIP, and their series."""
    folder = lwip_series.PATCHES
    paths = [folder / "series", *(folder / name for name in lwip_series.names())]
    return [str(path.relative_to(ROOT)) for path in paths]


def patched_headers() -> list[str]:
    """The headers of lwIP that our patches change, so that files including them are rebuilt."""
    found = {path for name in lwip_series.names()
             for path in lwip_series.read(lwip_series.PATCHES / name).files if path.endswith(".h")}
    return [f"$b/lwip/{name}" for name in sorted(found)]


def site_files() -> tuple[list[str], list[str]]:
    """The files and the folders of the example site."""
    files, folders = [], []
    for folder, _, names in sorted(os.walk(ROOT / "www")):
        relative = Path(folder).relative_to(ROOT)
        folders.append(str(relative))
        files += [str(relative / name) for name in sorted(names)]
    return files, folders


def boot_includes() -> list[str]:
    """Files that NASM sources include. NASM 2.16 omits them from its dependency lists."""
    files = [*(ROOT / "boot").glob("*.inc"), *(ROOT / "boot").glob("*.asm")]
    return sorted(str(path.relative_to(ROOT)) for path in files)


def firmware_edges(edges: Edges) -> list[str]:
    """Compiles Mote's objects; returns them in the order to link them in."""
    objects = []
    for source in BOOT:
        edges.build(object_of(source), "nasm", source, implicit=boot_includes(), format="elf64")
        objects.append(object_of(source))
    generated = ["$b/lwip.stamp", "$b/generated/version.hpp"]
    for source in firmware_sources():
        edges.build(object_of(source), "cxx", source, order_only=generated,
                    optimize=optimization_of(source))
        objects.append(object_of(source))
    for source in lwip_sources():
        edges.build(object_of(source), "cc", source, order_only=["$b/lwip.stamp"],
                    optimize=optimization_of(source))
        objects.append(object_of(source))
    edges.build(object_of("netstack/lwip/notice.asm"), "nasm", "netstack/lwip/notice.asm",
                implicit=["$b/NOTICE"], format="elf64")
    objects.append(object_of("netstack/lwip/notice.asm"))
    edges.build("objects", "phony", objects)
    # If several objects hold the same inline function, the linker keeps the first: a fast one
    # rather than a small one, and one that stays rather than one that is gone after boot.
    hot = [object_of(source) for source in [*firmware_sources(), *lwip_sources()]
           if optimization_of(source).startswith("$hot")]
    last = boot_only_objects()
    return hot + [path for path in objects if path not in (*hot, *last)] + last


def boot_only_objects() -> list[str]:
    return [object_of(f"{name}.cpp") for name in BOOT_ONLY]


def boot_only_rules(build_dir: str) -> str:
    """The linker script's lines for the code that is needed only at boot."""
    return "".join(f"{path.replace('$b', build_dir)}(.text .text.*)\n"
                   for path in boot_only_objects())


def image_edges(edges: Edges, objects: list[str]) -> None:
    """Kernel, loader, the example site's pack, and the outputs that boot."""
    files, folders = site_files()
    layout = "$b/generated/boot_layout.cpp"
    edges.build(layout, "boot_layout",
                ["boot/boot_info.inc", "boot/long_mode.asm", "boot/traps.asm"],
                implicit=["tools/build/boot_layout.py"])
    edges.build(object_of(layout), "cxx", layout, optimize="$cold")
    edges.build("$b/kernel.elf", "link", objects,
                implicit=["boot/kernel.ld", "$b/boot_only.ld", object_of(layout)],
                implicit_outputs=["$b/kernel.map"])
    uefi_edges(edges)
    edges.build("$b/loader.bin", "nasm", LOADER, implicit=boot_includes(), format="bin")
    edges.build("$b/site.pack", "pack", "www",
                implicit=files + folders + PACKER)
    edges.build(["$b/mote.elf", "$b/mote.img"], "image",
                implicit=["$b/kernel.elf", "$b/loader.bin", "$b/mote.efi", "$b/site.pack",
                          *ASSEMBLER])


def uefi_edges(edges: Edges) -> None:
    """The UEFI loader, with the kernel inside."""
    edges.build("$b/uefi/kernel.bin", "embedded_kernel", "$b/kernel.elf",
                implicit=["tools/image/embedded_kernel.py", *ASSEMBLER])
    for source in UEFI:
        if source.endswith(".asm"):
            edges.build(object_of(source), "nasm", source, format="win64", implicit=[
                "$b/uefi/kernel.bin"] if source == "boot/uefi/kernel.asm" else [])
        else:
            edges.build(object_of(source), "uefi_cxx", source)
    edges.build("$b/mote.efi", "uefi_link", [object_of(source) for source in UEFI])


def sources_of_test(name: str) -> list[str]:
    """The sources of a unit test's program."""
    return [f"tests/unit/{name}_test.cpp", "tests/unit/main.cpp", *with_lwip(UNIT_TESTS[name])]


def sources_of_fuzzer(name: str) -> list[str]:
    return [f"tests/fuzz/{name}_fuzzer.cpp", *with_lwip(FUZZERS[name])]


def with_lwip(sources: list[str]) -> list[str]:
    """The sources, with LWIP replaced by all of lwIP's."""
    return [source for source in sources if source != LWIP] + (
        lwip_sources() if LWIP in sources else [])


def unit_test_edges(edges: Edges) -> None:
    """One program per test file, and those that tests in Python start; their objects are shared."""
    programs = {f"{name}_test": sources_of_test(name) for name in UNIT_TESTS}
    programs |= {name: [f"tests/unit/{name}.cpp", *sources]
                 for name, sources in UNIT_PROGRAMS.items()}
    compiled: set[str] = set()
    for name, sources in programs.items():
        objects = [object_of(source, "test") for source in sources]
        for source, target in zip(sources, objects):
            if source not in compiled:
                rule = "test_cc" if source.endswith(".c") else "test_cxx"
                edges.build(target, rule, source, order_only=["$b/lwip.stamp"])
        compiled.update(sources)
        edges.build(f"$b/tests/{name}", "test_link", objects)
    edges.build("unit-tests", "phony", [f"$b/tests/{name}" for name in programs])


def fuzzer_edges(edges: Edges) -> None:
    """The fuzzers, and the pack that they serve."""
    site = ROOT / "tests/fuzz/data/site"
    files = sorted(str(path.relative_to(ROOT)) for path in site.rglob("*"))
    edges.build("$b/fuzz.pack", "fuzz_pack", "tests/fuzz/data/site/main",
                implicit=[*files, *PACKER], config="tests/fuzz/data/site/mote.toml")
    programs = []
    compiled: set[str] = set()
    for name in FUZZERS:
        sources = sources_of_fuzzer(name)
        for source in [source for source in sources if source not in compiled]:
            if source.endswith(".asm"):
                edges.build(object_of(source, "fuzz"), "nasm", source, implicit=["$b/fuzz.pack"],
                            format="elf64")
            else:
                rule = "fuzz_cc" if source.endswith(".c") else "fuzz_cxx"
                edges.build(object_of(source, "fuzz"), rule, source, order_only=["$b/lwip.stamp"])
        compiled.update(sources)
        edges.build(f"$b/fuzz/{name}_fuzzer", "fuzz_link",
                    [object_of(source, "fuzz") for source in sources])
        programs.append(f"$b/fuzz/{name}_fuzzer")
    edges.build("fuzzers", "phony", programs)


def bench_edges(edges: Edges) -> None:
    """The programs that the bench starts."""
    for name, sources in BENCH_PROGRAMS.items():
        objects = [object_of(source, "bench") for source in sources]
        for source, target in zip(sources, objects):
            edges.build(target, "bench_cxx", source)
        edges.build(f"$b/bench/{name}", "bench_link", objects)


def coverage_edges(edges: Edges) -> None:
    """Unit tests and fuzzers again, built to count the lines they run. The other sources of Mote
    are included, so that lines in no test count too."""
    programs = {f"tests/{name}_test": sources_of_test(name) for name in UNIT_TESTS}
    programs |= {f"fuzz/{name}_fuzzer": sources_of_fuzzer(name) for name in FUZZERS}
    compiled = {source: object_of(source, "coverage/obj")
                for sources in [*programs.values(), firmware_sources()] for source in sources}
    compiled |= {source: object_of(source, "fuzz")
                 for source in compiled if source.endswith(".asm")}
    generated = ["$b/lwip.stamp", "$b/generated/version.hpp"]
    for source, target in compiled.items():
        if not source.endswith(".asm"):
            rule = "coverage_cc" if source.endswith(".c") else "coverage_cxx"
            edges.build(target, rule, source, order_only=generated)
    for name, sources in programs.items():
        rule = "coverage_fuzz_link" if name.startswith("fuzz/") else "coverage_link"
        edges.build(f"$b/coverage/{name}", rule, [compiled[source] for source in sources])
    edges.build("coverage", "coverage", implicit=[
        *[f"$b/coverage/{name}" for name in programs],
        *[compiled[source] for source in firmware_sources()], "tools/command_line/coverage.py"])


def fetched_edges(edges: Edges, lwip: str | None) -> None:
    """lwIP's tree and the header with our version."""
    edges.build("$b/lwip.stamp", "lwip",
                implicit_outputs=[*lwip_sources(), *patched_headers(), "$b/NOTICE"],
                implicit=[*patch_inputs(), "tools/build/lwip.py", "tools/build/lwip_series.py",
                          *(["always"] if lwip else [])],
                lwip_options=f"--lwip {shlex.quote(lwip)}" if lwip else "")
    edges.build("always", "phony")
    edges.build("$b/generated/version.hpp", "version", implicit=["always"])


def tidy_edges(edges: Edges) -> list[str]:
    """clang-tidy over each of the firmware's sources that has changed, with what it includes, since
    it was clean."""
    marks = []
    for source in firmware_sources():
        marks.append(f"$b/tidy/{source}.clean")
        edges.build(marks[-1], "tidy", source,
                    order_only=["$b/compile_commands.json", "check-programs"],
                    implicit=[object_of(source), ".clang-tidy", "tools/build/tidy.py"])
    return marks


def command_edges(edges: Edges, ninja_file: str, options: str) -> None:
    """The targets that an engineer asks for by name."""
    edges.build("image", "phony", ["$b/mote.img", "$b/mote.elf", "$b/mote.efi"])
    edges.build("run", "run", implicit=["image"])
    edges.build("size", "size", implicit=["image"])
    edges.build("check-programs", "check_programs")
    edges.build("style", "style", order_only=["check-programs"])
    edges.build("check", "phony", ["style", *tidy_edges(edges)])
    edges.build("test", "pytest", implicit=["image", "unit-tests", "fuzzers"])
    edges.build("$b/compile_commands.json", "compdb", ninja_file=ninja_file,
                implicit=[ninja_file, "tools/build/compile_commands.py"])
    own = ["configure.py", "build.ninja.in", "tools/build/host_programs.py",
           "tools/build/sources.py", "netstack/lwip/sources.txt"]
    edges.build(ninja_file, "configure", configure_options=options,
                implicit=[*own, *patch_inputs(), *site_files()[1]])
    edges.section("Files that may go away: without these lines Ninja would miss them")
    for path in [*own, *patch_inputs(), *site_files()[0], *site_files()[1]]:
        edges.build(path, "phony")
    edges.lines += ["", "default objects unit-tests $builddir/compile_commands.json"]


def all_sources() -> list[str]:
    """Every source of ours that is listed here, once."""
    sources = firmware_sources() + BOOT + [LOADER] + UEFI
    sources += [f"{name}.cpp" for name in HOT + APART + UNGUARDED if not name.startswith("lwip/")]
    for name, tested in UNIT_TESTS.items():
        sources += [f"tests/unit/{name}_test.cpp", *tested]
    for name, used in UNIT_PROGRAMS.items():
        sources += [f"tests/unit/{name}.cpp", *used]
    for used in BENCH_PROGRAMS.values():
        sources += used
    for name, tested in FUZZERS.items():
        sources += [f"tests/fuzz/{name}_fuzzer.cpp", *tested]
    return sorted(set(sources) - {LWIP})


def injection_header(one_in: int) -> str:
    """The header by which faults are injected, or not (kernel/cpu/injection.hpp)."""
    return ("// How often a fault is injected: one time in so many, 0: never. By configure.py.\n"
            "#pragma once\n\n"
            f"namespace mote::injection {{\n\ninline constexpr unsigned kOneIn = {one_in};\n\n"
            "}  // namespace mote::injection\n")


def write_if_changed(path: Path, text: str) -> None:
    """Leaves an unchanged file as old as it is, so that nothing is linked anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes build.ninja.")
    parser.add_argument("--build-dir", default="build", metavar="DIR",
                        help="where everything is built (default: build); for another folder "
                        "than build, run ninja -f DIR/build.ninja")
    parser.add_argument("--lwip", metavar="DIR",
                        help="an lwIP 2.2.1 source tree of your own; copied, never changed")
    parser.add_argument("--inject-faults", type=int, default=0, metavar="N",
                        help="for tests: refuse one allocation in N, and spoil one received "
                        "length and one received frame in N; 0, the default: no code for that")
    options = parser.parse_args()
    if options.inject_faults < 0 or options.inject_faults == 1:
        print(f"configure.py: --inject-faults {options.inject_faults}: one in how many? From 2 on, "
              "or 0 for none", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    missing = [source for source in all_sources() if not (ROOT / source).exists()]
    missing += [name for name in HOT if name.startswith("lwip/")
                and f"$b/{name}.c" not in lwip_sources()]
    if missing:
        print(f"configure.py: {missing[0]} is listed in tools/build/sources.py and does not exist",
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
    edges.section("Programs of the bench")
    bench_edges(edges)
    edges.section("Coverage")
    coverage_edges(edges)
    edges.section("Commands")
    command_edges(edges, ninja_file, shlex.join(sys.argv[1:]))
    rules = (ROOT / "build.ninja.in").read_text()
    text = rules.replace("@builddir@", build_dir).replace("@edges@", edges.text())
    path = Path(ninja_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    write_if_changed(Path(build_dir, "boot_only.ld"), boot_only_rules(build_dir))
    write_if_changed(Path(build_dir, "generated/injection.hpp"),
                     injection_header(options.inject_faults))
    return 0


if __name__ == "__main__":
    sys.exit(main())
