// A clock made of a processor's time stamp counter: about 11 ns a reading, against 26 for the kernel's. It is
// compared with a reference, CLOCK_MONOTONIC, when it is made, 10 ms and 100 ms later, and then once a second.
//
//   time ^                                 Each comparison begins a *segment*: a straight line from `start` on,
//        |              o. . . . .         which holds for `length` ticks of the counter and no further. Who
//        |          . '      |             finds a segment over compares again and begins the next, no lower
//        |      o '          |             than where the last one ended; it may begin higher, and it rises
//        |  .'  |            |             more slowly where the counter has run ahead of the reference.
//        +------+------------+--> ticks
//
// A tick therefore means one time, whichever segment a thread last heard of: a thread that slept with an old
// segment in its hands either reads the counter within it, where nobody will ever read anything else, or finds it
// over. That is all of the argument why readings never go back, over all threads, as long as the counter does not.
// No reader waits: segments are published by one compare-exchange, and who loses it uses the winner's.
//
// A counter that jumps (a snapshot restored, a process moved to another machine) is found out at the end of its
// segment, or at once if it lands outside: after a jump forward the time stands still until the reference has
// caught up; after a jump back it follows the reference. kJumpsMax of them, and the counter is never asked again.

#ifndef PENSTOCK_TSC_CLOCK_H_
#define PENSTOCK_TSC_CLOCK_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "penstock/clock.h"

namespace penstock {

// The reference showed `reference` ns at some moment between two ordered readings of the counter.
struct Sample {
  std::uint64_t before = 0;
  std::int64_t reference = 0;
  std::uint64_t after = 0;
};

// Eight-byte members only: it is stored as so many atomic words.
struct Segment {
  // What a reading needs. From `start` to `start + length`, the time is value + (ticks - start) * slope / 2^32 ns.
  std::uint64_t start = 0;
  std::uint64_t length = 0;  // 0: the counter is not trusted any more
  std::uint64_t slope = 0;
  std::int64_t value = 0;

