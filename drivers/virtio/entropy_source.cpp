// The entropy device's one request.
#include "drivers/virtio/entropy_source.hpp"

#include "kernel/platform/entropy.hpp"

namespace mote::virtio {

bool stir_from(RequestQueue& queue) {
  const Piece bytes{queue.memory().data(), queue.memory().size()};
  const auto count = queue.request({}, {&bytes, 1});
  if (!count) {
    return false;
  }
  if (*count == 0) {
    return queue.fail("the device gave no random bytes");
  }
  entropy::stir(queue.memory().first(*count));
  return true;
}

}  // namespace mote::virtio
