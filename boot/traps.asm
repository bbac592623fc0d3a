; Faults and interrupts. Every exception ends in panic_trap(const TrapFrame*), whose frame
; kernel/faults/panic.hpp mirrors. An interrupt does no more than wake the CPU from a doze, but for
; the timer's outside of dozes, which goes to turn_timer(const TrapFrame*).
;
; The stub for all vectors of interrupts returns with interrupts off, so that each doze
; (kernel/interrupts/interrupts.hpp) takes at most one, and none can storm.

global install_traps, kernel_gdt_pointer
extern panic_trap, turn_timer, turn_timer_is_on, __page_fault_stack_top, __urgent_stack_top

kExceptions equ 32                      ; vectors 0-31 (AMD64 APM volume 2, 8.2)
kVectors equ 256
kTimerVector equ 0x50
kStubBytes equ 9                        ; two byte pushes and a near jump
kInterruptFlag equ 1 << 9               ; of RFLAGS

kCode64 equ 0x08
kTss equ 0x18
kInterruptGate equ 0x8E                 ; present, ring 0, 64-bit interrupt gate (APM 2, 4.8.4)
kTssBytes equ 104                       ; 64-bit TSS (APM 2, 12.2.5)
kFxsaveBytes equ 512                    ; Intel SDM 2A, FXSAVE
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
        mov byte [idt + 16 * kTimerVector + 4], kUrgentIst
        mov eax, timer_stub
        mov [idt + 16 * kTimerVector], ax
        shr eax, 16
        mov [idt + 16 * kTimerVector + 6], ax
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
interrupt_stub:
        and byte [rsp + 17], ~(kInterruptFlag >> 8) & 0xFF      ; in the flags that IRETQ restores
        iretq

; The frame has 22 quadwords, and begins on a multiple of 16 because the CPU aligns the stack.
%macro push_all 1-*
%rep %0
        push %1
%rotate 1
%endrep
%endmacro
%macro pop_all 1-*
%rep %0
%rotate -1
        pop %1
%endrep
%endmacro
%define registers rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15

; The timer has run out: in a doze to end it, else because a turn lasts. C++ may use SSE, whose
; registers are the interrupted code's.
timer_stub:
        cmp byte [turn_timer_is_on], 0
        je interrupt_stub
        push byte 0
        push byte kTimerVector
        push_all registers
        cld
        mov rdi, rsp
        sub rsp, kFxsaveBytes
        fxsave64 [rsp]
        call turn_timer
        fxrstor64 [rsp]
        add rsp, kFxsaveBytes
        pop_all registers
        add rsp, 16                     ; vector and error code
        iretq

trap:
        push_all registers
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
