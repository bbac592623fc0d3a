// The serial port: a 16550 (National PC16550D data sheet) or what a hypervisor makes of one.
#pragma once

#include <string_view>

namespace mote {

class Uart {
 public:
  // Looks for the port at COM1 and programs it to 115200 8N1 with its FIFO on. Where there is
  // none, `write` does nothing.
  void initialize();

  // Sends text, each newline as carriage return and newline. Waits for a port that is busy, but
  // once it stays so for far longer than a character takes, drops text until it is ready again.
  void write(std::string_view text);

  // Sends a character as it is, if there is room for it now. Without a port it is sent nowhere.
  [[nodiscard]] bool try_put(char character);

  // Waits, for a bounded time, until the last bit has left.
  void drain() const;

 private:
  void put(char character);
  [[nodiscard]] bool wait_for_room();

  unsigned fifo_bytes_ = 0;  // 0: no port
  unsigned room_ = 0;        // characters that surely fit now
  bool stuck_ = false;
};

}  // namespace mote
