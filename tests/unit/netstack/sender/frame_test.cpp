// Headers and pieces of frames, for each kind of device.
#include "netstack/sender/frame.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mote_hooks.h"

using namespace mote;
using namespace mote::netstack;

extern "C" u16_t mote_ip_id() { return 0x4321; }

namespace {

constexpr EthernetHeader kStation{
    {{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}}, EthernetHeader::kIpv4};
constexpr Offloads kAll{
    .tx_checksum = true, .rx_checksum = true, .segmentation = Segmentation::kWholeLength};

SegmentFields fields() {
  return {.source = Be32(0x0A000001).raw(),
          .destination = Be32(0x0A000002).raw(),
          .source_port = 80,
          .destination_port = 4000,
          .sequence = {0x01020304},
          .acknowledgement = 0x05060708,
          .window = 1234,
          .flags = tcp_flags::kAck | tcp_flags::kPush,
          .cut_bytes = 0,
          .may_fragment = false,
          .is_ecn_capable = false};
}

// RFC 1071, word by word.
std::uint32_t plain_sum(const std::string& bytes, std::uint32_t sum = 0) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(bytes[at]);
    sum += at % 2 == 0 ? std::uint32_t{byte} << 8 : byte;
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return sum;
}

std::uint32_t pseudo_sum_of(std::size_t tcp_bytes) {
  return plain_sum({},
                   0x0A00 + 0x0001 + 0x0A00 + 0x0002 + 6 + static_cast<std::uint32_t>(tcp_bytes));
}

template <typename Header>
std::string text_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

SendQueue::Part part_of(const std::vector<std::string>& pieces) {
  SendQueue::Part part{};
  for (const std::string& piece : pieces) {
    part.pieces[part.count++] = piece_of(piece);
    part.bytes += static_cast<std::uint32_t>(piece.size());
  }
  return part;
}

}  // namespace

TEST_CASE("a segment's headers are as RFC 791 and RFC 9293, 3.1, have them") {
  FrameHeaders headers;
  const FrameWork work = write_headers(headers, kStation, fields(), 100, kAll);
  CHECK(headers.ethernet.destination == kStation.destination);
  CHECK(headers.ip.version_and_words == 0x45);
  CHECK(headers.ip.type_of_service == 0);
  CHECK(headers.ip.total_bytes == 140);
  CHECK(headers.ip.identification == 0);
  CHECK(headers.ip.flags_and_offset == Ipv4Header::kDontFragment);
  CHECK(headers.ip.time_to_live == 64);
  CHECK(headers.ip.protocol == Ipv4Header::kTcp);
  CHECK(headers.ip.source == 0x0A000001);
  CHECK(headers.ip.destination == 0x0A000002);
  CHECK(plain_sum(text_of(headers.ip)) == 0xFFFF);
  CHECK(headers.tcp.source_port == 80);
  CHECK(headers.tcp.destination_port == 4000);
  CHECK(headers.tcp.sequence == 0x01020304);
  CHECK(headers.tcp.acknowledgement == 0x05060708);
  CHECK(headers.tcp.offset_and_flags == 0x5018);
  CHECK(headers.tcp.window == 1234);
  CHECK(headers.tcp.checksum == pseudo_sum_of(120));  // the device adds the rest
  CHECK(work.checksum.start == 34);
  CHECK(work.checksum.offset == 16);
  CHECK(work.cut.payload_bytes == 0);
}

TEST_CASE("where routers may fragment, datagrams have identifications, and ECT if asked") {
  SegmentFields wanted = fields();
  wanted.may_fragment = true;
  wanted.is_ecn_capable = true;
  FrameHeaders headers;
  (void)write_headers(headers, kStation, wanted, 100, kAll);
  CHECK(headers.ip.flags_and_offset == 0);
  CHECK(headers.ip.identification == 0x4321);
  CHECK(headers.ip.type_of_service == 2);  // RFC 3168, 5
  CHECK(plain_sum(text_of(headers.ip)) == 0xFFFF);
}

