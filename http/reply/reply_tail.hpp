// The end of a reply that has text of its own: redirects by prefix, ranges and their refusal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/limits.hpp"
#include "http/plan.hpp"
#include "http/reply/holding.hpp"
#include "http/reply/ranges.hpp"
#include "http/reply/reply.hpp"
#include "http/reply/text_writer.hpp"
#include "kernel/memory/arena.hpp"

namespace mote::http {

// One of a pool (limits::kReplyTails and more where RAM is ample). A maker takes one and says what
// it consists of:
//
//   the text, and behind it memory by reference; or
//   the text, and behind it the parts of a multipart/byteranges (RFC 9110, 14.6).
//
// A sender calls next() again and again, each time when lwIP has taken the whole piece before:
//
//   while (tail != nullptr) {
//     tail = tail->next(piece, is_copied);
//     ... hand over the piece, which may be empty; wait for room and go on here ...
//   }
class ReplyTail {
 public:
  // Takes memory for those beyond limits::kReplyTails, once, before all else. False: the arena has
  // no room for it.
  [[nodiscard]] static bool set_up(Arena& arena, const Plan& plan);

  ReplyTail() = default;
  ReplyTail(const ReplyTail&) = delete;
  ReplyTail& operator=(const ReplyTail&) = delete;

  // Gives the next piece, and says whether it must be copied (then it is at most
  // Reply::kCopiedBytes long), because its memory is used again. Returns what gives those behind
  // it: this, or null if there are none; then this was given back, and the piece doesn't lie in it.
  [[nodiscard]] ReplyTail* next(Piece& piece, bool& is_copied);

  // Gives it back before its end.
  void release();

  // The tails in use now.
  [[nodiscard]] static std::size_t in_use();

  // For makers: an empty one, or null. Those that hold it for long must leave some to others.
  enum class Hold : std::uint8_t { kShort, kLong };
  [[nodiscard]] static ReplyTail* take(Hold hold);

  // What is put in here comes first. It must not have overflowed when the reply is sent.
  [[nodiscard]] TextWriter& text() { return text_; }

  // Takes text of any length that lies in a page of the maker's, which is this tail's for as long
  // as it holds it.
  void set_page(const TextWriter& text) {
    text_ = text;
    holding_.has_page = true;
  }
  [[nodiscard]] bool holds(const TextWriter& text) const {
    return is_taken_ && text_.text().data() == text.text().data();
  }

  // What comes behind the text, by reference.
  void append(std::string_view memory) { body_ = memory; }

  // Has these parts of `body` come behind the text, each under `type`, which are field lines of at
  // most kTypeBytes. There is at least one of them, and at most limits::kRanges. Returns the bytes
  // of them all, with what separates them.
  static constexpr std::size_t kTypeBytes = 256;
  [[nodiscard]] std::uint64_t append_parts(std::string_view body, std::string_view type,
                                           std::span<const ByteRange> ranges);

  // The bytes in front of one of so large a body's parts.
  [[nodiscard]] static std::uint64_t part_head_bytes(const ByteRange& range, std::uint64_t size,
                                                     std::string_view type);

  // What separates the parts: unpredictable, so that no content can hold it on purpose.
  [[nodiscard]] std::string_view boundary() const { return {boundary_.data(), boundary_.size()}; }

  // For the sender that holds it.
  [[nodiscard]] Holding& holding() { return holding_; }

 private:
  enum class Step : std::uint8_t { kText, kBody, kPartHead, kPart };

  [[nodiscard]] Piece take_text();
  [[nodiscard]] Piece part_head();
  [[nodiscard]] Piece end();

  static ReplyTail* free_one();

  std::array<char, limits::kReplyTextBytes> storage_{};
  TextWriter text_;
  std::size_t text_sent_ = 0;
  std::string_view body_;  // what comes behind the text, or what the ranges are of
  std::string_view type_;
  std::array<ByteRange, limits::kRanges> ranges_{};
  std::array<char, 16> boundary_{};
  Holding holding_;
  ReplyTail* next_free_ = nullptr;
  std::uint8_t range_count_ = 0;
  std::uint8_t range_ = 0;  // the one at hand
  static_assert(limits::kRanges <= 0xFF);
  Step step_ = Step::kText;
  bool is_taken_ = false;
};

}  // namespace mote::http
