#include "tsc_clock.h"

namespace penstock {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr auto kUnknown = static_cast<std::uint64_t>(kBillion);  // a rate that may be twice as high, or nothing

// No counter worth reading is slower than 62.5 MHz or faster than 16 GHz.
constexpr std::uint64_t kRateMin = (std::uint64_t{1} << 32) / 16;
constexpr std::uint64_t kRateMax = (std::uint64_t{1} << 32) * 16;

struct Measured {
  std::uint64_t rate = 0;
  std::uint64_t error = kUnknown;
};

std::int64_t width(const Sample& sample) {
  // Negative where a thread went from one processor to another whose counter lags.
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(sample.after - sample.before));
}

std::uint64_t middle(const Sample& sample) { return sample.after - static_cast<std::uint64_t>(width(sample) / 2); }

// `ticks` at `rate`, in ns; a tick that went back counts as negative time.
Wide time_of(std::int64_t ticks, std::uint64_t rate) { return Wide{ticks} * Wide{rate} >> 32; }

std::uint64_t ticks_of(std::int64_t ns, std::uint64_t rate) {
  return static_cast<std::uint64_t>((Wide{ns} << 32) / Wide{rate});
}

Measured measure(const Sample& from, const Sample& to) {
  const auto ticks = static_cast<std::int64_t>(middle(to) - middle(from));
  const std::int64_t time = to.reference - from.reference;
  if (ticks <= 0 || time <= 0) return {};
  const Wide rate = (Wide{time} << 32) / ticks;
  if (rate < Wide{kRateMin} || rate > Wide{kRateMax}) return {};
  const Wide error = (Wide{width(from)} + width(to)) * kBillion / 2 / ticks;
  return {static_cast<std::uint64_t>(rate), static_cast<std::uint64_t>(std::min<Wide>(error, kUnknown))};
}

}  // namespace

Segment first_segment(const Sample& first, const Sample& second) {
  const Measured measured = measure(first, second);
  if (measured.rate == 0) return {.rate_error = kUnknown};
  const std::int64_t now = second.reference + static_cast<std::int64_t>(time_of(width(second) / 2, measured.rate));
  return {.start = second.after,
          .length = ticks_of(kSpans[0], measured.rate),
          .slope = measured.rate,
          .value = now,
          .truth = now,
          .rate = measured.rate,
          .rate_error = measured.error,
          .base = first};
}

Segment next_segment(const Segment& last, const Sample& sample) {
  Segment next = last;
  next.start = sample.after;

  // The sample proves that the reference is now in [low, high]. What was expected is corrected no further than into
  // that range, so that a bad sample, of a thread that was stopped in its middle, does no harm.
  const auto passed = static_cast<std::int64_t>(sample.after - last.start);
  const Wide expected = last.truth + time_of(passed, last.rate);
  const Wide low = sample.reference;
  const Wide high = low + time_of(width(sample), last.rate);
  const Wide truth = std::clamp(expected, low, high);
  next.truth = static_cast<std::int64_t>(truth);

  const Wide off = expected > truth ? expected - truth : truth - expected;
  const Wide allowed = kJump + (low - last.truth) * (500'000 + Wide{last.rate_error}) / kBillion;
  if (passed < static_cast<std::int64_t>(last.length) || off > allowed) {
    // The rate may have changed as well: this may be another processor.
    next.jumps = last.jumps + 1;
    next.step = 0;
    next.base = sample;
    next.rate_error = kUnknown;
  } else {
    next.step = std::min(last.step + 1, std::uint64_t{kSpans.size() - 1});
    const Measured measured = measure(last.base, sample);
    if (measured.error <= std::max<std::uint64_t>(last.rate_error, 1000) && measured.rate != 0) {
      next.rate = measured.rate;
      next.rate_error = measured.error;
      // The reference is slewed now and then, so its rate of long ago is worth nothing.
      if (sample.reference - last.base.reference >= kSpans.back()) next.base = sample;
    }
  }

  // Nobody has read more than the end of the last segment, and somebody may have read that.
  const Wide end = last.value + time_of(static_cast<std::int64_t>(last.length), last.slope);
  next.value = static_cast<std::int64_t>(std::max(truth, end));
  const auto ahead = static_cast<std::int64_t>(std::max<Wide>(0, next.value - high));
  std::int64_t span = kSpans[next.step];
  if (ahead > kJump) {
    span = std::min(span, ahead);
    next.slope = 0;
  } else {
    next.slope = next.rate - static_cast<std::uint64_t>(Wide{next.rate} * std::min(ahead, span / kSlew) / span);
  }
  next.length = next.jumps < kJumpsMax ? ticks_of(span, next.rate) : 0;
  return next;
}

}  // namespace penstock
