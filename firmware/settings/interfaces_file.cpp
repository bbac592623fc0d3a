// Debian's file of interfaces (interfaces(5)), as Proxmox VE writes it on a ConfigDrive.
#include <array>
#include <optional>

#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/interface_draft.hpp"
#include "firmware/settings/settings_file.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  const auto end = rest.find_first_of(" \t"sv);
  const auto word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end));
  return word;
}

class InterfacesFile {
 public:
  explicit InterfacesFile(SettingsFile& file) : file_(file) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      auto rest = trim(take_until(text, '\n'));
      const auto word = take_word(rest);
      if (word == "iface"sv) {
        finish();
        begin(rest);
      } else if (word == "auto"sv || word == "source"sv || word == "mapping"sv ||
                 word == "source-directory"sv || word == "no-auto-down"sv ||
                 word.starts_with("allow-"sv)) {
        finish();
        is_outside_ = true;
      } else if (!word.empty() && word.front() != '#') {
        read_option(word, rest);
      }
    }
    finish();
  }

 private:
  // An `iface` line: name, family and method.
  void begin(std::string_view rest) {
    is_outside_ = false;
    const auto name = take_word(rest);
    const auto family = take_word(rest);
    const auto method = take_word(rest);
    if (name == "lo"sv) {
      is_outside_ = true;
      return;
    }
    const std::uint32_t place = place_of(name.substr(0, name.find(':')));
    if (family == "inet6"sv) {
      file_.pass_over_ipv6(line_);
      is_outside_ = true;
      return;
    }
    if (family != "inet"sv ||
        (method != "static"sv && method != "dhcp"sv && method != "manual"sv)) {
      file_.complain(line_, "an interface by \"%\" can't be used"sv, method);
      is_outside_ = true;
      return;
    }
    // A further address of a NIC has a stanza of its own, with the same name or like "eth0:1".
    if (place < names_.size() && std::exchange(has_address_[place], method != "manual"sv)) {
      file_.complain(line_, "one IPv4 address a NIC: a further one of % is not used"sv, name);
      is_outside_ = true;
      return;
    }
    draft_.emplace(file_);
    name_ = name;
    place_ = place;
    is_static_ = method == "static"sv;
    subnet_ = {.line = line_};
    if (method == "dhcp"sv) {
      draft_->use_dhcp(line_);
    }
  }

  void read_option(std::string_view key, std::string_view value) {
    if (is_outside_ || !draft_) {
      return;  // Proxmox VE has DNS servers below the loopback interface
    }
    if (key == "address"sv) {
      subnet_.address = value;
    } else if (key == "netmask"sv) {
      subnet_.netmask = value;
    } else if (key == "gateway"sv) {
      subnet_.gateway = value;
    } else if (key == "pointopoint"sv) {
      subnet_.is_gateway_on_link = true;
    } else if (key == "hwaddress"sv) {
      mac_ = value.substr(value.starts_with("ether "sv) ? 6 : 0);
    } else if (key == "mtu"sv) {
      draft_->set_mtu(line_, value);
    } else if (!key.starts_with("dns"sv) && key != "broadcast"sv && key != "network"sv &&
               key != "metric"sv) {
      file_.complain(line_, "% can't be used, ignored"sv, key);
    }
  }

  // Applies the stanza so far.
  void finish() {
    if (!draft_) {
      return;
    }
    if (is_static_) {
      draft_->use(subnet_);
    }
    if (const auto choice = choose(file_, subnet_.line, mac_, name_, place_)) {
      draft_->apply(*choice);
    }
    draft_.reset();
    mac_ = {};
  }

  // How many other names came before this one.
  std::uint32_t place_of(std::string_view name) {
    std::uint32_t place = 0;
    while (place < name_count_ && names_[place] != name) {
      ++place;
    }
    if (place == name_count_ && place < names_.size()) {
      names_[name_count_++] = name;
    }
    return place;
  }

  SettingsFile& file_;
  std::uint32_t line_ = 0;
  std::array<std::string_view, limits::kInterfaces> names_{};
  std::array<bool, limits::kInterfaces> has_address_{};
  std::uint32_t name_count_ = 0;
  std::optional<InterfaceDraft> draft_;  // of the stanza being read
  bool is_outside_ = true;               // of a stanza of use
  bool is_static_ = false;
  std::string_view name_;
  std::string_view mac_;
  std::uint32_t place_ = 0;
  SubnetText subnet_;
};

}  // namespace

void apply_interfaces_file(Settings& settings, std::string_view name, std::string_view text) {
  SettingsFile file(settings, name);
  InterfacesFile(file).read(text);
}

}  // namespace mote::cloud_init
