// The page that outlives a warm reset, of a test's machine.
asm(R"(
  .bss
  .balign 4096
  .globl __kept
__kept:
  .skip 4096
  .text
)");
