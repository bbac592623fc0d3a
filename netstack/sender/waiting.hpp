// Senders whose device had no room, or that wait for the turn's end, in the order in which they get
// to send.
#pragma once

namespace mote::netstack {

class Sender;

class Waiting {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  void add(Sender& sender);
  void remove(Sender& sender);

  // Lets each that waits now send, until the device is full again.
  void resume();

 private:
  Sender* first_ = nullptr;
  Sender* last_ = nullptr;
};

}  // namespace mote::netstack
