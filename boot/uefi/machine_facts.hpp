// What the kernel is told about the machine: tables, screen, random bytes, command line.
#pragma once

#include "boot/uefi/firmware.hpp"
#include "boot/uefi/handover.hpp"
#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

// Fills in all but memory map and pack.
void tell_facts(const Firmware& firmware, const LoadedImage& image, Handover& record);

}  // namespace mote::uefi
