// Settings: reads and checks `key=value` texts.
#include "firmware/settings/settings.hpp"

#include <algorithm>
#include <span>

#include "drivers/limits.hpp"
#include "http/limits.hpp"
#include "kernel/console/console.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/host_address.hpp"

namespace mote {
namespace {

bool set_seconds(std::uint32_t& milliseconds, std::string_view value) {
  const auto seconds = parse_number(value, 1, 86'400);
  if (seconds) {
    milliseconds = *seconds * 1000;
  }
  return seconds.has_value();
}

bool set_address(InterfaceFields& fields, std::string_view value) {
  if (value == "dhcp") {
    fields.address = InterfaceFields::Address{};
    return true;
  }
  const auto prefix = parse_ipv4_prefix(value);
  if (!prefix || prefix->length == 0 ||
      !netstack::fault_on_subnet({prefix->address}, prefix->length).empty()) {
    return false;
  }
  fields.address = InterfaceFields::Address{.dhcp = false, .fixed = *prefix};
  return true;
}

bool set_gateway(InterfaceFields& fields, std::string_view value) {
  const auto gateway = parse_ipv4(value);
  if (!gateway || !netstack::fault_of_host({*gateway}).empty()) {
    return false;
  }
  fields.gateway = gateway;
  return true;
}

bool set_mtu(InterfaceFields& fields, std::string_view value) {
  // RFC 791, 3.2: every host must be able to take 576 bytes.
  const auto mtu = parse_number(value, 576, limits::kMtu);
  if (mtu) {
    fields.mtu = static_cast<std::uint16_t>(*mtu);
  }
  return mtu.has_value();
}

bool set_offload(InterfaceFields& fields, std::string_view value) {
  const bool known = value == "on" || value == "off";
  if (known) {
    fields.offload = value == "on";
  }
  return known;
}

// Prints text of unknown origin, shortened and without characters that a terminal might obey.
void print_harmless(std::string_view text) {
  constexpr std::size_t kMost = 64;
  for (const char c : text.substr(0, kMost)) {
    console::print(c >= ' ' && c <= '~' ? c : '?');
  }
  console::print(text.size() > kMost ? "..." : "");
}

// The part of a truncated text before its last separator.
std::string_view whole_parts(SettingSource source, std::string_view text, char separator) {
  const auto end = text.find_last_of(separator);
  const auto whole = text.substr(0, end == std::string_view::npos ? 0 : end);
  console::line("settings (", source.name, "): too long, only ", whole.size(), " bytes are used");
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
  constexpr std::string_view kPrefix = "mote.";
  constexpr SettingSource kSource{"command line"};
  text = is_cut ? whole_parts(kSource, text, ' ') : text;
  while (!text.empty()) {
    auto word = trim(take_until(text, ' '));
    if (word.starts_with(kPrefix)) {
      word.remove_prefix(kPrefix.size());
      const auto key = take_until(word, '=');
      apply(kSource, key, word);
    }
  }
}

void Settings::apply(SettingSource source, std::string_view key, std::string_view value) {
  if (!set(key, value)) {
    console::print("settings (", source.name, "): cannot use ");
    print_harmless(key);
    console::print("=");
    print_harmless(value);
    console::line(", ignored");
  }
}

bool Settings::set(std::string_view key, std::string_view value) {
  constexpr std::string_view kNetwork = "network.";
  if (key == "network.hostname") {
    return set_host_name(value);
  }
  if (key.starts_with(kNetwork)) {
    return set_network(key.substr(kNetwork.size()), value);
  }
  constexpr std::string_view kHttp = "http.";
  if (key.starts_with(kHttp)) {
    return set_http(key.substr(kHttp.size()), value);
  }
  if (key == "panic" && (value == "reset" || value == "halt")) {
    halt_on_panic_ = value == "halt";
    return true;
  }
  if (key == "console" && (value == "normal" || value == "quiet")) {
    is_console_quiet_ = value == "quiet";
    return true;
  }
  if (key == "power.drain_s") {
    const auto seconds = parse_number(value, 0, limits::kMostPowerDrainS);
    drain_time_ms_ = seconds ? *seconds * 1000 : drain_time_ms_;
    return seconds.has_value();
  }
  if (key == "idle" && (value == "poll" || value == "doze")) {
    idle_ = value == "doze" ? IdlePolicy::kDoze : IdlePolicy::kPoll;
    return true;
  }
  return false;
}

bool Settings::set_http(std::string_view key, std::string_view value) {
  if (key == "port") {
    const auto port = parse_number(value, 1, 65'535);
    http_port_ = static_cast<std::uint16_t>(port.value_or(http_port_));
    return port.has_value();
  }
  if (key == "connections") {
    const auto count = parse_number(value, limits::kLeastConnections, limits::kMostConnections);
    http_connections_ = count.value_or(http_connections_);
    return count.has_value();
  }
  if (key == "header_timeout_s") {
    return set_seconds(header_time_ms_, value);
  }
  if (key == "idle_timeout_s") {
    return set_seconds(idle_time_ms_, value);
  }
  if (key == "health") {
    return set_path(health_path_, value);
  }
  if (key == "metrics") {
    return set_path(metrics_path_, value);
  }
  if (key == "metrics_interface") {
    return set_metrics_interface(value);
  }
  if (key == "access_log" && (value == "off" || value == "combined")) {
    logs_access_ = value == "combined";
    return true;
  }
  if (key == "access_log_lines") {
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

// Whoever limits metrics to an interface doesn't want everybody to see them, even if the value is
// wrong.
bool Settings::set_metrics_interface(std::string_view value) {
  metrics_interface_.mac = parse_mac(value);
  const auto index = parse_number(value, 0, limits::kInterfaces - 1);
  metrics_interface_.index = index.value_or(0);
  const bool is_good = metrics_interface_.mac || index;
  metrics_audience_ = is_good ? MetricsAudience::kOne : MetricsAudience::kNone;
  return is_good;
}

bool Settings::set_host_name(std::string_view value) {
  if (!is_host_name(value)) {
    return false;
  }
  host_name_.fill('\0');
  std::ranges::copy(value, host_name_.begin());
  return true;
}

// `key` is MATCH.FIELD, where MATCH is a MAC address or an index.
bool Settings::set_network(std::string_view key, std::string_view value) {
  const auto match = take_until(key, '.');
  const bool known = key == "address" || key == "gateway" || key == "mtu" || key == "offload";
  InterfaceRule* rule = known ? rule_for(match) : nullptr;
  if (rule == nullptr) {
    return false;
  }
  if (key == "address") {
    return set_address(rule->fields, value);
  }
  if (key == "offload") {
    return set_offload(rule->fields, value);
  }
  return key == "mtu" ? set_mtu(rule->fields, value) : set_gateway(rule->fields, value);
}

InterfaceRule* Settings::rule_for(std::string_view match) {
  const auto mac = parse_mac(match);
  const auto index = parse_number(match, 0, limits::kInterfaces - 1);
  if (!mac && !index) {
    return nullptr;
  }
  for (InterfaceRule& rule : std::span(rules_).first(rule_count_)) {
    if (rule.mac == mac && (mac || rule.index == *index)) {
      return &rule;
    }
  }
  if (rule_count_ == rules_.size()) {
    return nullptr;
  }
  InterfaceRule& rule = rules_[rule_count_++];
  rule.mac = mac;
  rule.index = index.value_or(0);
  return &rule;
}

InterfaceFields Settings::interface(std::uint32_t index, const MacAddress& mac) const {
  InterfaceFields by_index;
  InterfaceFields by_mac;
  for (const InterfaceRule& rule : std::span(rules_).first(rule_count_)) {
    if (rule.mac == mac) {
      by_mac = rule.fields;
    } else if (!rule.mac && rule.index == index) {
      by_index = rule.fields;
    }
  }
  return {.address = by_mac.address ? by_mac.address : by_index.address,
          .gateway = by_mac.gateway ? by_mac.gateway : by_index.gateway,
          .mtu = by_mac.mtu ? by_mac.mtu : by_index.mtu,
          .offload = by_mac.offload ? by_mac.offload : by_index.offload};
}

}  // namespace mote
