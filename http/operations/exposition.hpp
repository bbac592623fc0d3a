// Writes samples in Prometheus' text format ("Exposition formats", text-based format).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/reply/text_writer.hpp"
#include "kernel/console/number_text.hpp"

namespace mote::http {

using namespace std::string_view_literals;

struct Label {
  std::string_view name;
  std::string_view value;
};

// Begin a family with `counter` or `gauge`; samples belong to the one begun last. All names get our
// prefix.
class Exposition {
 public:
  explicit Exposition(TextWriter& out) : out_(out) {}

  void counter(std::string_view name, std::string_view help) { begin(name, help, "counter"sv); }
  void gauge(std::string_view name, std::string_view help) { begin(name, help, "gauge"sv); }

  void sample(std::uint64_t value) { sample(std::span<const Label>{}, value); }
  void sample(Label label, std::uint64_t value) { sample(std::span(&label, 1), value); }
  [[gnu::noinline]] void sample(Label first, Label second, std::uint64_t value) {
    const std::array labels = {first, second};
    sample(labels, value);
  }

  // Label values must not hold a quote, a backslash or a newline.
  [[gnu::noinline]] void sample(std::span<const Label> labels, std::uint64_t value) {
    begin_sample(labels);
    out_.add(value);
    out_.add('\n');
  }

  // A sample in seconds, with three decimals.
  void sample_milliseconds(std::uint64_t milliseconds) {
    begin_sample({});
    out_.add(milliseconds / 1000);
    out_.add('.');
    out_.add(NumberText<10>(milliseconds % 1000, 3).text());
    out_.add('\n');
  }

  // A whole family: one sample without a label.
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    counter(name, help);
    sample(value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    gauge(name, help);
    sample(value);
  }

 private:
  static constexpr std::string_view kPrefix = "mote_"sv;

  [[gnu::noinline]] void begin(std::string_view name, std::string_view help,
                               std::string_view type) {
    name_ = name;
    for (const std::string_view part : {"# HELP "sv, kPrefix, name, " "sv, help, "\n# TYPE "sv,
                                        kPrefix, name, " "sv, type, "\n"sv}) {
      out_.add(part);
    }
  }

  [[gnu::noinline]] void begin_sample(std::span<const Label> labels) {
    out_.add(kPrefix);
    out_.add(name_);
    char before = '{';
    for (const Label& label : labels) {
      out_.add(before);
      out_.add(label.name);
      out_.add("=\""sv);
      out_.add(label.value);
      out_.add('"');
      before = ',';
    }
    out_.add(labels.empty() ? " "sv : "} "sv);
  }

  TextWriter& out_;
  std::string_view name_;
};

}  // namespace mote::http
