; The last steps under the firmware's page tables: from 64-bit code to the kernel's entry, which
; wants 32-bit protected mode without paging (boot/long_mode.asm).
;
; Copied to a page below 4 GiB that is outside of the kernel's memory, and called there with RCX =
; Handover (boot/uefi/handover.hpp), which lies below 4 GiB too. Writes nothing into its own page.
; Paging is turned off before the kernel is copied, because the firmware's page tables may lie
; where it goes; and because 57-bit paging can't be left otherwise (Intel SDM 3A, 4.1.2).

global handover_code, handover_end

; As in boot/uefi/handover.hpp.
struc Handover
.gdt:           resq 3
.padding:       resw 3
.gdt_limit:     resw 1
.gdt_base:      resq 1
.target:        resd 1
.selector:      resw 1
.padding2:      resw 1
.kernel:        resd 1
.kernel_words:  resd 1
.start:         resd 1
.entry:         resd 1
.boot_info:     resd 1
endstruc

kData equ 0x10

; AMD64 APM volume 2, 3.1 and 7.8.2.
kPaging equ 1 << 31                     ; CR0
kCr4Paging equ 1 << 12 | 1 << 5         ; LA57, PAE: fixed while paging is on
kEferMsr equ 0xC0000080
kLongMode equ 1 << 8                    ; EFER.LME
kPatMsr equ 0x277
kPatAfterReset equ 0x00070406           ; each half: UC, UC-, WT, WB

section .text code align=16
bits 64
handover_code:
        cli
        cld
        mov rax, cr4
        and eax, kCr4Paging             ; process contexts would keep paging on, shadow stacks WP
        mov cr4, rax
        lgdt [rcx + Handover.gdt_limit]
        lea rax, [rel .compatible]
        mov [rcx + Handover.target], eax
        jmp far dword [rcx + Handover.target]
bits 32
.compatible:
        mov eax, kData
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov ebp, ecx
        mov eax, cr0
        and eax, ~kPaging
        mov cr0, eax
        mov ecx, kEferMsr
        rdmsr
        and eax, ~kLongMode
        wrmsr
        xor eax, eax
        mov cr4, eax
        mov ecx, kPatMsr
        mov eax, kPatAfterReset
        mov edx, eax
        wrmsr

        mov esi, [ebp + Handover.kernel]
        mov ecx, [ebp + Handover.kernel_words]
        mov edi, [ebp + Handover.start]
        rep movsd
        mov esi, [ebp + Handover.boot_info]
        jmp [ebp + Handover.entry]
handover_end:
