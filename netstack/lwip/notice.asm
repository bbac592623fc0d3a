; lwIP's copyright notice, which its licence requires in every image. The linker is told to keep it.
section .rodata.notice progbits alloc noexec nowrite align=1

global lwip_notice
lwip_notice:
        incbin "NOTICE"
        db 0
