// Limits whose state lives in this process.
//
//   auto limiter = make_memory_limiter(TokenBucket{.rate = per_minute(60), .burst = 60});
//   if (!limiter.ok()) die(limiter.status());
//   if (Decision d = (*limiter)->try_acquire(user_id); !d) return too_many_requests(d.retry_after);
//
// What would surprise: the limit is this process's own. Two processes with one limiter each admit twice as
// much. Keys are kept as tags of a keyed hash, so the length of a key costs no memory.

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
  // The most keys that are remembered one by one; 1 to kMaxKeys. A key that owes nothing is forgotten without loss
  // to make room for another, so only those count that owe at the same time. With as many as that, 1 in 100 new
  // keys finds the 8 places that it may have taken by others that owe; beyond, more do. Such a key is charged to
  // one of a few states that are shared, and every new key takes over what its shared state owes: that can refuse
  // it too early but never admits too much. A full table of limits of one permit refuses 5 in 100 new keys so; one
  // of 10 permits or more hardly any. With room for a quarter more keys than owe it is 1 in 400, and 2 in 100.
  //
  // It costs 22 bytes of address space a key, or 44 for a TokenBucket that is not `compact`, a SlidingWindow of
  // more than 2^14 permits, and a limit of more than 2^31. They become resident as keys come: 4 KiB at a time, in
  // random places, so the first few thousand keys cost up to 4 KiB each, and then no more. (A SlidingLog costs 110
  // bytes a key, and 8 to 32 for each permit in its window, allocated as keys appear.)
  std::int64_t max_keys = std::int64_t{1} << 20;

  // The clock to ask, once a call; it must outlive the limiter. Null means default_clock().
  Clock* clock = nullptr;

  // The secret of the key hash. By default it is drawn from the operating system; set it only to make a
  // run repeatable.
  std::optional<std::uint64_t> seed = std::nullopt;

  // Half the memory for a TokenBucket, whose time then ticks more coarsely: once in a microsecond for 60 a minute,
  // in 10 ms for 1 a day. A key that begins to owe between two ticks gets its burst's last permit at the next one
  // only, so who asks for all of a burst at one moment is refused one. (A bucket that fills up in less than 67 ms,
  // or one of a million permits or more in less than 4 s, needs no more than this anyway, and nor do windows.)
  bool compact = false;

  // Asks the system for pages of 2 MiB. With millions of keys a decision then waits less for memory; but all of the
  // table is resident after a few hundred keys.
  bool huge_pages = false;
};

inline constexpr std::int64_t kMaxKeys = std::int64_t{1} << 32;

// InvalidArgument names the field, its value and its range; ResourceExhausted if there is no address space for
// the table. All memory is taken here. See limit.h for what each limit promises.
//
// A key is told from others by a keyed hash: two of ten million keys that owe at the same time share a state by
// chance, which can refuse them too early but never admits too much. (SlidingLog: none.)
//
// In a child after fork() it goes on from a copy: from then on parent and child each admit the limit. Make one
// for a SlidingLog after the fork if there are other threads: what one of them holds just then stays locked in the
// child.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(
    const Limit& limit, const MemoryOptions& options = {});

// Several limits on one key: all or nothing. The decision is that of the binding limit: the one that makes
// the caller wait longest or, if all permit, the one with the least remaining; reset_after is that of the
// slowest. When threads race for the last permits of one key, a request that is refused can leave a charge
// behind in a limit that it passed; that refuses more until it refills and never admits more.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(
    const std::vector<Limit>& limits, const MemoryOptions& options = {});

// What the table of one limit looks like at a moment.
struct MemoryStats {
  std::int64_t bytes = 0;          // its whole size, as max_keys says; 0 for a SlidingLog
  std::int64_t touched_bytes = 0;  // of it, what may be resident (without huge pages)
  std::int64_t slots = 0;          // places for keys, 8/3 of max_keys; max_keys for a SlidingLog
  std::int64_t owing = 0;          // places taken by keys that owe; an estimate if there are more than 2^19 places
  std::int64_t overflowed = 0;     // requests admitted on a shared state because 8 places were taken, ever
};

// One for each limit of the list, in its order. Empty if `limiter` is none of this header's or memory_limiter.h's.
// Any thread; reads up to 4 MiB, so not for every request.
[[nodiscard]] PENSTOCK_EXPORT std::vector<MemoryStats> memory_stats(Limiter& limiter);

}  // namespace penstock

#endif  // PENSTOCK_MEMORY_H_
