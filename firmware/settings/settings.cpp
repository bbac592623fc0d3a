// Settings: reads and checks `key=value` texts.
#include "firmware/settings/settings.hpp"

#include <algorithm>

#include "firmware/limits.hpp"
#include "http/limits.hpp"
#include "kernel/console/console.hpp"
#include "kernel/console/harmless_text.hpp"
#include "netstack/limits.hpp"

namespace mote {
namespace {

using namespace std::string_view_literals;

bool set_seconds(std::uint32_t& milliseconds, std::string_view value) {
  const auto seconds = parse_number(value, 1, 86'400);
  if (seconds) {
    milliseconds = *seconds * 1000;
  }
  return seconds.has_value();
}

// Splits off a word; blanks within a pair of double quotes don't end it.
std::string_view take_word(std::string_view& rest) {
  std::size_t end = rest.find_first_of(" \""sv);
  while (end != std::string_view::npos && rest[end] == '"') {
    const auto closing = rest.find('"', end + 1);
    end = rest.find_first_of(" \""sv, closing == std::string_view::npos ? end + 1 : closing + 1);
  }
  const auto word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return word;
}

std::string_view without_quotes(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// The part of a truncated text before its last separator.
std::string_view whole_parts(SettingSource source, std::string_view text, char separator) {
  const auto end = text.find_last_of(separator);
  const auto whole = text.substr(0, end == std::string_view::npos ? 0 : end);
  console::line("settings ("sv, source.name, "): too long, only "sv, whole.size(),
                " bytes are used"sv);
  return whole;
}

}  // namespace

void Settings::apply_lines(SettingSource source, std::string_view text, bool is_cut) {
  text = is_cut ? whole_parts(source, text, '\n') : text;
  while (!text.empty()) {
    auto line = trim(take_until(text, '\n'));
    if (!line.empty() && line.front() != '#') {
      const auto key = trim(take_until(line, '='));
      apply(source, key, trim(line));
    }
  }
}

void Settings::apply_command_line(std::string_view text, bool is_cut) {
  constexpr std::string_view kPrefix = "mote."sv;
  constexpr SettingSource kSource{"command line"sv};
  text = is_cut ? whole_parts(kSource, text, ' ') : text;
  while (!text.empty()) {
    auto word = without_quotes(trim(take_word(text)));
    if (word.starts_with(kPrefix)) {
      word.remove_prefix(kPrefix.size());
      const auto key = take_until(word, '=');
      apply(kSource, key, without_quotes(word));
    }
  }
}

void Settings::apply(SettingSource source, std::string_view key, std::string_view value) {
  begin(source);
  const Outcome outcome = set(key, value);
  if (outcome == Outcome::kSet || !may_complain(source)) {
    return;
  }
  console::line(outcome == Outcome::kNoRoom ? "no room for "sv : "cannot use "sv, Harmless{key},
                "="sv, Harmless{value}, ", ignored"sv);
}

void Settings::apply(SettingSource source, const InterfaceChoice& choice,
                     const InterfaceFields& fields) {
  begin(source);
  if (!rules_.set(choice, fields, source_)) {
    complain(source, "no room for the settings or the routes of one more NIC"sv);
  }
}

void Settings::begin(SettingSource source) {
  constexpr std::uint8_t kMost = 0xFF;
  if (source_ == 0 || source.name != source_name_) {
    source_name_ = source.name;
    source_ = source_ < kMost ? static_cast<std::uint8_t>(source_ + 1) : kMost;
    complaints_ = 0;
  }
}

// Begins a line on the console, unless enough has been said of the source.
bool Settings::may_complain(SettingSource source) {
  begin(source);
  if (complaints_ > limits::kSettingComplaints) {
    return false;
  }
  console::print("settings ("sv, source.name);
  if (++complaints_ > limits::kSettingComplaints) {
    console::line("): more can't be used"sv);
    return false;
  }
  if (source.line != 0) {
    console::print(":"sv, source.line);
  }
  console::print("): "sv);
  return true;
}

void Settings::complain(SettingSource source, std::string_view words, std::string_view text) {
  if (may_complain(source)) {
    const auto before = take_until(words, '%');
    console::line(before, Harmless{text}, words);
  }
}

Settings::Outcome Settings::set(std::string_view key, std::string_view value) {
  constexpr std::string_view kNetwork = "network."sv;
  if (key.starts_with(kNetwork) && key != "network.hostname"sv) {
    return set_network(key.substr(kNetwork.size()), value);
  }
  return set_top(key, value) ? Outcome::kSet : Outcome::kUnusable;
}

bool Settings::set_top(std::string_view key, std::string_view value) {
  if (key == "network.hostname"sv) {
    return set_host_name(value);
  }
  constexpr std::string_view kHttp = "http."sv;
  if (key.starts_with(kHttp)) {
    return set_http(key.substr(kHttp.size()), value);
  }
  if (key == "panic"sv && (value == "reset"sv || value == "halt"sv)) {
    halt_on_panic_ = value == "halt"sv;
    return true;
  }
  if (key == "console"sv && (value == "normal"sv || value == "quiet"sv)) {
    is_console_quiet_ = value == "quiet"sv;
    return true;
  }
  if (key == "power.drain_s"sv) {
    const auto seconds = parse_number(value, 0, limits::kMostPowerDrainS);
    drain_time_ms_ = seconds ? *seconds * 1000 : drain_time_ms_;
    return seconds.has_value();
  }
  if (key == "idle"sv && (value == "poll"sv || value == "doze"sv)) {
    idle_ = value == "doze"sv ? IdlePolicy::kDoze : IdlePolicy::kPoll;
    return true;
  }
  if (key == "tcp.congestion"sv && (value == "bbr"sv || value == "cubic"sv)) {
    using enum netstack::CongestionControl;
    congestion_ = value == "cubic"sv ? kCubic : kBbr;
    return true;
  }
  return false;
}

bool Settings::set_http(std::string_view key, std::string_view value) {
  if (key == "port"sv) {
    const auto port = parse_number(value, 1, 65'535);
    http_port_ = static_cast<std::uint16_t>(port.value_or(http_port_));
    return port.has_value();
  }
  if (key == "connections"sv) {
    const auto count = parse_number(value, limits::kLeastConnections, limits::kMostConnections);
    http_connections_ = count.value_or(http_connections_);
    return count.has_value();
  }
  if (key == "connections_per_address"sv) {
    const auto count = parse_number(value, 1, limits::kMostConnections);
    connections_per_address_ = count.value_or(connections_per_address_);
    return count.has_value();
  }
  if (key == "header_timeout_s"sv) {
    return set_seconds(header_time_ms_, value);
  }
  if (key == "idle_timeout_s"sv) {
    return set_seconds(idle_time_ms_, value);
  }
  if (key == "health"sv) {
    return set_path(health_path_, value);
  }
  if (key == "metrics"sv) {
    return set_path(metrics_path_, value);
  }
  if (key == "metrics_interface"sv) {
    return set_metrics_interface(value);
  }
  if (key == "access_log"sv && (value == "off"sv || value == "combined"sv)) {
    logs_access_ = value == "combined"sv;
    return true;
  }
  if (key == "access_log_lines"sv) {
    const auto lines = parse_number(value, 1, 10'000);
    access_log_lines_ = lines.value_or(access_log_lines_);
    return lines.has_value();
  }
  return false;
}

// An empty value means no path.
bool Settings::set_path(Path& path, std::string_view value) {
  const bool is_good = value.empty() || is_url_path(value);
  if (is_good) {
    path.keep(value);
  }
  return is_good;
}

// A wrong value serves metrics to nobody: its author meant to limit them, not to show them to all.
bool Settings::set_metrics_interface(std::string_view value) {
  metrics_interface_.mac = parse_mac(value);
  const auto index = parse_number(value, 0, limits::kInterfaces - 1);
  metrics_interface_.index = index.value_or(0);
  const bool is_good = metrics_interface_.mac || index;
  metrics_audience_ = is_good ? MetricsAudience::kOne : MetricsAudience::kNone;
  return is_good;
}

bool Settings::set_host_name(std::string_view value) {
  const bool is_good = netstack::HostName::is_good(value);
  if (is_good) {
    host_name_.keep(value);
  }
  return is_good;
}

// `key` is MATCH.FIELD, where MATCH is a MAC address or an index.
Settings::Outcome Settings::set_network(std::string_view key, std::string_view value) {
  const auto choice = parse_choice(take_until(key, '.'));
  InterfaceFields fields;
  if (!choice || !parse_field(fields, key, value)) {
    return Outcome::kUnusable;
  }
  return rules_.set(*choice, fields, source_) ? Outcome::kSet : Outcome::kNoRoom;
}

}  // namespace mote