  // What the next comparison needs.
  std::int64_t truth = 0;        // the reference at `start`, as well as we know
  std::uint64_t rate = 0;        // 2^32 ns a tick, likewise; the slope is this, or less
  std::uint64_t rate_error = 0;  // at most so many parts in 10^9
  Sample base = {};              // the rate is measured from here
  std::uint64_t step = 0;        // an index of kSpans
  std::uint64_t jumps = 0;       // of the counter, up to now
};

// How long segments are, in ns: short at first, while the rate is known badly.
inline constexpr std::array<std::int64_t, 3> kSpans = {10'000'000, 100'000'000, 1'000'000'000};
// The first rate is measured over so many ns, or the second number where the machine is too busy for a good sample.
inline constexpr std::int64_t kCalibration = 1'000'000;
inline constexpr std::int64_t kCalibrationMax = 4'000'000;
// A counter that differs by more from where it was expected, in ns, plus 500 ppm of the time since, has jumped.
inline constexpr std::int64_t kJump = 1'000'000;
inline constexpr std::uint64_t kJumpsMax = 8;
// Who runs ahead by less than kJump slows down by at most one part in kSlew. Who runs ahead by more stands still.
inline constexpr std::int64_t kSlew = 1000;
// A reading that is so many ticks early was overtaken by the news of a segment: processors read out of order.
inline constexpr std::int64_t kEarly = 1 << 16;

// The first segment, from two samples, the later one now. `rate` is 0 if no counter would run like that.
Segment first_segment(const Sample& first, const Sample& second);

// The segment that begins at `sample`, after `last`.
Segment next_segment(const Segment& last, const Sample& sample);

// Source: any type with
//   std::uint64_t ticks()          the counter
//   std::uint64_t ticks_ordered()  the same, not before any earlier load and not after any later one
//   std::int64_t  reference()      ns, never going back; ordered likewise
// which any thread may call. now() costs ticks() and a multiplication.
template <class Source>
class TscClock final : public Clock {
 public:
  // Measures the rate, which takes kCalibration ns. Null if no counter would run like that.
  static std::unique_ptr<TscClock> make(Source source) {
    const Sample first = take_sample(source);
    Segment segment;
    for (int tries = 0; tries < 100'000; ++tries) {
      const Sample second = take_sample(source);
      const std::int64_t stretch = second.reference - first.reference;
      if (stretch < kCalibration) continue;
      segment = first_segment(first, second);
      if (segment.rate_error <= 100'000 || stretch >= kCalibrationMax) break;
    }
    return segment.rate == 0 ? nullptr : std::unique_ptr<TscClock>(new TscClock(source, segment));
  }

  Duration now() const override {
    return read([this] { return source_.ticks(); });
  }
  Duration now_ordered() const override {
    return read([this] { return source_.ticks_ordered(); });
  }

  // False once the counter has jumped too often. From then on the reference is read.
  bool trusts_counter() const { return segment().length != 0; }

  // The segment now in use.
  Segment segment() const {
    for (;;) {
      const std::uint64_t current = current_.load(std::memory_order_acquire);  // pairs with publish()
      if (const std::optional<Segment> segment = load(current)) return *segment;
    }
  }

 private:
  // A word of a segment, by its place in it.
  static constexpr std::size_t kWords = sizeof(Segment) / sizeof(std::uint64_t);
  enum Word : std::size_t { kStart, kLength, kSlope, kValue };
  static_assert(offsetof(Segment, start) == kStart * 8 && offsetof(Segment, length) == kLength * 8 &&
                offsetof(Segment, slope) == kSlope * 8 && offsetof(Segment, value) == kValue * 8);
  using Words = std::array<std::uint64_t, kWords>;

  // Segments lie in slots. One slot holds the current segment; the others are free, or claimed by a thread that
  // is about to publish. Claiming, unlike a lock, holds nobody up when a thread stops half-way, or is left behind
  // by a fork; it would take kSlots - 1 of them, for some ten instructions each.
  static constexpr std::uint64_t kSlots = 8;
  struct alignas(64) Slot {
    std::array<std::atomic<std::uint64_t>, kWords> words;
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  TscClock(Source source, const Segment& segment) : source_(source) { store(slots_[0], segment); }

  template <class Ticks>
  Duration read(Ticks ticks) const {
    for (;;) {
      const std::uint64_t current = current_.load(std::memory_order_acquire);  // pairs with publish()
      const std::uint64_t now = ticks();
      const auto& words = slots_[current % kSlots].words;
      // acquire: pairs with store(). Who sees a word of a later segment here also sees that `current` has changed.
      const std::uint64_t passed = now - words[kStart].load(std::memory_order_acquire);
      const std::uint64_t length = words[kLength].load(std::memory_order_acquire);
      const std::uint64_t slope = words[kSlope].load(std::memory_order_acquire);
      const auto value = static_cast<std::int64_t>(words[kValue].load(std::memory_order_acquire));
      if (passed < length && current_.load(std::memory_order_relaxed) == current) [[likely]] {
        // Less than 2^62, for the slope times the length is a second at most.
        return Duration(value + static_cast<std::int64_t>(passed * slope >> 32));
      }
      if (const std::optional<Duration> time = leave(current, now)) return *time;
    }
  }

  // What to do when the counter shows `ticks`, outside the segment of `current`: the time if there is one, or
  // nothing, and it is to be read again.
  std::optional<Duration> leave(std::uint64_t current, std::uint64_t ticks) const {
    const std::optional<Segment> segment = load(current);
    if (!segment) return std::nullopt;
    if (segment->length == 0) return Duration(std::max(segment->value, source_.reference()));
    const auto passed = static_cast<std::int64_t>(ticks - segment->start);
    if (passed < 0 && passed >= -kEarly) return Duration(segment->value);
    publish(current, next_segment(*segment, take_sample(source_)));
    return std::nullopt;
  }

  // Nothing if another segment has begun meanwhile.
  std::optional<Segment> load(std::uint64_t current) const {
    Words words;
    const Slot& slot = slots_[current % kSlots];
    for (std::size_t i = 0; i < kWords; ++i)
      words[i] = slot.words[i].load(std::memory_order_acquire);  // as in read()
    if (current_.load(std::memory_order_relaxed) != current) return std::nullopt;
    return std::bit_cast<Segment>(words);
  }

  static void store(Slot& slot, const Segment& segment) {
    const auto words = std::bit_cast<Words>(segment);
    // release: whoever sees one of these words also sees what made the slot free, see read().
    for (std::size_t i = 0; i < kWords; ++i) slot.words[i].store(words[i], std::memory_order_release);
  }

  // Makes `segment` follow that of `current`, unless another already does.
  void publish(std::uint64_t current, const Segment& segment) const {
    const std::uint64_t slot = claim();
    store(slots_[slot], segment);
    const std::uint64_t next = (current / kSlots + 1) * kSlots + slot;
    // release: pairs with the acquire in read() and segment().
    const bool won =
        current_.compare_exchange_strong(current, next, std::memory_order_release, std::memory_order_relaxed);
    const std::uint64_t unused = won ? current % kSlots : slot;
    claimed_.fetch_and(~(std::uint64_t{1} << unused), std::memory_order_release);  // release: pairs with claim()
  }

  std::uint64_t claim() const {
    std::uint64_t claimed = claimed_.load(std::memory_order_relaxed);
    for (;;) {
      const auto slot = static_cast<std::uint64_t>(std::countr_one(claimed));
      if (slot == kSlots) {
        std::this_thread::yield();
        claimed = claimed_.load(std::memory_order_relaxed);
      } else if (claimed_.compare_exchange_weak(claimed, claimed | std::uint64_t{1} << slot,
                                                std::memory_order_acquire,
                                                std::memory_order_relaxed)) {  // acquire: pairs with publish()
        return slot;
      }
    }
  }

  // The narrowest of a few, for a thread can be stopped in the middle of one.
  static Sample take_sample(const Source& source) {
    Sample best;
    for (int tries = 0; tries < 4; ++tries) {
      Sample sample;
      sample.before = source.ticks_ordered();
      sample.reference = source.reference();
      sample.after = source.ticks_ordered();
      if (tries == 0 || sample.after - sample.before < best.after - best.before) best = sample;
    }
    return best;
  }

  const Source source_;
  mutable std::array<Slot, kSlots> slots_ = {};
  alignas(64) mutable std::atomic<std::uint64_t> current_ = 0;  // how many segments came before, and its slot
  mutable std::atomic<std::uint64_t> claimed_ = 1;              // a bit for each slot that is not free
};

}  // namespace penstock

#endif  // PENSTOCK_TSC_CLOCK_H_
