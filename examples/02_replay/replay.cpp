#include "replay.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>

namespace replay {
namespace {

// Room to spare: a table with no free place near a key's own may already share a state between keys.
std::int64_t enough_for(const Log& log) {
  const auto keys = static_cast<std::int64_t>(log.keys.size());
  return std::clamp(8 * keys, penstock::MemoryOptions().max_keys, penstock::kMaxKeys);
}

std::vector<KeyTally> most_denied(const std::vector<Tally>& by_key, const Log& log, std::size_t count) {
  std::vector<KeyTally> keys;
  for (std::uint32_t key = 0; key < by_key.size(); ++key) {
    if (by_key[key].denied > 0) keys.push_back({key, by_key[key]});
  }
  const auto rank = [&](const KeyTally& k) {
    return std::tuple(-k.tally.denied, -k.tally.requests(), std::string_view(log.keys[k.key]));
  };
  const auto end = keys.begin() + static_cast<std::ptrdiff_t>(std::min(count, keys.size()));
  std::partial_sort(keys.begin(), end, keys.end(),
                    [&](const KeyTally& a, const KeyTally& b) { return rank(a) < rank(b); });
  keys.erase(end, keys.end());
  return keys;
}

}  // namespace

absl::StatusOr<Outcome> replay_log(const Log& log, const Limits& limits, const ReplayOptions& options,
                                   Progress& progress) {
  const std::vector<Arrival>& arrivals = log.arrivals;
  penstock::ManualClock clock(arrivals.empty() ? Moment().time_since_epoch()
                                               : arrivals.front().time().time_since_epoch());
  // The same seed each time: a replay gives the same answer again, to the last key.
  const auto limiter = penstock::make_memory_limiter(
      limits, {.max_keys = options.max_keys > 0 ? options.max_keys : enough_for(log), .clock = &clock, .seed = 1});
  if (!limiter.ok()) return limiter.status();

  Outcome outcome;
  outcome.limits = limits;
  std::vector<Tally> by_key(log.keys.size());
  progress.begin("replaying " + to_string(limits), static_cast<std::int64_t>(arrivals.size()));
  std::int64_t done = 0;
  for (const Arrival& arrival : arrivals) {
    const Moment time = arrival.time();
    clock.set(time.time_since_epoch());
    const bool permitted = (*limiter)->try_acquire(log.keys[arrival.key]).permitted;

    const Moment minute = std::chrono::floor<std::chrono::minutes>(time);
    if (outcome.minutes.empty() || outcome.minutes.back().start != minute) outcome.minutes.push_back({minute, {}});
    const Tally one = {permitted ? 1 : 0, permitted ? 0 : 1};
    outcome.minutes.back().tally += one;
    by_key[arrival.key] += one;
    outcome.total += one;
    if (++done % 4096 == 0) progress.advance(done, done);
  }
  progress.end();
  outcome.keys_denied = std::count_if(by_key.begin(), by_key.end(), [](const Tally& t) { return t.denied > 0; });
  outcome.most_denied = most_denied(by_key, log, options.top);
  return outcome;
}

}  // namespace replay
