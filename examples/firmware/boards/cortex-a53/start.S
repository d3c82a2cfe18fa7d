// Start of a 64-bit Arm CPU at EL1 with its FPU, MMU and caches, and semihosting. Without the MMU accesses had to be
// aligned.
    .section .text.start, "ax"
    .global start
start:
    mrs x0, CPACR_EL1
    orr x0, x0, #(3 << 20)      // FPU
    msr CPACR_EL1, x0
    isb
    mov x0, #0xff               // attribute 0: normal memory, written back
    msr MAIR_EL1, x0
    ldr x0, =0x803520           // 32 bits of address, pages of 4 KB, tables cached and inner shareable, no TTBR1
    msr TCR_EL1, x0
    ldr x0, =addresses
    msr TTBR0_EL1, x0
    tlbi vmalle1
    dsb nsh
    isb
    mrs x0, SCTLR_EL1
    mov x1, #0x1005             // MMU, data cache, instruction cache
    orr x0, x0, x1
    bic x0, x0, #2              // accesses of any alignment
    msr SCTLR_EL1, x0
    isb
    ldr x0, =stack_top
    mov sp, x0
    ldr x0, =zeros_begin
    ldr x1, =zeros_end
0:  cmp x0, x1
    b.hs 1f
    str xzr, [x0], #8
    b 0b
1:  bl _ZN5board7programEv
    ldr x1, =block
    sxtw x0, w0
    str x0, [x1, #8]
    mov w0, #0x18               // exit
    hlt #0xf000
2:  b 2b

    .global _ZN5board5printEPKc
_ZN5board5printEPKc:
    mov x1, x0
    mov w0, #4                  // write a string
    hlt #0xf000
    ret

    .data
    .balign 16
block:
    .quad 0x20026, 0
    .balign 32
addresses:                      // 1 GB each as they are: only the second one, which has the RAM
    .quad 0, 0x40000701, 0, 0
