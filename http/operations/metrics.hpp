// Mote's metrics in Prometheus's text format 0.0.4.
#pragma once

#include "http/limits.hpp"
#include "http/reply/text_writer.hpp"

namespace mote::http {

// Writes all metrics. limits::kMetricsBytes are enough even for all interfaces and the largest
// numbers.
void write_metrics(TextWriter& out);

}  // namespace mote::http
