#include "penstock/detail/memory/key_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace penstock::memory {
namespace {

using Method = KeyHash::Method;

static_assert(std::is_trivially_copyable_v<KeyHash> && sizeof(KeyHash) <= 96);

// A limiter may be somebody's static object, made before main().
const KeyHash before_main = KeyHash::seeded(42);

// What holds of both methods is asked of both.
std::vector<Method> methods() {
  if (KeyHash(0, 0, Method::aes).method() == Method::aes) return {Method::siphash, Method::aes};
  WARN("This processor has no instructions for AES, so that hash is NOT tested.");
  return {Method::siphash};
}

// Two secrets, the bytes 00 to 07 and 08 to 0f.
KeyHash counting_hash(Method method) { return {0x0706050403020100, 0x0f0e0d0c0b0a0908, method}; }

std::string counting_bytes(std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// The low half first, as both are defined.
std::string bytes_of(const Fingerprint& fingerprint) {
  std::string bytes;
  for (const std::uint64_t word : {fingerprint.low, fingerprint.high}) {
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift & 255);
  }
  return bytes;
}

std::string hex(const std::string& bytes) {
  std::string digits;
  for (const char byte : bytes) {
    for (const int shift : {4, 0}) digits += "0123456789ABCDEF"[byte >> shift & 15];
  }
  return digits;
}

std::string random_bytes(std::mt19937_64& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string with_flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  return bytes;
}

// ---- golden values ---------------------------------------------------------------------------------------

struct Golden {
  std::size_t length;
  const char* fingerprint;
};

void check_golden(Method method, std::initializer_list<Golden> rows) {
  for (const Golden& row : rows) {
    CAPTURE(row.length);
    CHECK(hex(bytes_of(counting_hash(method)(counting_bytes(row.length)))) == row.fingerprint);
  }
}

TEST_CASE("the one hash is SipHash-1-3 with 128 bits") {
  // From OpenSSL: openssl mac -macopt size:16 -macopt c-rounds:1 -macopt d-rounds:3 ... SIPHASH
  check_golden(Method::siphash, {{0, "E77EBCB22788A5BEFD62DB6ADD303001"},
                                 {1, "FC6F370460D3EDA85E0573CC2B2FF063"},
                                 {3, "6BC5CCFA1EDCF79F4823187712EBD743"},
                                 {4, "0C784E71AC2B285A9F8E92E78FBF2C25"},
                                 {7, "1084B923F2AAE0C3A62F2EC80848AB77"},
                                 {8, "AA12FEE1D5E3DAB4724F16AB35F9C799"},
                                 {11, "723B9AF3554491DBB1D6633DFC6E0C4E"},
                                 {15, "C17E5505B2BD526C2921CDEC1E7E0109"},
                                 {16, "D0A8D95715518EEBB513B0F83D9E1793"},
                                 {63, "4C5800E34EFE426F079F6B0AA75260AD"},
                                 {264, "89255588A28299F446352A31BA0D3600"}});
}

TEST_CASE("the other hash is rounds of AES") {
  if (methods().size() < 2) return;
  // From a program of its own, in Python, written from FIPS-197.
  check_golden(Method::aes, {{0, "B9C36AA9EDA62E389FA29BA536CBC024"},
                             {1, "87D834D1CC65ABD925CE1651A8F685BA"},
                             {3, "AEE87F4FD9ECF62293F954F590E97B1B"},
                             {4, "480CF87CE900FDC75671B3204E0856FE"},
                             {7, "73F6712C9214E9D1F886542216161F27"},
                             {8, "AC2F0AF4BA230B71B6D96AF912FD3FE5"},
                             {15, "8522029DAAF32DF58873013E41062B92"},
                             {16, "119687ABAEC91D57A07067F79C1A7B7E"},
                             {17, "05A53C9C5EA8776AB3231D408C213C21"},
                             {20, "729BE3AB80F6303C0E61CE019A673D91"},
                             {32, "0D0C3ECA9B170EC07836B0FD9D61D3F5"},
                             {33, "F34846F69517E6C72E189177EE332AF7"},
                             {63, "3BA56176753AF8D60F3D16740CAAB55A"},
                             {64, "F7B1FAB72628AF34DB065E5213F8AFC8"},
                             {264, "38B534CD8651EB6A6B399432CF301D3F"}});
}

// ---- a slow AES, as FIPS-197 has it ------------------------------------------------------------------------

using Byte = std::uint8_t;
using Block = std::array<Byte, 16>;  // byte i is in row i % 4 of column i / 4

Byte times(Byte a, Byte b) {
  unsigned product = 0;
  for (unsigned shifted = a; b != 0; b = static_cast<Byte>(b >> 1)) {
    if ((b & 1) != 0) product ^= shifted;
    shifted = shifted << 1 ^ (shifted >> 7) * 0x11b;
  }
  return static_cast<Byte>(product);
}

Byte substitute(Byte byte) {
  Byte inverse = 0;
  for (unsigned x = 1; x < 256; ++x) {
    if (times(byte, static_cast<Byte>(x)) == 1) inverse = static_cast<Byte>(x);
  }
  Byte result = 0x63;
  for (int turn = 0; turn < 5; ++turn) result ^= std::rotl(inverse, turn);
  return result;
}

Block operator^(Block a, const Block& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] ^= b[i];
  return a;
}

