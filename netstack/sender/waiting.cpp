// The line of senders at one device.
#include "netstack/sender/waiting.hpp"

#include "netstack/sender/sender.hpp"

namespace mote::netstack {

void Waiting::add(Sender& sender) {
  sender.waits_in_ = this;
  sender.wait_next_ = nullptr;
  sender.wait_previous_ = last_;
  (last_ == nullptr ? first_ : last_->wait_next_) = &sender;
  last_ = &sender;
}

void Waiting::remove(Sender& sender) {
  (sender.wait_previous_ == nullptr ? first_ : sender.wait_previous_->wait_next_) =
      sender.wait_next_;
  (sender.wait_next_ == nullptr ? last_ : sender.wait_next_->wait_previous_) =
      sender.wait_previous_;
  sender.waits_in_ = nullptr;
}

// Each joins the end of the line again if it finds no room.
void Waiting::resume() {
  Sender* const last = last_;
  for (bool is_last = false; first_ != nullptr && !is_last;) {
    Sender& sender = *first_;
    is_last = &sender == last;
    remove(sender);
    sender.send(Sender::turn_began());
    if (sender.waits_in_ != nullptr) {
      return;  // full again
    }
  }
}

}  // namespace mote::netstack
