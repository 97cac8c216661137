// Limits whose state lives in this process.
//
//   auto limiter = make_memory_limiter(TokenBucket{.rate = per_minute(60), .burst = 60});
//   if (!limiter.ok()) die(limiter.status());
//   if (Decision d = (*limiter)->try_acquire(user_id); !d) return too_many_requests(d.retry_after);
//
// What would surprise: the limit is this process's own. Two processes with one limiter each admit twice as
// much. Keys are kept as 128-bit keyed hashes, so the length of a key costs no memory.

#ifndef PENSTOCK_MEMORY_H_
#define PENSTOCK_MEMORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "penstock/clock.h"
#include "penstock/export.h"
#include "penstock/limit.h"
#include "penstock/limiter.h"

namespace penstock {

struct MemoryOptions {
  // The most keys that are remembered one by one; 1 to kMaxKeys. A key that owes nothing is forgotten
  // without loss to make room for another. When all that are looked at owe, a further key shares one state
  // with others of its kind, which can refuse it too early but never admits too much.
  std::int64_t max_keys = std::int64_t{1} << 20;

  // The clock to ask, once a call; it must outlive the limiter. Null means default_clock().
  Clock* clock = nullptr;

  // The secret of the key hash. By default it is drawn from the operating system; set it only to make a
  // run repeatable.
  std::optional<std::uint64_t> seed = std::nullopt;
};

inline constexpr std::int64_t kMaxKeys = std::int64_t{1} << 32;

// InvalidArgument names the field, its value and its range. Allocates as keys appear, up to the cap; about
// 110 bytes a key (SlidingLog: and 8 to 32 for each permit in its window). See limit.h for what each limit
// promises.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(
    const Limit& limit, const MemoryOptions& options = {});

// Several limits on one key: all or nothing. The decision is that of the binding limit: the one that makes
// the caller wait longest or, if all permit, the one with the least remaining; reset_after is that of the
// slowest. When threads race for the last permits of one key, a request that is refused can leave a charge
// behind in a limit that it passed; that refuses more until it refills and never admits more.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(
    const std::vector<Limit>& limits, const MemoryOptions& options = {});

}  // namespace penstock

#endif  // PENSTOCK_MEMORY_H_
