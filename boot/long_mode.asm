; The kernel's entry, for every loader: from 32 to 64 bits, and the CPU state that C++ needs.
;
; On entry: 32-bit protected mode, flat segments, interrupts off, ESI = BootInfo (outside .bss).
; Calls kernel_main(const BootInfo*), which never returns, in long mode on the kernel's own stack
; and page tables, with .bss cleared, SSE on and traps installed.

%include "boot/boot_info.inc"

global kernel_entry, __boot_pml4
extern kernel_main, install_traps, kernel_gdt_pointer
extern __text_start, __text_end, __rodata_start, __rodata_end, __data_start
extern __stack_guard, __stack_bottom, __stack_top, __bss_start, __bss_end
extern __page_fault_guard, __page_fault_stack, __urgent_guard, __urgent_stack, __image_end

; AMD64 APM volume 2, 3.1. Control registers are written whole, so that nothing is inherited.
kCr0 equ 1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1       ; PG WP NE ET MP PE; EM, TS off
kCr0Unpaged equ kCr0 & ~(1 << 31)
kCr4 equ 1 << 10 | 1 << 9 | 1 << 5                              ; OSXMMEXCPT OSFXSR PAE
kEferMsr equ 0xC0000080
kEferBits equ 1 << 11 | 1 << 8                                  ; NXE LME
kMxcsr equ 0x1F80                                               ; all SSE exceptions masked

; Page table entries (APM volume 2, 5.3). The no-execute bit is bit 31 of the upper half.
kPresent equ 1 << 0
kWritable equ 1 << 1
kLarge equ 1 << 7
kNoExecute equ 1 << 31

kPage equ 4096
kLargePage equ 2 << 20
kDirectories equ 4                      ; of 1 GiB each: the identity map reaches 4 GiB

kCommandLineBytes equ 4096              ; a longer one is cut short

kCode64 equ 0x08                        ; selectors in boot/traps.asm's GDT
kData equ 0x10
kCode32 equ 0x28

section .text.boot progbits alloc exec nowrite align=16
bits 32

kernel_entry:
        cli
        cld
        lgdt [kernel_gdt_pointer]
        jmp kCode32:.own_segments
.own_segments:
        mov eax, kData
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov fs, eax
        mov gs, eax
        mov esp, __stack_top
        push esi
        call start_words
        call check_cpu
        pop esi
        push esi
        call check_memory
        pop esi

        mov eax, kCr0Unpaged
        mov cr0, eax
        mov eax, kCr4
        mov cr4, eax

        ; .bss begins and ends on a page. Moves take a quarter of the steps of REP STOS.
        xorps xmm0, xmm0
        mov edi, __bss_start
.clear:
%assign offset 0
%rep 16
        movaps [edi + offset], xmm0
%assign offset offset + 16
%endrep
        add edi, 256
        cmp edi, __bss_end
        jb .clear

        call keep_boot_data
        call build_page_tables
        mov eax, __boot_pml4
        mov cr3, eax
        mov ecx, kEferMsr
        rdmsr
        or eax, kEferBits
        wrmsr
        mov eax, kCr0
        mov cr0, eax
        jmp kCode64:long_mode

; Stops with a message unless RAM holds the kernel, and the pack's first page if that lies right
; behind it. Checks nothing if BootInfo (ESI) has no memory map. All else about the pack is checked
; later, in C++.
check_memory:
        mov ecx, [esi + BootInfo.memory_ranges]
        jecxz .done
        mov eax, __image_end
        cmp [esi + BootInfo.pack], eax
        mov esi, [esi + BootInfo.memory_map]
        jne .fit
        add eax, kPage
.fit:
        call check_fit
.done:
        ret

; Copies memory map and command line to .bss and points BootInfo (ESI) there: loaders leave them
; anywhere, QEMU in page 0, which won't be mapped.
keep_boot_data:
        mov edx, esi
        mov ecx, [edx + BootInfo.memory_ranges]
        cmp ecx, kMaxRanges
        jbe .ranges
        mov ecx, kMaxRanges
        mov [edx + BootInfo.memory_ranges], ecx
