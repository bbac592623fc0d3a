// A console for unit tests: keeps what was written.
#pragma once

#include <string>
#include <vector>

namespace mote::console {

// Everything written since the test last cleared it.
std::string& written();

// Every line logged since the test last cleared it, and whether there is room for more.
std::vector<std::string>& logged();
bool& has_log_room();

}  // namespace mote::console
