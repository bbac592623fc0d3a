; The PVH way in: `qemu -kernel`, Firecracker, Cloud Hypervisor, Xen.
;
; The loader finds this entry by an ELF note, jumps to it in 32-bit protected mode with flat
; segments and no stack, and leaves EBX pointing at an hvm_start_info (Xen's
; public/arch-x86/hvm/start_info.h). What it tells goes into a BootInfo.

%include "boot/boot_info.inc"

extern kernel_entry, cannot_boot
extern __image_end

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
        mov esi, message
        cmp dword [ebx + StartInfo.magic], kStartInfoMagic
        jne cannot_boot

        mov esi, boot_info
        mov edi, [ebx + StartInfo.rsdp]
        mov [esi + BootInfo.rsdp], edi
        mov edi, [ebx + StartInfo.rsdp + 4]
        mov [esi + BootInfo.rsdp + 4], edi
        mov edi, [ebx + StartInfo.command_line]
        mov [esi + BootInfo.command_line], edi
        mov edi, [ebx + StartInfo.command_line + 4]
        mov [esi + BootInfo.command_line + 4], edi

        cmp dword [ebx + StartInfo.version], 1
        jb kernel_entry
        mov edi, [ebx + StartInfo.memory_map]
        mov [esi + BootInfo.memory_map], edi
        mov edi, [ebx + StartInfo.memory_map + 4]
        mov [esi + BootInfo.memory_map + 4], edi
        mov edi, [ebx + StartInfo.memory_ranges]
        mov [esi + BootInfo.memory_ranges], edi
        jmp kernel_entry

section .rodata
message: db "mote: the loader gave no PVH start info", 0

; In .data, because the kernel's entry clears .bss.
section .data align=8
boot_info:
istruc BootInfo
        at BootInfo.magic, dd kBootInfoMagic
        at BootInfo.way, dd kBootWayPvh
        at BootInfo.memory_map, dq 0
        at BootInfo.memory_ranges, dq 0
        at BootInfo.pack, dq __image_end
        at BootInfo.rsdp, dq 0
        at BootInfo.command_line, dq 0
iend
