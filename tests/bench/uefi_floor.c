// An UEFI application that says so on the first serial port and stops: what UEFI's firmware costs
// before anything that it boots.

static void out8(unsigned short port, unsigned char value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void efi_main(void) {
  const char* text = "floor\n";
  for (; *text != 0; ++text) {
    out8(0x3F8, (unsigned char)*text);
  }
  for (;;) {
    __asm__ volatile("cli; hlt");
  }
}
