; Faults and interrupts. Every exception ends in panic_trap(const TrapFrame*), whose frame
; kernel/faults/panic.hpp mirrors. An interrupt does no more than wake the CPU from a doze.
;
; Interrupts are on only during a doze (kernel/interrupts/interrupts.hpp). The stub for all their
; vectors returns with them off, so that each doze takes at most one, and none can storm.

global install_traps, kernel_gdt_pointer
extern panic_trap, __page_fault_stack_top, __urgent_stack_top

kExceptions equ 32                      ; vectors 0-31 (AMD64 APM volume 2, 8.2)
kVectors equ 256
kStubBytes equ 9                        ; two byte pushes and a near jump
kInterruptFlag equ 1 << 9               ; of RFLAGS

kCode64 equ 0x08
kTss equ 0x18
kInterruptGate equ 0x8E                 ; present, ring 0, 64-bit interrupt gate (APM 2, 4.8.4)
kTssBytes equ 104                       ; 64-bit TSS (APM 2, 12.2.5)
kPicMasks equ 0x21                      ; of the first 8259A; the second's is at 0xA1

; These get stacks of their own: a page fault may come from the stack's guard page, a double fault
; from anything, NMI and machine check between any two instructions.
kPageFaultIst equ 1
kUrgentIst equ 2

kNmi equ 2
kDoubleFault equ 8
kPageFault equ 14
kMachineCheck equ 18

section .text.boot progbits alloc exec nowrite align=16
bits 64

; Masks the 8259As, and loads the IDT and the task register. Preserves RBX.
install_traps:
        mov al, 0xFF
        out kPicMasks, al
        out kPicMasks + 0x80, al

        mov edi, idt
        mov eax, stubs
        xor ecx, ecx
.gate:
        mov [rdi], ax                   ; offset 15:0; all code lies below 4 GiB
        mov word [rdi + 2], kCode64
        mov byte [rdi + 5], kInterruptGate
        mov edx, eax
        shr edx, 16
        mov [rdi + 6], dx               ; offset 31:16
        add edi, 16
        inc ecx
        cmp ecx, kExceptions
        ja .next                        ; interrupts share the last stub
        add eax, kStubBytes
.next:
        cmp ecx, kVectors
        jb .gate
        mov byte [idt + 16 * kPageFault + 4], kPageFaultIst
        mov byte [idt + 16 * kNmi + 4], kUrgentIst
        mov byte [idt + 16 * kDoubleFault + 4], kUrgentIst
        mov byte [idt + 16 * kMachineCheck + 4], kUrgentIst
        lidt [idt_pointer]

        mov eax, tss
        mov [gdt + kTss + 2], ax
        shr eax, 16
        mov [gdt + kTss + 4], al
        mov [gdt + kTss + 7], ah
        mov eax, kTss
        ltr ax
        ret

; One stub per exception, all of the same length. Where the CPU pushes no error code, the stub does.
stubs:
%assign vector 0
%rep kExceptions
%if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 \
      || vector == 29 || vector == 30)
        push byte 0
%endif
        push byte vector
        jmp near trap
        times kStubBytes - ($ - stubs - vector * kStubBytes) nop
%assign vector vector + 1
%endrep
        and byte [rsp + 17], ~(kInterruptFlag >> 8) & 0xFF      ; in the flags that IRETQ restores
        iretq

; The frame has 22 quadwords, and begins on a multiple of 16 because the CPU aligns the stack.
trap:
        push rax
        push rbx
        push rcx
        push rdx
        push rsi
        push rdi
        push rbp
        push r8
        push r9
        push r10
        push r11
        push r12
        push r13
        push r14
        push r15
        cld
        mov rdi, rsp
        call panic_trap
.stop:
        cli
        hlt
        jmp .stop

; The CPU's tables become read-only when boot is done. The CPU doesn't write to them after that: the
; TSS is already marked busy and the segments accessed.
section .sealed progbits alloc noexec write align=16
; Segment descriptors (APM 2, 4.8). The TSS's base is filled in above, and the CPU marks it busy.
gdt:
        dq 0
        dq 0x00209B0000000000           ; kCode64: 64-bit, ring 0, executable, readable, accessed
        dq 0x00CF93000000FFFF           ; kData: 4 GiB, ring 0, writable, accessed
        dq 0x0000890000000000 + kTssBytes - 1
        dq 0                            ; the TSS's upper half
        dq 0x00CF9B000000FFFF           ; kCode32: 4 GiB, 32-bit, for the way to long mode
.end:
kernel_gdt_pointer:
        dw gdt.end - gdt - 1
        dd gdt

align 8
tss:
        dd 0
        dq 0, 0, 0                      ; stacks of rings 0-2, unused
        dq 0
        dq __page_fault_stack_top       ; IST 1
        dq __urgent_stack_top           ; IST 2
        dq 0, 0, 0, 0, 0
        dq 0
        dw 0, kTssBytes                 ; no I/O permission map
%if $ - tss != kTssBytes
%error "the TSS has a wrong length"
%endif

section .rodata
idt_pointer:
        dw 16 * kVectors - 1
        dq idt

section .bss.sealed nobits alloc noexec write align=16
idt: resb 16 * kVectors
