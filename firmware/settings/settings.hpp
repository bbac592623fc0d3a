// The operator's settings: those baked into the site pack, and those given at boot.
//
// They come as `key=value`: from the pack and QEMU's fw_cfg file `opt/mote/config` one per line, on
// the kernel command line one per word, prefixed with `mote.`; settings disks are translated. A
// later source wins: pack, SMBIOS, fw_cfg, settings disk, command line. A value that can't be used
// is named on the console and leaves the setting as it was, so that no mistake makes the machine
// unreachable. docs/configuration.md lists the keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/net_device.hpp"
#include "firmware/limits.hpp"
#include "firmware/settings/interface_rules.hpp"
#include "firmware/settings/parse.hpp"
#include "http/limits.hpp"
#include "netstack/sender/congestion/congestion.hpp"
#include "netstack/wire/host_name.hpp"

namespace mote {

// Where settings come from, for the console. What is applied under one name in a row is one source.
struct SettingSource {
  std::string_view name;   // in static memory
  std::uint32_t line = 0;  // of a file, from 1 on; 0: not told
};

// How the machine waits for work: it polls, or dozes after a while.
enum class IdlePolicy : std::uint8_t { kPoll, kDoze };

class Settings {
 public:
  void apply(SettingSource source, std::string_view key, std::string_view value);
  void apply(SettingSource source, const InterfaceChoice& choice, const InterfaceFields& fields);

  // Applies one `key=value` per line; skips empty lines and those that begin with #. `is_cut`: the
  // text was truncated, so its last line may be incomplete and is left out.
  void apply_lines(SettingSource source, std::string_view text, bool is_cut = false);

  // Applies the words of a kernel command line that begin with `mote.` and ignores all others. As
  // with Linux, double quotes keep together a value with spaces.
  void apply_command_line(std::string_view text, bool is_cut = false);

  // Prints a line about what can't be used: `words`, with `text`, which may come from anywhere, in
  // the place of a `%`. Of one source only the first limits::kSettingComplaints are printed.
  void complain(SettingSource source, std::string_view words, std::string_view text = {});

  // Zero-terminated, for lwIP; valid for this object's lifetime. Empty: none is set.
  [[nodiscard]] const char* host_name() const { return host_name_.text(); }
  [[nodiscard]] std::uint16_t http_port() const { return http_port_; }
  // 0: as many as RAM holds.
  [[nodiscard]] std::uint32_t http_connections() const { return http_connections_; }
  [[nodiscard]] std::uint32_t header_time_ms() const { return header_time_ms_; }
  [[nodiscard]] std::uint32_t idle_time_ms() const { return idle_time_ms_; }
  // Open at once; 0: no limit.
  [[nodiscard]] std::uint32_t connections_per_address() const { return connections_per_address_; }
  // The time that responses in delivery get when the machine is to end.
  [[nodiscard]] std::uint32_t drain_time_ms() const { return drain_time_ms_; }
  [[nodiscard]] IdlePolicy idle() const { return idle_; }
  [[nodiscard]] netstack::CongestionControl congestion() const { return congestion_; }
  [[nodiscard]] bool halt_on_panic() const { return halt_on_panic_; }
  // Whether the console tells trouble only, beside the first line and `ready`.
  [[nodiscard]] bool is_console_quiet() const { return is_console_quiet_; }

  // Paths; empty: none. Valid for this object's lifetime.
  [[nodiscard]] std::string_view health_path() const { return health_path_.text(); }
  [[nodiscard]] std::string_view metrics_path() const { return metrics_path_.text(); }

  // The clients that are served metrics. A choice that can't be used means nobody, not all.
  enum class MetricsAudience : std::uint8_t { kAll, kOne, kNone };
  [[nodiscard]] MetricsAudience metrics_audience() const { return metrics_audience_; }
  [[nodiscard]] const InterfaceChoice& metrics_interface() const { return metrics_interface_; }

  [[nodiscard]] bool logs_access() const { return logs_access_; }
  [[nodiscard]] std::uint32_t access_log_lines() const { return access_log_lines_; }

  // A NIC's settings. A later source wins; within one, what is said of the MAC address wins over
  // what is said of the index.
  [[nodiscard]] InterfaceFields interface(std::uint32_t index, const MacAddress& mac) const {
    return rules_.fields_of(index, mac);
  }

  // Calls `use` with each NIC that has settings.
  void for_each_choice(auto&& use) const { rules_.for_each_choice(use); }

 private:
  // A copy of a path.
  class Path {
   public:
    constexpr explicit Path(std::string_view text) { keep(text); }
    constexpr void keep(std::string_view text) {
      size_ = text.copy(characters_.data(), characters_.size());
    }
    [[nodiscard]] std::string_view text() const { return {characters_.data(), size_}; }

   private:
    std::array<char, 63> characters_{};
    std::size_t size_ = 0;
  };

  // The result of applying a setting.
  enum class Outcome : std::uint8_t { kSet, kUnusable, kNoRoom };

  void begin(SettingSource source);
  bool may_complain(SettingSource source);
  Outcome set(std::string_view key, std::string_view value);
  bool set_top(std::string_view key, std::string_view value);
  bool set_http(std::string_view key, std::string_view value);
  static bool set_path(Path& path, std::string_view value);
  bool set_metrics_interface(std::string_view value);
  bool set_host_name(std::string_view value);
  Outcome set_network(std::string_view key, std::string_view value);

  netstack::HostName host_name_;
  std::uint16_t http_port_ = 80;
  std::uint32_t http_connections_ = 0;
  std::uint32_t header_time_ms_ = limits::kHeaderTimeMs;
  std::uint32_t idle_time_ms_ = limits::kIdleTimeMs;
  std::uint32_t connections_per_address_ = 0;
  std::uint32_t drain_time_ms_ = 1000 * limits::kPowerDrainS;
  bool halt_on_panic_ = false;
  bool is_console_quiet_ = false;
  IdlePolicy idle_ = IdlePolicy::kPoll;
  netstack::CongestionControl congestion_ = netstack::CongestionControl::kBbr;
  Path health_path_{"/healthz"};
  Path metrics_path_{""};
  MetricsAudience metrics_audience_ = MetricsAudience::kAll;
  InterfaceChoice metrics_interface_;
  bool logs_access_ = false;
  std::uint32_t access_log_lines_ = 50;
  InterfaceRules rules_;
  std::string_view source_name_;
  std::uint8_t source_ = 0;  // counts them
  unsigned complaints_ = 0;  // about this source
};

}  // namespace mote
