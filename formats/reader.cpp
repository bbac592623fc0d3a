// The base of the readers of JSON, YAML and TOML.
#include "formats/reader.hpp"

#include <algorithm>

namespace mote::formats {
namespace {

constexpr std::uint32_t kFirstSurrogate = 0xD800;
constexpr std::uint32_t kFirstLowSurrogate = 0xDC00;
constexpr std::uint32_t kLastSurrogate = 0xDFFF;
constexpr std::uint32_t kLastCode = 0x10FFFF;

constexpr bool is_scalar_value(std::uint32_t code) {
  return code <= kLastCode && (code < kFirstSurrogate || code > kLastSurrogate);
}

// Control characters but for tab and the line's end. Where lines count, also those of Latin-1, and
// what YAML 1.1 takes for a line's end and 1.2 doesn't.
constexpr bool is_control(std::uint32_t code, Reader::Allowed allowed) {
  if (code < 0x20) {
    return code != '\t' && code != '\n' && (code != '\r' || allowed == Reader::Allowed::kLines);
  }
  return allowed == Reader::Allowed::kLines && ((code >= 0x7F && code <= 0x9F) || code == 0x2028 ||
                                                code == 0x2029 || code == 0xFFFE || code == 0xFFFF);
}

}  // namespace

Character character_at(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t bytes = lead < 0xC2   ? 0
                            : lead < 0xE0 ? 2
                            : lead < 0xF0 ? 3
                            : lead < 0xF5 ? 4
                                          : 0;
  if (bytes == 0 || bytes > text.size()) {
    return {};
  }
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (const char c : text.substr(1, bytes - 1)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >> 6 != 2) {
      return {};
    }
    code = code << 6 | (byte & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> kFirstOf = {0, 0, 0x80, 0x800, 0x10000};
  return code >= kFirstOf[bytes] && is_scalar_value(code) ? Character{code, bytes} : Character{};
}

Reader::Reader(std::span<char> text, std::span<Node> nodes)
    : at_(text.data()),
      end_(text.data() + text.size()),
      nodes_(nodes.first(std::min(nodes.size(), kMostNodes))) {}

bool Reader::prepare(Allowed allowed) {
  word("\xEF\xBB\xBF");
  char* out = at_;
  for (const char* in = at_; in != end_;) {
    if (*in == '\r' && in + 1 != end_ && in[1] == '\n') {
      ++in;
    }
    const auto [code, bytes] = character_at({in, end_});
    if (bytes == 0) {
      return fail("a character that isn't UTF-8");
    }
    if (is_control(code, allowed)) {
      return fail("a control character");
    }
    line_ += code == '\n' ? 1 : 0;
    out = std::copy_n(in, bytes, out);
    in += bytes;
  }
  end_ = out;
  line_ = 1;
  return true;
}

char Reader::peek() const { return at_ != end_ ? *at_ : '\0'; }

char Reader::peek(std::size_t ahead) const {
  return ahead < static_cast<std::size_t>(end_ - at_) ? at_[ahead] : '\0';
}

bool Reader::at_any(const char* characters) const {
  for (; *characters != '\0'; ++characters) {
    if (peek() == *characters) {
      return true;
    }
  }
  return false;
}

bool Reader::word(const char* word) {
  char* at = at_;
  for (; *word != '\0'; ++word, ++at) {
    if (at == end_ || *at != *word) {
      return false;
    }
  }
  at_ = at;
  return true;
}

void Reader::skip_any(const char* characters) {
  while (at_any(characters)) {
    step();
  }
}

bool Reader::fail(const char* what) {
  if (fault_.what.empty()) {
    fault_ = {line_, what};
  }
  return false;
}

Node* Reader::take() {
  if (taken_ == nodes_.size()) {
    fail("more parts than there is room for");
    return nullptr;
  }
  Node& node = nodes_[taken_++];
  node = Node();
  node.line = line_;
  return &node;
}

Node* Reader::last_of(const Node& whole) {
  const Node* last = whole.first;
  while (last != nullptr && last->next != nullptr) {
    last = last->next;
  }
  return mine(last);
}

Node* Reader::add(Node& whole) {
  if (whole.find(text_) != nullptr) {
    fail("a duplicate key");
    return nullptr;
  }
  Node* last = last_of(whole);
  Node* node = take();
  if (node != nullptr) {
    node->key = whole.is_map() ? text_ : std::string_view();
    (last == nullptr ? whole.first : last->next) = node;
  }
  return node;
}

bool Reader::enter(Node* node, Kind kind) {
  if (node == nullptr) {
    return false;
  }
  if (depth_ == kMostDepth) {
    return fail("too many lists and maps inside each other");
  }
  node->kind = kind;
  open_[depth_++] = node;
  return true;
}

bool Reader::code_of(std::size_t digits, std::uint32_t& code) {
  code = 0;
  for (; digits > 0; --digits, ++at_) {
    const char c = peek();
    const auto letter = static_cast<std::uint8_t>((c | 0x20) - 'a');
    const auto digit = static_cast<std::uint8_t>(c - '0');
    if (digit >= 10 && letter >= 6) {
      return fail("an escape without its hexadecimal digits");
    }
    code = code << 4 | (digit < 10 ? digit : letter + 10U);
  }
  return true;
}

void Reader::put(std::uint32_t code) {
  const std::size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (bytes == 1) {
    *out_++ = static_cast<char>(code);
    return;
  }
  const std::uint32_t lead = 0xF00U >> bytes & 0xFF;
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::uint32_t bits = code >> 6 * (bytes - 1 - i);
    *out_++ = static_cast<char>(i == 0 ? lead | bits : 0x80 | (bits & 0x3F));
  }
}

bool Reader::escape(const Escapes& escapes) {
  const char letter = peek(1);
  for (std::size_t i = 0; i < escapes.plain.size(); i += 2) {
    if (escapes.plain[i] == letter) {
      at_ += 2;
      *out_++ = escapes.plain[i + 1];
      return true;
    }
  }
  if (letter == '\0' || !escapes.coded.contains(letter)) {
    return fail("an unknown escape");
  }
  at_ += 2;
  std::uint32_t code = 0;
  if (!code_of(letter == 'x' ? 2 : letter == 'u' ? 4 : 8, code)) {
    return false;
  }
  if (escapes.surrogates && letter == 'u' && code >= kFirstSurrogate && code < kFirstLowSurrogate &&
      peek() == '\\' && peek(1) == 'u') {
    at_ += 2;
    std::uint32_t low = 0;
    if (!code_of(4, low)) {
      return false;
    }
    const bool paired = low >= kFirstLowSurrogate && low <= kLastSurrogate;
    code = paired ? 0x10000 + ((code - kFirstSurrogate) << 10) + (low - kFirstLowSurrogate)
                  : kFirstSurrogate;
  }
  if (!is_scalar_value(code)) {
    return fail("an escape that isn't a character");
  }
  put(code);
  return true;
}

}  // namespace mote::formats
