#include "penstock/limit.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "penstock/detail/algorithm/fixed_window.h"
#include "penstock/detail/algorithm/token_bucket.h"
#include "units.h"

namespace penstock {
namespace {

absl::Status in_range(const char* field, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (least <= value && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " = ", value, ": must be ", least, " to ", most));
}

absl::Status window_in_range(const char* field, Duration window) {
  if (Duration::zero() < window && window <= kMaxWindow) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " = ", window.count(), " ns: must be 1 ns to ", kMaxWindow.count(), " ns (3660 days)"));
}

absl::Status check(const TokenBucket& limit) {
  if (auto s = in_range("TokenBucket: rate.permits", limit.rate.permits, 1, kMaxPermits); !s.ok()) return s;
  if (auto s = window_in_range("TokenBucket: rate.per", limit.rate.per); !s.ok()) return s;
  if (auto s = in_range("TokenBucket: burst", limit.burst, 1, kMaxPermits); !s.ok()) return s;
  if (!algorithm::Rule<TokenBucket>::can_keep(limit.rate)) {
    return absl::InvalidArgumentError(absl::StrCat("TokenBucket: rate = ", limit.rate.permits, " permits per ",
                                                   limit.rate.per.count(),
                                                   " ns: must be at most 1.46 permits a nanosecond"));
  }
  return absl::OkStatus();
}

absl::Status check(const FixedWindow& limit) {
  if (auto s = window_in_range("FixedWindow: window", limit.window); !s.ok()) return s;
  // Without the second bound the count of permits since the limiter's zero would not last a hundred years.
  const std::uint64_t most = algorithm::Rule<FixedWindow>::most(static_cast<algorithm::Time>(limit.window.count()));
  return in_range("FixedWindow: limit", limit.limit, 1, static_cast<std::int64_t>(most));
}

absl::Status check(const SlidingWindow& limit) {
  if (auto s = in_range("SlidingWindow: limit", limit.limit, 1, kMaxPermits); !s.ok()) return s;
  return window_in_range("SlidingWindow: window", limit.window);
}

absl::Status check(const SlidingLog& limit) {
  if (auto s = in_range("SlidingLog: limit", limit.limit, 1, kMaxLogPermits); !s.ok()) return s;
  return window_in_range("SlidingLog: window", limit.window);
}

std::string ratio(std::int64_t count, Duration window) {
  // A nanosecond, the last unit, divides every window.
  const auto unit = std::find_if(kUnits.begin(), kUnits.end() - 1,
                                 [window](const Unit& u) { return window % u.length == Duration::zero(); });
  return absl::StrCat(count, "/", window / unit->length, unit->name);
}

std::string print(const TokenBucket& limit) {
  return absl::StrCat(ratio(limit.rate.permits, limit.rate.per), " burst=", limit.burst);
}
std::string print(const FixedWindow& limit) { return ratio(limit.limit, limit.window) + " algo=fixed"; }
std::string print(const SlidingWindow& limit) { return ratio(limit.limit, limit.window); }
std::string print(const SlidingLog& limit) { return ratio(limit.limit, limit.window) + " algo=log"; }

}  // namespace

absl::Status validate(const Limit& limit) {
  return std::visit([](const auto& alternative) { return check(alternative); }, limit);
}

absl::Status validate(const std::vector<Limit>& limits) {
  if (limits.empty() || limits.size() > kMaxLimitsPerKey) {
    return absl::InvalidArgumentError(
        absl::StrCat("limits: ", limits.size(), " given: must be 1 to ", kMaxLimitsPerKey));
  }
  for (const Limit& limit : limits) {
    if (absl::Status status = validate(limit); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string to_string(const Limit& limit) {
  return std::visit([](const auto& alternative) { return print(alternative); }, limit);
}

std::string to_string(const std::vector<Limit>& limits) {
  std::string text;
  for (const Limit& limit : limits) absl::StrAppend(&text, text.empty() ? "" : ", ", to_string(limit));
  return text;
}

}  // namespace penstock
