#include "penstock/detail/memory/key_hash.h"

#include <string>

#include "catch.h"

namespace penstock::memory {
namespace {

TEST_CASE("the key hash is SipHash-2-4 with 128 bits") {
  // From OpenSSL: key 00 01 .. 0f, message 00 01 .. of the given length; the output's bytes in order.
  struct Row {
    std::size_t length;
    const char* output;
  };
  const Row row = GENERATE(Row{0, "A3817F04BA25A8E66DF67214C7550293"}, Row{1, "DA87C1D86B99AF44347659119B22FC45"},
                           Row{7, "A1F1EBBED8DBC153C0B84AA61FF08239"}, Row{8, "3B62A9BA6258F5610F83E264F31497B4"},
                           Row{15, "5493E99933B0A8117E08EC0F97CFC3D9"}, Row{16, "6EE2A4CA67B054BBFD3315BF85230577"},
                           Row{63, "5150D1772F50834A503E069A973FBD7C"});
  std::string message;
  for (std::size_t i = 0; i < row.length; ++i) message += static_cast<char>(i);
  const Fingerprint hash = KeyHash(0x0706050403020100, 0x0f0e0d0c0b0a0908)(message);
  std::string output;
  for (const std::uint64_t word : {hash.low, hash.high}) {
    for (int shift = 0; shift < 64; shift += 8) {
      for (const int nibble : {shift + 4, shift}) output += "0123456789ABCDEF"[word >> nibble & 15];
    }
  }
  CHECK(output == row.output);
}

TEST_CASE("a key is its bytes and its length") {
  const KeyHash hash(1, 2);
  CHECK(hash("a") != hash("b"));
  CHECK(hash("") != hash(std::string_view("\0", 1)));
  CHECK(hash(std::string_view("a\0", 2)) != hash("a"));
  CHECK(hash("aaaaaaaa") != hash(std::string(264, 'a')));
  CHECK(KeyHash(1, 3)("a") != hash("a"));
}

}  // namespace
}  // namespace penstock::memory
