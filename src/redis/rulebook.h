// The limits of a limiter as Redis keeps them: what a script is told of them, what a key's states are called there,
// and what was decided when a script has answered.
//
// The server decides and stores. It replies with the time and with what was stored before; from these the same rule
// that memory limiters use (penstock/detail/algorithm/), at a tick of one microsecond, says here what was decided.
// So a reply is short, and remaining, retry_after and reset_after are computed in one place.
//
// Values are read back strictly: what no script writes is an error, never a guess.

#ifndef PENSTOCK_REDIS_RULEBOOK_H_
#define PENSTOCK_REDIS_RULEBOOK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "penstock/decision.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/limit.h"
#include "redis/reply.h"
#include "redis/scripts.h"

namespace penstock::redis {

// Here in microseconds, on the server's clock.
using algorithm::Time;

// Integers that a double holds: all that Lua has.
inline constexpr std::uint64_t kLargest = (std::uint64_t{1} << 53) - 1;

inline constexpr Time kLastNow = Time{1} << 52;  // in the year 2112: as far as the scripts go

// Not to be used but by way of Rulebook: one limit.
class RulePage {
 public:
  virtual ~RulePage() = default;
  [[nodiscard]] virtual const Script& script() const = 0;
  [[nodiscard]] virtual std::string terms() const = 0;
  // Of a key's state: two limits share states if they are of one kind and one period.
  [[nodiscard]] virtual std::string suffix() const = 0;
  [[nodiscard]] virtual std::int64_t limit() const = 0;
  [[nodiscard]] virtual Time refill() const = 0;
  [[nodiscard]] virtual Time reach() const = 0;
  // Before the charge, or with it.
  [[nodiscard]] virtual std::optional<Decision> decide(Time now, const Reply& value, std::int64_t cost,
                                                       algorithm::Patience patience, bool charged) const = 0;
};

class Rulebook {
 public:
  // InvalidArgument names the field, its value and the largest allowed.
  static absl::StatusOr<Rulebook> make(const std::vector<Limit>& limits);

  [[nodiscard]] const Script& script() const;
  // What scripts are told of the limits: a letter and three terms for each.
  [[nodiscard]] std::string terms() const;
  // One for each limit: what follows a key to name its state.
  [[nodiscard]] const std::vector<std::string>& suffixes() const { return suffixes_; }
  // The largest cost that all limits can hold: more is not to be asked for.
  [[nodiscard]] std::int64_t most() const { return most_; }
  // The most that the limit which comes first can hold at once.
  [[nodiscard]] std::int64_t limit() const { return pages_.front()->limit(); }
  // The longest wait that the scripts may promise, in microseconds.
  [[nodiscard]] Time reach() const { return reach_; }

  // What a script that was asked at `now` to charge `cost`, with `values` stored before, has decided; `peek` if it
  // was asked to charge nothing. Nothing if the values are not such as the scripts write. Pure; any thread.
  [[nodiscard]] std::optional<Decision> decide(Time now, std::span<const Reply> values, std::int64_t cost,
                                               Time max_wait) const;
  [[nodiscard]] std::optional<Decision> peek(Time now, std::span<const Reply> values, std::int64_t cost,
                                             Time max_wait) const;

 private:
  [[nodiscard]] std::optional<Decision> ask(Time now, std::span<const Reply> values, std::int64_t cost,
                                            algorithm::Patience patience, bool charged) const;

  std::vector<std::unique_ptr<RulePage>> pages_;  // what refills soonest comes first, as in memory
  std::vector<std::string> suffixes_;
  std::int64_t most_ = 0;
  Time reach_ = 0;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_RULEBOOK_H_
