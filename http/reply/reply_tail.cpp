// The pool of reply tails, and the pieces that a tail yields.
#include "http/reply/reply_tail.hpp"

#include <algorithm>
#include <new>
#include <span>

#include "http/limits.hpp"
#include "kernel/console/number_text.hpp"
#include "kernel/memory/ram_share.hpp"
#include "kernel/platform/entropy.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

// A part's head (RFC 2046, 5.1.1; RFC 9110, 14.6). The preamble before the first part is empty.
//
//   CRLF "--" boundary CRLF "Content-Range: bytes " first "-" last "/" size CRLF type CRLF
constexpr std::string_view kDelimiter = "\r\n--"sv;
constexpr std::string_view kRange = "\r\nContent-Range: bytes "sv;
constexpr std::string_view kEnd = "--\r\n"sv;
constexpr std::size_t kBoundaryBytes = 16;
constexpr std::size_t kNumberBytes = 20;

static_assert(kDelimiter.size() + kBoundaryBytes + kRange.size() + 3 * kNumberBytes + 2 + 4 +
                  ReplyTail::kTypeBytes <=
              Reply::kCopiedBytes);
static_assert(Reply::kCopiedBytes <= limits::kReplyTextBytes);

// Free tails that were used before are in a list. Unused ones come from the arrays, from index
// `touched` on.
constinit std::array<ReplyTail, limits::kReplyTails / RamShare::kLeast> own_tails{};
constinit std::span<ReplyTail> more_tails{};
constinit std::size_t touched = 0;
constinit ReplyTail* first_free = nullptr;
constinit std::size_t used = 0;

std::size_t digits_of(std::uint64_t number) { return NumberText<10>(number).text().size(); }

}  // namespace

bool ReplyTail::set_up(Arena& arena, const Plan& plan) {
  const std::size_t more = plan.tails - std::min(plan.tails, own_tails.size());
  more_tails = arena.take<ReplyTail>(more);
  return more_tails.size() == more;
}

// A free tail. There must be one.
ReplyTail* ReplyTail::free_one() {
  if (ReplyTail* const tail = first_free) {
    first_free = tail->next_free_;
    return tail;
  }
  const std::size_t at = touched++;
  return at < own_tails.size() ? &own_tails[at]
                               : new (&more_tails[at - own_tails.size()]) ReplyTail;
}

ReplyTail* ReplyTail::take(Hold hold) {
  const std::size_t all = own_tails.size() + more_tails.size();
  if (used >= (hold == Hold::kLong ? all - all / limits::kTailsShare : all)) {
    return nullptr;
  }
  ReplyTail& tail = *free_one();
  ++used;
  tail.holding_ = {};
  tail.is_taken_ = true;
  tail.text_ = TextWriter(tail.storage_);
  tail.text_sent_ = 0;
  tail.body_ = {};
  tail.range_count_ = tail.range_ = 0;
  tail.step_ = Step::kText;
  return &tail;
}

void ReplyTail::release() {
  tail_holders.remove(holding_);
  is_taken_ = false;
  next_free_ = first_free;
  first_free = this;
  --used;
}

std::size_t ReplyTail::in_use() { return used; }

std::uint64_t ReplyTail::part_head_bytes(const ByteRange& range, std::uint64_t size,
                                         std::string_view type) {
  return kDelimiter.size() + kBoundaryBytes + kRange.size() + digits_of(range.first) + 1 +
         digits_of(range.last) + 1 + digits_of(size) + 2 + type.size() + 2;
}

std::uint64_t ReplyTail::append_parts(std::string_view body, std::string_view type,
                                      std::span<const ByteRange> ranges) {
  body_ = body;
  type_ = type;
  range_count_ = static_cast<std::uint8_t>(ranges.size());
  std::uint64_t bytes = kDelimiter.size() + kBoundaryBytes + kEnd.size();
  for (std::size_t index = 0; index < ranges.size(); ++index) {
    ranges_[index] = ranges[index];
    bytes += part_head_bytes(ranges[index], body.size(), type) + ranges[index].bytes();
  }
  const NumberText<16> random(entropy::random64(), kBoundaryBytes);
  std::ranges::copy(random.text(), boundary_.begin());
  return bytes;
}

ReplyTail* ReplyTail::next(Piece& piece, bool& is_copied) {
  is_copied = step_ == Step::kText || step_ == Step::kPartHead;
  switch (step_) {
    case Step::kText:
      piece = take_text();
      if (text_sent_ == text_.text().size()) {
        step_ = range_count_ > 0 ? Step::kPartHead : Step::kBody;
      }
      return this;
    case Step::kPartHead:
      piece = range_ < range_count_ ? part_head() : end();
      return this;
    case Step::kPart: {
      const ByteRange& range = ranges_[range_++];
      piece = piece_of(body_.substr(range.first, range.bytes()));
      step_ = Step::kPartHead;
      return this;
    }
    case Step::kBody:
      break;
  }
  piece = piece_of(body_);
  release();
  return nullptr;
}

// The next piece of the unsent text.
Piece ReplyTail::take_text() {
  const std::string_view text = text_.text();
  const std::size_t bytes = std::min(text.size() - text_sent_, Reply::kCopiedBytes);
  const std::string_view taken = text.substr(text_sent_, bytes);
  text_sent_ += bytes;
  return piece_of(taken);
}

// Reuses the text's memory: TCP has taken the text before.
Piece ReplyTail::part_head() {
  const ByteRange& range = ranges_[range_];
  text_.clear();
  text_.add(kDelimiter);
  text_.add(boundary());
  text_.add(kRange);
  text_.add(range.first);
  text_.add('-');
  text_.add(range.last);
  text_.add('/');
  text_.add(std::uint64_t{body_.size()});
  text_.add("\r\n"sv);
  text_.add(type_);
  text_.add("\r\n"sv);
  step_ = Step::kPart;
  return piece_of(text_.text());
}

// The closing delimiter. Only an empty body follows.
Piece ReplyTail::end() {
  text_.clear();
  text_.add(kDelimiter);
  text_.add(boundary());
  text_.add(kEnd);
  body_ = {};
  step_ = Step::kBody;
  return piece_of(text_.text());
}

}  // namespace mote::http
