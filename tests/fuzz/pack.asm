; The pack of tests/fuzz/data/site, for the fuzzers.
section .rodata align=16

global fuzz_pack, fuzz_pack_end
fuzz_pack:
        incbin "fuzz.pack"
fuzz_pack_end:
