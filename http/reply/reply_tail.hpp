// The end of a reply with text formatted for it: redirects by prefix, ranges, 416, preflights,
// health and metrics.
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

// One of a pool (limits::kReplyTails, and more where RAM is ample). A maker takes one and fills it
// with
//
//   text, followed by memory by reference; or
//   text, followed by the parts of a multipart/byteranges (RFC 9110, 14.6).
//
// The sender calls next() again each time TCP has taken the whole piece before:
//
//   while (tail != nullptr) {
//     tail = tail->next(piece, is_copied);
//     ... hand over the piece, which may be empty; wait for room and continue here ...
//   }
class ReplyTail {
 public:
  // Takes memory for the plan's tails beyond those that are static. Call once, before everything
  // else. False: the arena has too little.
  [[nodiscard]] static bool set_up(Arena& arena, const Plan& plan);

  ReplyTail() = default;
  ReplyTail(const ReplyTail&) = delete;
  ReplyTail& operator=(const ReplyTail&) = delete;

  // Yields the next piece, and whether it must be copied because its memory will be reused; then it
  // is at most Reply::kCopiedBytes long. Returns this if more pieces follow. Null: this was the
  // last piece; the tail is released, and the piece doesn't lie in it.
  [[nodiscard]] ReplyTail* next(Piece& piece, bool& is_copied);

  // Returns the tail to the pool before its last piece.
  void release();

  // The tails in use now.
  [[nodiscard]] static std::size_t in_use();

  // For makers: takes an empty tail; null if none is left. kLong leaves some tails to others.
  enum class Hold : std::uint8_t { kShort, kLong };
  [[nodiscard]] static ReplyTail* take(Hold hold);

  // The text, which is sent first. Check that it hasn't overflowed before sending the reply.
  [[nodiscard]] TextWriter& text() { return text_; }

  // Uses text of any length in the maker's page instead. The page belongs to this tail as long as
  // holds() is true.
  void set_page(const TextWriter& text) {
    text_ = text;
    holding_.has_page = true;
  }
  [[nodiscard]] bool holds(const TextWriter& text) const {
    return is_taken_ && text_.text().data() == text.text().data();
  }

  // Adds memory behind the text, by reference.
  void append(std::string_view memory) { body_ = memory; }

  // Adds these parts of `body` behind the text, each with the field lines `type` (at most
  // kTypeBytes). There must be at least one range and at most limits::kRanges. Returns the bytes of
  // all parts, including delimiters and heads.
  static constexpr std::size_t kTypeBytes = 256;
  [[nodiscard]] std::uint64_t append_parts(std::string_view body, std::string_view type,
                                           std::span<const ByteRange> ranges);

  // The bytes of delimiter and head in front of a part. `size`: the whole body's.
  [[nodiscard]] static std::uint64_t part_head_bytes(const ByteRange& range, std::uint64_t size,
                                                     std::string_view type);

  // Separates the parts. Unpredictable, so that nobody can craft content that contains it.
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
  std::string_view body_;  // follows the text, whole or as the ranges say
  std::string_view type_;
  std::array<ByteRange, limits::kRanges> ranges_{};
  std::array<char, 16> boundary_{};
  Holding holding_;
  ReplyTail* next_free_ = nullptr;
  std::uint8_t range_count_ = 0;
  std::uint8_t range_ = 0;  // the next one to send
  static_assert(limits::kRanges <= 0xFF);
  Step step_ = Step::kText;
  bool is_taken_ = false;
};

}  // namespace mote::http
