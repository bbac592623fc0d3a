; The PVH entry, for `qemu -kernel`, Firecracker, Cloud Hypervisor and Xen.
;
; The loader finds this entry by an ELF note and jumps to it in 32-bit protected mode with flat
; segments, no stack, and EBX pointing at an hvm_start_info (Xen's
; public/arch-x86/hvm/start_info.h), from which a BootInfo is filled.

%include "boot/boot_info.inc"

extern kernel_entry, __image_end

; hvm_start_info. Version 0 ends before the memory map.
struc StartInfo
.magic:          resd 1
.version:        resd 1
.flags:          resd 1
.modules:        resd 1
.module_list:    resq 1
.command_line:   resq 1
.rsdp:           resq 1
.memory_map:     resq 1
.memory_ranges:  resd 1
.reserved:       resd 1
endstruc

kStartInfoMagic equ 0x336EC578          ; "xEn3" with the high bit of the 'E' set

; XEN_ELFNOTE_PHYS32_ENTRY (public/elfnote.h). The address takes 8 bytes, as QEMU reads it.
kNotePhys32Entry equ 18

section .note.Xen note alloc noexec nowrite align=4
        dd note_name.end - note_name
        dd note_entry.end - note_entry
        dd kNotePhys32Entry
note_name:
        db "Xen", 0
.end:
note_entry:
        dq pvh_entry
.end:

section .text.boot progbits alloc exec nowrite align=16
bits 32

pvh_entry:
        mov esi, boot_info
        cmp dword [ebx + StartInfo.magic], kStartInfoMagic
        jne kernel_entry                ; no start info: BootInfo stays empty

        mov eax, [ebx + StartInfo.rsdp]
        mov edx, [ebx + StartInfo.rsdp + 4]
        mov [esi + BootInfo.rsdp], eax
        mov [esi + BootInfo.rsdp + 4], edx

        ; 32-bit code can't reach above 4 GiB, and no loader puts anything there.
        cmp dword [ebx + StartInfo.command_line + 4], 0
        jne .memory
        mov eax, [ebx + StartInfo.command_line]
        mov [esi + BootInfo.command_line], eax
.memory:
        cmp dword [ebx + StartInfo.version], 1
        jb kernel_entry
        cmp dword [ebx + StartInfo.memory_map + 4], 0
        jne kernel_entry
        mov eax, [ebx + StartInfo.memory_map]
        mov edx, [ebx + StartInfo.memory_ranges]
        mov [esi + BootInfo.memory_map], eax
        mov [esi + BootInfo.memory_ranges], edx
        jmp kernel_entry

; In .data, because the kernel's entry clears .bss.
section .data align=8
boot_info:
istruc BootInfo
        at BootInfo.way, dd kBootWayPvh
        at BootInfo.reserved, dd 0
        at BootInfo.memory_map, dq 0
        at BootInfo.memory_ranges, dq 0
        at BootInfo.pack, dq __image_end
        at BootInfo.rsdp, dq 0
        at BootInfo.command_line, dq 0
iend