TEST_CASE("each kind of device gets the lengths that it wants for what it cuts") {
  SegmentFields wanted = fields();
  wanted.cut_bytes = 1460;
  FrameHeaders headers;
  const auto write = [&](Segmentation segmentation) {
    const Offloads offloads{true, true, segmentation};
    const FrameWork work = write_headers(headers, kStation, wanted, 3000, offloads);
    CHECK(work.checksum.start == 34);
    CHECK(work.checksum.offset == 16);
    CHECK(work.cut.header_bytes == 54);
    CHECK(work.cut.payload_bytes == 1460);
  };
  write(Segmentation::kWholeLength);
  CHECK(headers.tcp.checksum == pseudo_sum_of(3020));
  CHECK(headers.ip.total_bytes == 3040);
  CHECK(plain_sum(text_of(headers.ip)) == 0xFFFF);
  write(Segmentation::kNoLengthInSum);
  CHECK(headers.tcp.checksum == pseudo_sum_of(0));
  CHECK(headers.ip.total_bytes == 3040);
  CHECK(headers.ip.checksum == 0);
  write(Segmentation::kNoLength);
  CHECK(headers.tcp.checksum == pseudo_sum_of(0));
  CHECK(headers.ip.total_bytes == 0);
  CHECK(headers.ip.checksum == 0);
}

TEST_CASE("a device that computes no checksum gets one, over pieces of any length") {
  const std::vector<std::vector<std::string>> lists = {
      {},
      {"a"},
      {"ab"},
      {"a", "b"},
      {"abc", "d", "efghi", "\xFF\xFF\xFF", "j"},
      {std::string(1459, 'x'), "yz"},
      {std::string(107, '\xFE'), std::string(901, '\x7F'), "q"}};
  for (const std::vector<std::string>& list : lists) {
    const SendQueue::Part part = part_of(list);
    FrameHeaders headers;
    const FrameWork work = write_headers(headers, kStation, fields(), part.bytes, {});
    CHECK(work.checksum.start == 0);
    finish_checksum(headers, part);
    std::string segment = text_of(headers.tcp);
    for (const std::string& piece : list) segment += piece;
    CHECK(plain_sum(segment, pseudo_sum_of(20 + part.bytes)) == 0xFFFF);
    CHECK(plain_sum(text_of(headers.ip)) == 0xFFFF);
  }
}

TEST_CASE("refreshed headers are those that would be written anew") {
  FrameHeaders refreshed;
  SegmentFields earlier = fields();
  earlier.flags = tcp_flags::kAck | tcp_flags::kFin;
  (void)write_headers(refreshed, kStation, earlier, 999, kAll);
  SegmentFields later = fields();
  later.sequence = {0xFFFFFFFE};
  later.acknowledgement = 17;
  later.window = 0xFFFF;
  for (const std::uint32_t bytes : {6U, 333U, 1460U}) {
    FrameHeaders anew;
    (void)write_headers(anew, kStation, later, bytes, kAll);
    refresh_headers(refreshed, later.sequence, later.acknowledgement, later.window, bytes);
    CHECK(text_of(refreshed) == text_of(anew));
  }
}

TEST_CASE("a frame in place begins with headers and text in one piece") {
  Block block{};
  block.text_bytes = 30;
  SendQueue::Part part{};
  part.pieces[0] = {block.text.data(), 30};
  part.pieces[1] = piece_of("the content");
  part.count = 2;
  part.bytes = 41;
  FramePieces frame;
  list_pieces(block, part, true, frame);
  REQUIRE(frame.count == 2);
  CHECK(static_cast<const void*>(frame.pieces[0].data) == &block.headers);
  CHECK(frame.pieces[0].bytes == 54 + 30);
  CHECK(frame.pieces[1].text() == "the content");
  list_pieces(block, part, false, frame);
  REQUIRE(frame.count == 3);
  CHECK(frame.pieces[0].bytes == 54);
  CHECK(frame.pieces[1].data == block.text.data());
  block.text_bytes = 0;  // a block without text
  part.pieces[0] = piece_of("other");
  part.count = 1;
  part.bytes = 5;
  list_pieces(block, part, true, frame);
  CHECK(frame.pieces[0].bytes == 54);
  CHECK(frame.pieces[1].text() == "other");
}

TEST_CASE("short frames are padded with zeros to the least length") {
  const Block block{};
  for (std::size_t bytes = 0; bytes < 10; ++bytes) {
    const std::string data = std::string("123456789").substr(0, bytes);
    SendQueue::Part part{};
    if (bytes != 0) {
      part.pieces[part.count++] = piece_of(data);
      part.bytes = static_cast<std::uint32_t>(bytes);
    }
    FramePieces frame;
    list_pieces(block, part, false, frame);
    std::size_t sum = 0;
    for (const Piece& piece : frame.all()) {
      CHECK(piece.bytes > 0);
      sum += piece.bytes;
    }
    CHECK(sum == std::max<std::size_t>(60, 54 + bytes));
    const Piece& last = frame.all().back();
    if (bytes < 6) CHECK(last.text() == std::string(6 - bytes, '\0'));
  }
}
