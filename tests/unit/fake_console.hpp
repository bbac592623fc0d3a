// A console for unit tests: keeps what was written.
#pragma once

#include <string>

namespace mote::console {

// Everything written since the test last cleared it.
std::string& written();

}  // namespace mote::console
