; The BIOS loader: it loads the kernel and enters it.
;
; One flat binary. The boot sector loads the rest, which lies elsewhere on the disk, right behind
; itself. The rest checks CPU and memory, reads kernel and site pack with INT 13h through a buffer
; below 1 MiB, moves them into place, and enters the kernel in 32-bit protected mode with ESI =
; BootInfo. It moves each buffer in protected mode, because disk BIOSes can't be trusted to leave
; unreal mode intact.
;
; Memory: 0x00500        A20 probe        0x07C00  boot sector, loader
;         up to 0x07C00  stack            0x0C000  memory map
;                                         0x10000  disk buffer, 64 KiB

%include "boot/boot_info.inc"

kStackTop equ 0x7C00
kLoad equ 0x7C00
kMemoryMap equ 0xC000
kBuffer equ 0x10000                     ; 64 KiB on a 64 KiB boundary: DMA may not cross one
kSectorShift equ 9
kSectorBytes equ 1 << kSectorShift

; Filled in by tools/image/bootable.py, in sectors of kSectorBytes whatever the drive's are.
struc Manifest
.magic:          resd 1
.version:        resd 1
.kernel_lba:     resd 1
.kernel_sectors: resd 1
.kernel_sum:     resd 1                 ; of its 32-bit words, see kernel.inc
.kernel_sums:    resd 1                 ; of the running sum after each word
.entry:          resd 1
.image_end:      resd 1                 ; end of the kernel: where the pack goes
.pack_lba:       resd 1
.pack_sectors:   resd 1                 ; 0: there is none
endstruc

kManifestMagic equ 0x444C544D           ; "MTLD"
kManifestVersion equ 1

bits 16
org kLoad

%include "boot/sector.asm"

manifest:
        istruc Manifest
        at Manifest.magic, dd kManifestMagic
        at Manifest.version, dd kManifestVersion
        times Manifest_size - Manifest.kernel_lba db 0
        iend

loader:
        call check_cpu
        call check_disk
        call read_memory_map
        call check_memory
        call load_kernel
        call load_pack
        jmp enter_kernel

%include "boot/checks.inc"
%include "boot/flat.inc"
%include "boot/disk.inc"
%include "boot/memory.inc"
%include "boot/a20.inc"
%include "boot/kernel.inc"

        align kSectorBytes, db 0
loader_end:
kLoaderSectors equ (loader_end - manifest) / kSectorBytes

%if loader_end - sector > kMemoryMap - kLoad
%error "the loader reaches into the memory map"
%endif
