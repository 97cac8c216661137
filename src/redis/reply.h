// What a server answers, read from a stream of bytes that nobody vouches for.
//
//   ReplyReader reader;
//   reader.feed(bytes);
//   while (true) {
//     absl::StatusOr<const Reply*> reply = reader.next();
//     if (!reply.ok()) return close();               // for good: a stream that went wrong once has no next reply
//     if (*reply == nullptr) break;                  // feed more
//     use(**reply);                                  // until the next call of next()
//   }
//
// The reader looks at each header before anything is kept for what the header announces: a reply that would not fit
// the budget, is nested too deep, or has a type that RESP2 does not know is refused at the header. Only a complete
// reply within the budget reaches hiredis, whose 0.14.1 would make room for whatever a header says.

#ifndef PENSTOCK_REDIS_REPLY_H_
#define PENSTOCK_REDIS_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct redisReader;

namespace penstock::redis {

// A view: it does not own what it points to.
struct Reply {
  enum class Kind : std::uint8_t { nil, integer, string, status, error, array };
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string_view text = {};  // of a string, a status or an error
  std::span<const Reply> children = {};
};

struct ReplyLimits {
  std::size_t bytes = std::size_t{64} * 1024;  // of one reply as it is sent, framing included
  std::size_t depth = 2;                       // arrays within arrays; 0 allows none at all
};

// Finds where a reply ends, and refuses it as early as it can be known that it breaks a limit. Keeps no bytes.
class ReplyScanner {
 public:
  enum class Finding : std::uint8_t { more, complete, refused };

  explicit ReplyScanner(const ReplyLimits& limits) : limits_(limits) {}

  // Goes through `bytes`, which follow those of the last call, and sets `used` to how many of them are of this
  // reply. After `complete` the next call begins the next reply; after `refused` there is none.
  Finding scan(std::string_view bytes, std::size_t& used);

  [[nodiscard]] const char* reason() const { return reason_; }

 private:
  enum class State : std::uint8_t { type, line, number, bulk, bulk_end };
  Finding step(char c);
  Finding end_of_number();
  Finding end_of_element();
  Finding refuse(const char* reason);
  // Whether the reply can still fit: each element that is announced and has not begun takes three bytes or more.
  [[nodiscard]] bool fits(std::uint64_t more) const;

  ReplyLimits limits_;
  const char* reason_ = "";
  State state_ = State::type;
  char type_ = 0;
  bool after_cr_ = false;
  bool negative_ = false;
  int digits_ = 0;
  std::uint64_t number_ = 0;         // of the header being read
  std::uint64_t pending_ = 0;        // bytes left of a bulk
  std::uint64_t size_ = 0;           // of the reply so far
  std::uint64_t announced_ = 0;      // elements of all open arrays that have not begun
  std::vector<std::uint64_t> open_;  // for each open array, the elements that are not complete
};

// One thread at a time.
class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits = {});
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void feed(std::string_view bytes);

  // The next complete reply, or null if more bytes are needed; an error for ever once a reply was refused.
  [[nodiscard]] absl::StatusOr<const Reply*> next();

  struct Arena;

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<Arena> arena_;  // what the last reply's views point to
  std::unique_ptr<redisReader, Free> reader_;
  ReplyScanner scanner_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the reply in buffer_
  std::size_t seen_ = 0;   // up to here the scanner went
  absl::Status error_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_REPLY_H_
