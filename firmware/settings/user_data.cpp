// User data: a document in the language of mote.toml, or something for other systems, of which only
// the host name of a #cloud-config is of use.
#include <algorithm>
#include <array>
#include <cstddef>

#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/settings_file.hpp"
#include "kernel/console/console.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

using formats::Node;

// The keys of mote.toml's table [http] that shape the site pack.
constexpr std::array<std::string_view, 9> kSiteKeys{"index"sv,      "not_found"sv, "error_pages"sv,
                                                    "clean_urls"sv, "compress"sv,  "cache"sv,
                                                    "headers"sv,    "redirect"sv,  "site"sv};

// A setting's key, put together from its parts. What is too long is cut, and no setting's key then.
class Key {
 public:
  Key& operator+=(std::string_view part) {
    size_ += part.copy(characters_.data() + size_, characters_.size() - size_);
    return *this;
  }
  [[nodiscard]] std::string_view text() const { return {characters_.data(), size_}; }

 private:
  std::array<char, 80> characters_{};
  std::size_t size_ = 0;
};

Key joined(std::string_view table, std::string_view key) {
  Key whole;
  if (!table.empty()) {
    (whole += table) += "."sv;
  }
  return whole += key;
}

// Applies a document in mote.toml's language.
class MoteDocument {
 public:
  explicit MoteDocument(SettingsFile& file) : file_(file) {}

  void read(const Node& root) {
    for (const Node& part : root) {
      if (part.is_map()) {
        read_table(part);
      } else {
        read_value({}, part);
      }
    }
  }

 private:
  void read_table(const Node& table) {
    for (const Node& part : table) {
      if (table.key == "network"sv && part.key == "interface"sv && part.is_list()) {
        for (const Node& interface : part) {
          read_interface(interface);
        }
      } else if (table.key == "http"sv &&
                 std::ranges::find(kSiteKeys, part.key) != kSiteKeys.end()) {
        file_.complain(part.line,
                       "http.% shapes the site, which is baked into the image: ignored"sv,
                       part.key);
      } else {
        read_value(table.key, part);
      }
    }
  }

  void read_value(std::string_view table, const Node& value) {
    const Key key = joined(table, value.key);
    if (value.is_scalar()) {
      file_.settings().apply(file_.at(value.line), key.text(), value.text);
    } else {
      file_.complain(value.line, "cannot use %, ignored"sv, key.text());
    }
  }

  void read_interface(const Node& interface) {
    const auto choice = parse_choice(file_.text(interface, "match"sv));
    if (!choice) {
      file_.complain(interface.line, "an interface without a usable `match`, ignored"sv);
      return;
    }
    InterfaceFields fields;
    for (const Node& part : interface) {
      const bool is_known = part.key == "match"sv ||
                            (part.key == "routes"sv && part.is_list()
                                 ? read_routes(fields, part)
                                 : part.is_scalar() && parse_field(fields, part.key, part.text));
      if (!is_known) {
        file_.complain(part.line, "cannot use network.interface.%, ignored"sv, part.key);
      }
    }
    file_.settings().apply(file_.at(interface.line), *choice, fields);
  }

  static bool read_routes(InterfaceFields& fields, const Node& list) {
    netstack::Routes routes;
    for (const Node& entry : list) {
      const auto route = parse_route(entry.text);
      if (!route || !routes.add(*route)) {
        return false;
      }
    }
    fields.routes = routes;
    return true;
  }

  SettingsFile& file_;
};

void apply_document(SettingsFile& file, std::span<char> text, std::span<Node> nodes) {
  const formats::Document document = formats::read_toml(text, nodes);
  if (!document) {
    file.complain(document.error().line, "%: the file is not used"sv, document.error().what);
    return;
  }
  MoteDocument(file).read(**document);
}

std::string_view without_quotes(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == text.back() &&
                         (text.front() == '"' || text.front() == '\'');
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// The value of a key at the left edge of a #cloud-config, which is YAML of all kinds: only this is
// read of it.
struct Line {
  std::uint32_t number = 0;
  std::string_view value;
};
Line find_line(std::string_view text, std::string_view key) {
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    auto rest = take_until(text, '\n');
    if (rest.starts_with(key) && rest.substr(key.size()).starts_with(':')) {
      rest.remove_prefix(key.size() + 1);
      return {number, without_quotes(trim(rest.substr(0, rest.find(" #"sv))))};
    }
  }
  return {};
}

void apply_host_name(SettingsFile& file, std::string_view text) {
  Line line = find_line(text, "hostname"sv);
  if (line.value.empty()) {
    line = find_line(text, "fqdn"sv);
  }
  if (!line.value.empty()) {
    file.settings().apply(file.at(line.number), "network.hostname"sv, line.value);
  }
}

}  // namespace

void apply_user_data(Settings& settings, std::string_view name, std::span<char> text,
                     std::span<Node> nodes, bool is_cut) {
  SettingsFile file(settings, name);
  const std::string_view whole{text.data(), text.size()};
  std::string_view rest = whole;
  const std::string_view first = trim(take_until(rest, '\n'));
  if (first == "#mote"sv || first.starts_with("#mote "sv)) {
    if (is_cut) {
      file.complain(0, "too long, not used"sv);
    } else {
      apply_document(file, text, nodes);
    }
  } else if (first == "#cloud-config"sv || first.starts_with("#cloud-config "sv)) {
    apply_host_name(file, whole);
    const console::Fact fact;
    console::line("settings ("sv, name, "): a #cloud-config, only its host name is used"sv);
  } else if (!trim(whole).empty()) {
    file.complain(1, "not for Mote, as it begins with \"%\": ignored"sv, first);
  }
}

}  // namespace mote::cloud_init
