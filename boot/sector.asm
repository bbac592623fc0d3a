; Sector 0: loads the rest of the loader right behind itself and jumps there, or says what is wrong.
; It asks nothing of the BIOS before: some can read a disc by sector number and say they can't.
;
; The loader uses `say`, `die` and `read_disk` too; they stay in memory.

kBootSignature equ 0xAA55
kReadTries equ 4
kNoFunction equ 1                       ; status: the BIOS has no such function (EDD 3.0, table 1)

kBootFields equ 422                     ; tools/image/disk.py fills in these,
kCodeEnd equ 440                        ; and from here on the partition table

; The disk address packet of AH=42h (EDD 3.0, 8.2).
struc Packet
.bytes:         resw 1
.sectors:       resw 1
.offset:        resw 1
.segment:       resw 1
.lba:           resq 1
endstruc

sector:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, kStackTop
        sti
        cld
        jmp 0:.flat                     ; some BIOSes start us at 07C0:0000
.flat:
        mov [boot_drive], dl
        mov si, com_settings
.program:
        lodsb
        mov dx, kComPort
        add dl, al
        lodsb
        out dx, al
        cmp si, com_settings.end
        jb .program

        call read_disk
        jc disk_error
        cmp dword [manifest + Manifest.magic], kManifestMagic
        mov esi, no_loader
        je loader

; Prints the line at SI and stops.
die:
        call say
        mov esi, line_end
        call say
.stop:
        cli
        hlt
        jmp .stop

disk_error:
        cmp ah, kNoFunction
        mov esi, no_edd
        je die
        mov esi, no_read
        jmp die

; Prints the zero-terminated text at SI on the screen and the first serial port. Preserves nothing.
say:
        lodsb
        test al, al
        jz .done
        call say_character
        jmp say
.done:
        ret

; Prints the character in AL. Preserves SI. If there is no serial port, its status reads as ready.
say_character:
        push ax
        push si
        mov ah, 0x0E                    ; INT 10h: teletype output
        mov bx, 7
        int 0x10
        pop si
        mov dx, kComLineStatus
        mov cx, kComPatience
.wait:
        in al, dx
        test al, kComReady
        loopz .wait
        pop ax
        mov dx, kComPort
        out dx, al
        ret

; Reads from the boot disk as `packet` says. After an error, resets the disk and tries again. Carry
; set: every try failed, AH = the BIOS's status (EDD 3.0, table 1).
read_disk:
        mov di, kReadTries
.try:
        push di
        push word [packet + Packet.sectors]     ; the BIOS overwrites it with the count read
        mov ah, 0x42
        mov dl, [boot_drive]
        mov si, packet
        int 0x13
        pop word [packet + Packet.sectors]
        pop di
        jnc .done
        push ax
        push di
        mov ah, 0
        mov dl, [boot_drive]
        int 0x13
        pop di
        pop ax
        dec di
        stc
        jnz .try
.done:
        ret

com_settings:
        db COM_PROGRAM
.end:
no_edd: db "mote: the BIOS cannot read this disk by sector number", 0
no_read: db "mote: the disk cannot be read", 0
no_loader: db "mote: the loader is damaged", 0
line_end: db 13, 10, 0
boot_drive: db 0

        times kBootFields - ($ - sector) db 0
sector_bytes: dw kSectorBytes           ; the drive's: 512 on a disk, 2,048 on a disc
packet:
        istruc Packet
        at Packet.bytes, dw Packet_size
        at Packet.sectors, dw kLoaderSectors
        at Packet.offset, dw manifest
        at Packet.segment, dw 0
        at Packet.lba, dq 1
        iend

%if $ - sector != kCodeEnd
%error "the boot fields are not where tools/image/disk.py looks for them"
%endif
        times kSectorBytes - 2 - ($ - sector) db 0
        dw kBootSignature