Block substitute_and_shift_rows(const Block& block) {
  static const std::array<Byte, 256> kTable = [] {
    std::array<Byte, 256> table;
    for (unsigned i = 0; i < 256; ++i) table[i] = substitute(static_cast<Byte>(i));
    return table;
  }();
  Block result;
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      result[row + 4 * column] = kTable[block[row + 4 * ((column + row) % 4)]];
    }
  }
  return result;
}

Block mix_columns(const Block& block) {
  Block result;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto below = [&](std::size_t rows) { return block[i / 4 * 4 + (i + rows) % 4]; };
    result[i] = static_cast<Byte>(times(below(0), 2) ^ times(below(1), 3) ^ below(2) ^ below(3));
  }
  return result;
}

Block round(const Block& block, const Block& key) { return mix_columns(substitute_and_shift_rows(block)) ^ key; }

Block block_of(std::string_view bytes) {
  Block block = {};
  std::memcpy(block.data(), bytes.data(), bytes.size());
  return block;
}

TEST_CASE("the slow AES is AES") {  // FIPS-197, appendix C.1
  Block key;
  Block block;
  for (unsigned i = 0; i < 16; ++i) {
    key[i] = static_cast<Byte>(i);
    block[i] = static_cast<Byte>(0x11 * i);
  }
  block = block ^ key;
  Byte constant = 1;
  for (int number = 1; number <= 10; ++number, constant = times(constant, 2)) {
    Block next;
    for (unsigned i = 0; i < 16; ++i) {
      const Byte turned = i < 4 ? substitute(key[12 + (i + 1) % 4]) : next[i - 4];
      next[i] = static_cast<Byte>(key[i] ^ turned ^ (i == 0 ? constant : 0));
    }
    key = next;
    block = number < 10 ? round(block, key) : substitute_and_shift_rows(block) ^ key;
  }
  CHECK(hex(std::string(block.begin(), block.end())) == "69C4E0D86A7B0430D8CDB78070B4C55A");
}

// The picture above KeyHash::aes(), drawn once more.
std::string slow_aes_hash(std::uint64_t secret0, std::uint64_t secret1, std::string_view key) {
  std::array<Block, 5> keys;
  for (unsigned i = 0; i < 5; ++i) {
    keys[i] = block_of(bytes_of(KeyHash(secret0, secret1, Method::siphash)(std::string(1, static_cast<char>(i)))));
  }
  std::vector<Block> blocks;
  if (key.size() < 8) {
    blocks = {block_of(key)};
  } else if (key.size() <= 16) {
    blocks = {block_of(std::string(key.substr(0, 8)).append(key.substr(key.size() - 8)))};
  } else {
    for (std::size_t i = 0; i + 16 < key.size(); i += 16) blocks.push_back(block_of(key.substr(i, 16)));
    blocks.push_back(block_of(key.substr(key.size() - 16)));
  }
  Block state = {};
  for (std::size_t i = 0; i + 1 < blocks.size(); ++i) {
    state = state ^ blocks[i] ^ keys[0];
    for (const Block& round_key : {keys[1], keys[2], keys[3], Block{}}) state = round(state, round_key);
  }
  Block length = {};
  for (const std::size_t column : {0U, 1U, 2U, 3U}) length[4 * column] = static_cast<Byte>(key.size());
  state = state ^ blocks.back() ^ keys[4];
  for (const Block& round_key : {keys[1] ^ length, keys[2], keys[3], keys[0]}) state = round(state, round_key);
  return std::string(state.begin(), state.end());
}

TEST_CASE("the rounds of AES are those of FIPS-197, whatever the length") {
  if (methods().size() < 2) return;
  std::mt19937_64 random(1);
  for (std::size_t length = 0; length <= 300; ++length) {
    const std::uint64_t secret0 = random();
    const std::uint64_t secret1 = random();
    const std::string key = random_bytes(random, length);
    INFO("length " << length);
    REQUIRE(hex(bytes_of(KeyHash(secret0, secret1, Method::aes)(key))) ==
            hex(slow_aes_hash(secret0, secret1, key)));
  }
}

