// Decodes percent escapes and removes dot segments, in one pass over a path.
#include "http/request/target.hpp"

#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using std::unexpected;
using namespace std::string_view_literals;

class Resolver {
 public:
  Resolver(std::string_view path, std::span<char> scratch) : rest_(path), out_(scratch) {}

  std::expected<std::string_view, Status> run() {
    while (!rest_.empty()) {
      while (!rest_.empty() && rest_.front() == '/') {
        rest_.remove_prefix(1);
      }
      const std::size_t start = size_;
      out_[size_++] = '/';
      if (!copy_segment()) {
        return unexpected(Status::kBadRequest);
      }
      remove_dots(start);
    }
    return has_encoded_slash_ ? std::string_view() : std::string_view(out_.data(), size_);
  }

 private:
  // Decodes up to the next slash. False: a broken escape, or an encoded NUL.
  bool copy_segment() {
    while (!rest_.empty() && rest_.front() != '/') {
      char character = rest_.front();
      std::size_t length = 1;
      if (character == '%') {
        const unsigned high = rest_.size() > 2 ? syntax::hex_value(rest_[1]) : 16;
        const unsigned low = rest_.size() > 2 ? syntax::hex_value(rest_[2]) : 16;
        if (high > 15 || low > 15 || high + low == 0) {
          return false;
        }
        character = static_cast<char>(high * 16 + low);
        length = 3;
        has_encoded_slash_ |= character == '/';
      }
      out_[size_++] = character;
      rest_.remove_prefix(length);
    }
    return true;
  }

  // Removes the segment whose slash is at `start` if it is "." or "..", and for ".." the segment
  // before it, too. At the path's end, either leaves a slash.
  void remove_dots(std::size_t start) {
    const std::string_view segment(out_.data() + start + 1, size_ - start - 1);
    if (segment != "."sv && segment != ".."sv) {
      return;
    }
    size_ = start;
    if (segment.size() == 2) {
      while (size_ > 0 && out_[--size_] != '/') {
      }
    }
    if (rest_.empty()) {
      out_[size_++] = '/';
    }
  }

  std::string_view rest_;
  std::span<char> out_;
  std::size_t size_ = 0;
  bool has_encoded_slash_ = false;
};

}  // namespace

std::expected<std::string_view, Status> resolve_path(std::string_view path,
                                                     std::span<char> scratch) {
  return Resolver(path, scratch).run();
}

}  // namespace mote::http
