// The machine of the fuzzers that reach it by frames: a whole stack that serves the guarded pack.
#pragma once

#include <cstddef>

namespace mote::fuzz {

// Once in a process, after world::machine_segmentation was chosen.
void make_served_machine(std::size_t connections);

// Lets a minute pass after the last connection, for the sake of fragments and of frames waiting for
// ARP; but no longer than anything may be held: thirteen minutes for data never acknowledged, after
// as long with a shut window.
void let_it_rest();

}  // namespace mote::fuzz