.ranges:
        imul ecx, ecx, MemoryRange_size / 4
        mov esi, [edx + BootInfo.memory_map]
        mov edi, memory_map
        mov [edx + BootInfo.memory_map], edi
        rep movsd

        mov esi, [edx + BootInfo.command_line]
        test esi, esi
        jz .done
        mov edi, command_line
        mov [edx + BootInfo.command_line], edi
        mov ecx, kCommandLineBytes - 1  ; the last byte stays zero
.character:
        lodsb
        stosb
        test al, al
        loopnz .character
.done:
        mov esi, edx
        ret

; Fills the page tables, which start as zeros: 4 GiB one to one in large pages, writable and not
; executable, except for the first 2 MiB, which get small pages with the rights in `small_ranges`.
build_page_tables:
        mov dword [__boot_pml4], boot_pdpt + (kPresent | kWritable)
        mov edi, boot_pdpt
        mov eax, boot_directories + (kPresent | kWritable)
.directory:
        mov [edi], eax
        add edi, 8
        add eax, kPage
        cmp edi, boot_pdpt + 8 * kDirectories
        jb .directory

        mov edi, boot_directories
        mov eax, kPresent | kWritable | kLarge
.large:
        mov [edi], eax
        mov dword [edi + 4], kNoExecute
        add edi, 8
        add eax, kLargePage
        jnc .large                      ; up to 4 GiB
        mov dword [boot_directories], boot_table + (kPresent | kWritable)
        mov dword [boot_directories + 4], 0     ; the small pages decide on execution

        mov ebx, small_ranges
.range:
        mov eax, [ebx + SmallRange.start]
.small:
        mov edi, eax
        shr edi, 12 - 3                 ; 8 bytes of table for 4096 bytes of memory
        add edi, boot_table
        mov ecx, eax
        or ecx, [ebx + SmallRange.low]
        mov [edi], ecx
        mov ecx, [ebx + SmallRange.high]
        mov [edi + 4], ecx
        add eax, kPage
        cmp eax, [ebx + SmallRange.end]
        jb .small
        add ebx, SmallRange_size
        cmp ebx, small_ranges.end
        jb .range
        ret

%include "boot/checks.inc"
%include "boot/words.inc"

bits 64
long_mode:
        mov esp, __stack_top
        fninit
        ldmxcsr [mxcsr]
        mov ebx, esi                    ; install_traps preserves RBX; the upper half becomes zero
        call install_traps
        mov edi, ebx
        xor ebp, ebp                    ; ends the chain of frames in backtraces
        call kernel_main
.stop:
        cli
        hlt
        jmp .stop

section .rodata align=8
; The first 2 MiB. Pages in no range stay unmapped: page 0 and the stacks' guard pages.
struc SmallRange
.start:         resd 1
.end:           resd 1
.low:           resd 1
.high:          resd 1
endstruc

small_ranges:
        dd kPage, __text_start, kPresent | kWritable, kNoExecute
        dd __text_start, __text_end, kPresent, 0
        dd __rodata_start, __rodata_end, kPresent, kNoExecute
        dd __data_start, __stack_guard, kPresent | kWritable, kNoExecute
        dd __stack_bottom, __page_fault_guard, kPresent | kWritable, kNoExecute
        dd __page_fault_stack, __urgent_guard, kPresent | kWritable, kNoExecute
        dd __urgent_stack, kLargePage, kPresent | kWritable, kNoExecute
.end:
mxcsr:  dd kMxcsr

section .bss.sealed nobits alloc noexec write align=4096
__boot_pml4: resb kPage
boot_pdpt: resb kPage
boot_directories: resb kPage * kDirectories
boot_table: resb kPage
memory_map: resb MemoryRange_size * kMaxRanges
command_line: resb kCommandLineBytes
