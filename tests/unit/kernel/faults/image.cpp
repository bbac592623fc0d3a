// The text and stack of a test's kernel: a page of stack above a guard, as in the image.
asm(R"(
  .globl __text_start
  .globl __text_end
  .set __text_start, 0x100000
  .set __text_end, 0x110000
  .bss
  .balign 4096
  .globl __stack_guard
  .globl __stack_bottom
  .globl __stack_top
__stack_guard:
  .skip 4096
__stack_bottom:
  .skip 4096
__stack_top:
  .text
)");