// ---- secrets and methods -----------------------------------------------------------------------------------

TEST_CASE("a seed gives the same hash in every run") {
  const Method method = GENERATE(from_range(methods()));
  // The first two numbers of SplitMix64 from 0.
  CHECK(KeyHash::seeded(0, method)("key") == KeyHash(0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, method)("key"));
  CHECK(KeyHash::seeded(1, method)("key") == KeyHash::seeded(1, method)("key"));
}

TEST_CASE("seeds next to each other have nothing in common") {
  const Method method = GENERATE(from_range(methods()));
  std::set<std::uint64_t> seen;
  int flips = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Fingerprint one = KeyHash::seeded(seed, method)("key");
    const Fingerprint next = KeyHash::seeded(seed + 1, method)("key");
    seen.insert({one.high, one.low});
    flips += std::popcount(one.high ^ next.high) + std::popcount(one.low ^ next.low);
  }
  CHECK(seen.size() == 2000);
  CHECK(std::abs(flips - 64'000) < 1000);  // 5 standard deviations are 894
}

TEST_CASE("every bit of the secret counts") {
  const Method method = GENERATE(from_range(methods()));
  std::set<std::uint64_t> seen;
  for (int bit = 0; bit < 64; ++bit) {
    for (const KeyHash& hash :
         {KeyHash(std::uint64_t{1} << bit, 0, method), KeyHash(0, std::uint64_t{1} << bit, method)}) {
      const Fingerprint fingerprint = hash("key");
      seen.insert({fingerprint.high, fingerprint.low});
    }
  }
  CHECK(seen.size() == 256);
}

TEST_CASE("without a seed no two hashes are alike") {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const Fingerprint fingerprint = KeyHash::random()("key");
    seen.insert({fingerprint.high, fingerprint.low});
  }
  CHECK(seen.size() == 200);
}

TEST_CASE("the method is the fastest unless another is wanted") {
  CHECK(KeyHash(1, 2).method() == KeyHash::fastest());
  CHECK(KeyHash::seeded(1).method() == KeyHash::fastest());
  CHECK(KeyHash::random().method() == KeyHash::fastest());
  CHECK(KeyHash(1, 2, Method::siphash).method() == Method::siphash);
  CHECK(KeyHash(1, 2, Method::aes).method() == KeyHash::fastest());
}

TEST_CASE("a processor that has AES uses it") {
#if defined(__x86_64__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const bool has_aes = (ecx >> 25 & 1) != 0 && (ecx >> 19 & 1) != 0;  // AES and SSE4.1
#elif defined(__ARM_FEATURE_AES) && !defined(__ARM_BIG_ENDIAN)
  const bool has_aes = true;
#else
  const bool has_aes = false;
#endif
  CHECK(KeyHash::fastest() == (has_aes ? Method::aes : Method::siphash));
}

TEST_CASE("a hash made before main is like any other") {
  CHECK(before_main.method() == KeyHash::fastest());
  CHECK(before_main("key") == KeyHash::seeded(42)("key"));
}

// ---- keys ----------------------------------------------------------------------------------------------------

TEST_CASE("every bit of a key changes both halves") {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = counting_hash(method);
  std::mt19937_64 random(2);
  for (std::size_t length = 0; length <= 130; ++length) {
    const std::string key = random_bytes(random, length);
    const Fingerprint before = hash(key);
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      const Fingerprint after = hash(with_flipped(key, bit));
      INFO("length " << length << ", bit " << bit);
      REQUIRE(after.high != before.high);
      REQUIRE(after.low != before.low);
    }
  }
}

TEST_CASE("every length changes both halves, though the loads see the same bytes") {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = counting_hash(method);
  for (const std::string_view unit : {std::string_view("\0", 1), std::string_view("a"), std::string_view("ab"),
                                      std::string_view("abcdefgh"), std::string_view("abcdefghijklmnop")}) {
    std::string key;
    std::set<std::uint64_t> seen;
    for (std::size_t length = 0; length <= 1200; ++length) {
      const Fingerprint fingerprint = hash(key);
      seen.insert({fingerprint.high, fingerprint.low});
      key += unit[length % unit.size()];
    }
    CHECK(seen.size() == 2 * 1201);
  }
}

