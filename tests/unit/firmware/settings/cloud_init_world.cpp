// Settings disks in memory, and settings as text.
#include "tests/unit/firmware/settings/cloud_init_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/unit/fake_console.hpp"

namespace mote::world {
namespace {

std::string dotted(std::uint32_t address) {
  return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 0xFF) + "." +
         std::to_string(address >> 8 & 0xFF) + "." + std::to_string(address & 0xFF);
}

std::string summary_of(const InterfaceFields& fields) {
  std::string text;
  const auto append = [&text](const std::string& more) {
    text += (text.empty() ? "" : ", ") + more;
  };
  if (fields.address && fields.address->dhcp) {
    append("dhcp");
  } else if (fields.address) {
    append(dotted(fields.address->fixed.address) + "/" +
           std::to_string(fields.address->fixed.length));
  }
  if (fields.gateway.value_or(0) != 0) {
    text += " via " + dotted(*fields.gateway);
  }
  if (fields.mtu) {
    append("mtu " + std::to_string(*fields.mtu));
  }
  for (const netstack::Route& route : fields.routes.value_or(netstack::Routes{}).all()) {
    append(dotted(route.network.value) + "/" + std::to_string(route.prefix_bits) +
           (route.is_on_link() ? " on link" : " via " + dotted(route.router.value)));
  }
  return text.empty() ? "-" : text;
}

// Exactly as large as the text, so that a reader that goes beyond its end is caught.
std::vector<char> copy_of(std::string_view text) { return {text.begin(), text.end()}; }

std::array<formats::Node, formats::kMostNodes> nodes;

template <typename Apply>
Outcome outcome_of(Apply apply) {
  console::written().clear();
  Outcome outcome;
  apply(outcome.settings);
  outcome.said = console::written();
  outcome.summary = summary(outcome.settings);
  return outcome;
}

using Reader = formats::Document (*)(std::span<char>, std::span<formats::Node>);
using Apply = void (*)(Settings&, std::string_view, const formats::Node&);

Outcome read_tree(std::string_view text, std::string_view name, Reader read, Apply apply) {
  return outcome_of([&](Settings& settings) {
    std::vector<char> copy = copy_of(text);
    const auto document = read(copy, nodes);
    if (document) {
      apply(settings, name, **document);
    } else {
      settings.complain({name, document.error().line}, document.error().what);
    }
  });
}

}  // namespace

std::string summary(const Settings& settings) {
  const std::string second = summary_of(settings.interface(1, kSecondMac));
  return summary_of(settings.interface(0, kFirstMac)) + (second == "-" ? "" : "; " + second);
}

Outcome read_network_config(std::string_view yaml) {
  return read_tree(yaml, "network-config", formats::read_yaml, cloud_init::apply_network_config);
}

void check_network_config(const char* yaml, const std::string& summary, const std::string& said) {
  Outcome outcome = read_network_config(yaml);
  const std::string begin = "settings (network-config:";
  std::string& text = outcome.said;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    text.erase(at, begin.size());
  }
  CHECK(outcome.summary == summary);
  CHECK(text == said);
}

Outcome read_network_data(std::string_view json) {
  return read_tree(json, "network_data.json", formats::read_json, cloud_init::apply_network_data);
}

Outcome read_digitalocean(std::string_view json) {
  return read_tree(json, "digitalocean_meta_data.json", formats::read_json,
                   cloud_init::apply_digitalocean);
}

Outcome read_meta_data(std::string_view yaml) {
  return read_tree(yaml, "meta-data", formats::read_yaml,
                   [](Settings& settings, std::string_view name, const formats::Node& root) {
                     cloud_init::apply_meta_data(settings, name, root);
                   });
}

Outcome read_interfaces(std::string_view text) {
  return outcome_of([&](Settings& settings) {
    const std::vector<char> copy = copy_of(text);
    cloud_init::apply_interfaces_file(settings, "interfaces", {copy.data(), copy.size()});
  });
}

Outcome read_user_data(std::string_view text, bool is_cut) {
  return outcome_of([&](Settings& settings) {
    std::vector<char> copy = copy_of(text);
    cloud_init::apply_user_data(settings, "user-data", copy, nodes, is_cut);
  });
}

volumes::FileRead FakeVolume::read(std::string_view path, std::span<std::byte> to) const {
  asked_for.emplace_back(path);
  using State = volumes::FileRead::State;
  if (path == damaged) {
    return {State::kDamaged, 0};
  }
  const auto found = files.find(path);
  if (found == files.end()) {
    return {State::kMissing, 0};
  }
  const std::string& text = found->second;
  const std::size_t bytes = std::min(text.size(), to.size());
  std::ranges::copy(std::as_bytes(std::span(text)).first(bytes), to.begin());
  return {bytes < text.size() ? State::kTooLong : State::kRead, bytes};
}

Outcome read_disk(const FakeVolume& volume, std::size_t text_bytes) {
  return outcome_of([&](Settings& settings) {
    std::vector<char> text(text_bytes);
    apply_settings_disk(settings, volume, {text, nodes});
  });
}

}  // namespace mote::world
