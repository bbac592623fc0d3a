// The machine's numbers in Prometheus's text format 0.0.4.
#pragma once

#include "http/limits.hpp"
#include "http/reply/text_writer.hpp"

namespace mote::http {

// All of them. limits::kMetricsBytes are enough for the largest numbers of all interfaces.
void write_metrics(TextWriter& out);

}  // namespace mote::http
