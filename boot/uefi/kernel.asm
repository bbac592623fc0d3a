; The kernel, in a section of the loader's own (boot/uefi/embedded_kernel.hpp has its header).

global embedded_kernel

section .kernel rdata align=4096
embedded_kernel:
        incbin "uefi/kernel.bin"