TEST_CASE("zeros behind a key make another key") {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = counting_hash(method);
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length <= 40; ++length) {
    std::string key(length, 'k');
    for (int zeros = 0; zeros <= 40; ++zeros, key += '\0') {
      const Fingerprint fingerprint = hash(key);
      if (length > 0 || zeros == 0) seen.insert({fingerprint.high, fingerprint.low});
    }
  }
  CHECK(seen.size() == 2 * (40 * 41 + 1));
}

TEST_CASE("nothing counts but the key's own bytes, wherever they are") {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = counting_hash(method);
  std::mt19937_64 random(3);
  for (std::size_t length = 0; length <= 300; ++length) {
    const std::string key = random_bytes(random, length);
    const Fingerprint expected = hash(key);
    for (std::size_t offset = 0; offset < 16; ++offset) {
      std::string around = random_bytes(random, length + 64);
      key.copy(around.data() + offset + 16, length);
      REQUIRE(hash(std::string_view(around).substr(offset + 16, length)) == expected);
    }
  }
  CHECK(hash(std::string_view()) == hash(""));
}

#if __has_include(<sys/mman.h>)
TEST_CASE("nothing is read before or behind a key") {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = counting_hash(method);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const pages = mmap(nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  char* const first = static_cast<char*>(pages) + page;
  REQUIRE(mprotect(first, page, PROT_READ | PROT_WRITE) == 0);
  std::mt19937_64 random(4);
  for (std::size_t length = 0; length <= 300; ++length) {
    const std::string key = random_bytes(random, length);
    for (char* const place : {first, first + page - length}) {
      key.copy(place, length);
      CHECK(hash({place, length}) == hash(key));
    }
  }
  munmap(pages, 3 * page);
}
#endif

// ---- statistics ------------------------------------------------------------------------------------------------

TEST_CASE("every bit of a key flips every bit of the fingerprint half of the time") {
  const Method method = GENERATE(from_range(methods()));
  constexpr int kTrials = 1024;
  constexpr double kDeviation = 16;  // of the number of flips in that many trials
  const KeyHash hash = KeyHash::seeded(5, method);
  std::mt19937_64 random(5);
  for (const std::size_t length : {3U, 8U, 16U, 20U, 40U}) {
    std::vector<std::array<int, 128>> flips(8 * length);
    for (int trial = 0; trial < kTrials; ++trial) {
      const std::string key = random_bytes(random, length);
      const Fingerprint before = hash(key);
      for (std::size_t bit = 0; bit < 8 * length; ++bit) {
        const Fingerprint after = hash(with_flipped(key, bit));
        for (std::size_t i = 0; i < 64; ++i) {
          flips[bit][i] += static_cast<int>((before.low ^ after.low) >> i & 1);
          flips[bit][64 + i] += static_cast<int>((before.high ^ after.high) >> i & 1);
        }
      }
    }
    double worst = 0;
    double sum_of_squares = 0;
    for (const auto& row : flips) {
      for (const int count : row) {
        const double deviations = (count - kTrials / 2) / kDeviation;
        worst = std::max(worst, std::abs(deviations));
        sum_of_squares += deviations * deviations;
      }
    }
    INFO("length " << length);
    CHECK(worst < 6);
    CHECK(std::abs(sum_of_squares / static_cast<double>(128 * flips.size()) - 1) < 0.15);
  }
}

TEST_CASE("keys in sequence spread evenly, by either end of either half") {
  const Method method = GENERATE(from_range(methods()));
  constexpr std::size_t kBuckets = 1 << 16;
  constexpr std::size_t kLoad = 8;
  const KeyHash hash = KeyHash::seeded(6, method);
  const std::size_t length = GENERATE(4U, 15U, 20U, 36U);
  std::array<std::vector<int>, 4> buckets;
  buckets.fill(std::vector<int>(kBuckets));
  std::string key(length, '-');
  for (std::size_t i = 0; i < kLoad * kBuckets; ++i) {
    if (length == 4) {
      key = {static_cast<char>(i), static_cast<char>(i >> 8), static_cast<char>(i >> 16), '\0'};
    } else {
      const std::string number = std::to_string(1'000'000 + i);
      key.replace(length - number.size(), number.size(), number);
    }
    const Fingerprint fingerprint = hash(key);
    ++buckets[0][fingerprint.high >> 48];
    ++buckets[1][fingerprint.high % kBuckets];
    ++buckets[2][fingerprint.low >> 48];
    ++buckets[3][fingerprint.low % kBuckets];
  }
  for (const std::vector<int>& counts : buckets) {
    double chi_square = 0;
    for (const int count : counts) chi_square += (count - 8.0) * (count - 8.0) / 8.0;
    CHECK(std::abs(chi_square / (kBuckets - 1) - 1) < 0.028);  // 5 standard deviations
  }
}

// ---- keys chosen to collide under a hash without a secret ----------------------------------------------------

// Each of the 2^10 ways through ten pairs.
std::vector<std::string> all_ways(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string> keys = {""};
  for (const auto& [a, b] : pairs) {
    std::vector<std::string> longer;
    for (const std::string& key : keys) longer.insert(longer.end(), {key + a, key + b});
    keys = std::move(longer);
  }
  return keys;
}

void check_apart(const std::vector<std::string>& keys) {
  const Method method = GENERATE(from_range(methods()));
  const KeyHash hash = KeyHash::seeded(7, method);
  std::set<std::uint64_t> seen;
  std::vector<int> places_by_high(keys.size());
  std::vector<int> places_by_low(keys.size());
  for (const std::string& key : keys) {
    const Fingerprint fingerprint = hash(key);
    seen.insert({fingerprint.high, fingerprint.low});
    ++places_by_high[fingerprint.high % keys.size()];
    ++places_by_low[fingerprint.low % keys.size()];
  }
  CHECK(seen.size() == 2 * keys.size());
  CHECK(*std::max_element(places_by_high.begin(), places_by_high.end()) < 10);  // with a probability of 1 - 10^-4
  CHECK(*std::max_element(places_by_low.begin(), places_by_low.end()) < 10);
}

TEST_CASE("keys that collide under a polynomial of 31 do not") {
  const std::vector<std::string> keys =
      all_ways(std::vector<std::pair<std::string, std::string>>(10, {"Aa", "BB"}));
  std::set<std::uint32_t> seen;
  for (const std::string& key : keys) {
    std::uint32_t hash = 0;
    for (const char byte : key) hash = 31 * hash + static_cast<unsigned char>(byte);
    seen.insert(hash);
  }
  CHECK(seen.size() == 1);
  check_apart(keys);
}

TEST_CASE("keys that collide under FNV-1a, in the bits that pick one of 2^16 buckets, do not") {
  const auto fnv = [](std::uint64_t state, std::string_view bytes) {
    for (const char byte : bytes) state = (state ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return state;
  };
  std::vector<std::pair<std::string, std::string>> pairs;
  std::uint64_t state = 0xcbf29ce484222325;
  for (int i = 0; i < 10; ++i) {  // of some hundred words two meet
    std::vector<std::string> met(1 << 16);
    for (int number = 1000;; ++number) {
      const std::string word = std::to_string(number);
      std::string& other = met[fnv(state, word) % met.size()];
      if (!other.empty()) {
        pairs.emplace_back(other, word);
        break;
      }
      other = word;
    }
    state = fnv(state, pairs.back().first);
  }
  const std::vector<std::string> keys = all_ways(pairs);
  std::set<std::uint64_t> seen;
  for (const std::string& key : keys) seen.insert(fnv(0xcbf29ce484222325, key) % (1 << 16));
  CHECK(seen.size() == 1);
  check_apart(keys);
}

// MurmurHash64A adds mix(word) to its state and multiplies it by an odd number. So two words of which one mix()
// has another highest bit than the other change only the highest bit of the state, and the next pair changes it
// back: under every seed (Aumasson, Bernstein, Boßlet, 2012).
TEST_CASE("keys that collide under MurmurHash, which is libstdc++'s std::hash, do not") {
  constexpr std::uint64_t kFactor = 0xc6a4a7935bd1e995;
  std::uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - kFactor * inverse;
  const auto unmix = [inverse](std::uint64_t mixed) {
    const std::uint64_t product = mixed * inverse;
    const std::uint64_t word = (product ^ product >> 47) * inverse;
    return bytes_of({.high = 0, .low = word}).substr(0, 8);
  };
  std::vector<std::pair<std::string, std::string>> pairs;
  std::mt19937_64 random(8);
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t a = random();
    const std::uint64_t b = random();
    constexpr std::uint64_t kHighest = std::uint64_t{1} << 63;
    pairs.emplace_back(unmix(a) + unmix(b), unmix(a ^ kHighest) + unmix(b ^ kHighest));
  }
  const std::vector<std::string> keys = all_ways(pairs);
#if defined(__GLIBCXX__)
  if constexpr (sizeof(std::size_t) == 8 && std::endian::native == std::endian::little) {
    std::set<std::size_t> seen;
    for (const std::string& key : keys) seen.insert(std::hash<std::string>()(key));
    CHECK(seen.size() == 1);
  }
#endif
  check_apart(keys);
}

}  // namespace
}  // namespace penstock::memory
