// Draws from each virtio-rng, once.
#include "firmware/entropy_sources.hpp"

#include "drivers/virtio/entropy_source.hpp"
#include "firmware/in_passing.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/virtio_mmio.hpp"

namespace mote {
namespace {

template <typename Source>
bool draw_from(const auto& locations) {
  bool all_stopped = true;
  for (const auto& location : locations) {
    if (!Source::drives(location)) {
      continue;
    }
    all_stopped &= in_passing::use<Source>(location, [&](Source& source) {
      if (!source.draw(location)) {
        in_passing::tell(location, source.error());
      }
    });
  }
  return all_stopped;
}

}  // namespace

bool stir_entropy() {
  const bool on_pci = draw_from<virtio::AnyEntropySource>(pci::functions());
  const bool in_windows = draw_from<virtio::AnyEntropySource>(virtio_mmio::windows());
  return on_pci && in_windows;
}

}  // namespace mote
