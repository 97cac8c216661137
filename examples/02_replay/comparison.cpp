#include "comparison.h"

#include <type_traits>
#include <variant>

namespace replay {
namespace {

using penstock::FixedWindow, penstock::Limit, penstock::SlidingLog, penstock::SlidingWindow, penstock::TokenBucket;

// What all algorithms have in common.
struct Allowance {
  std::int64_t count;
  penstock::Duration window;
  std::int64_t burst;
};

Allowance allowance(const Limit& limit) {
  return std::visit(
      [](const auto& l) -> Allowance {
        if constexpr (std::is_same_v<decltype(l), const TokenBucket&>) {
          return {l.rate.permits, l.rate.per, l.burst};
        } else {
          return {l.limit, l.window, l.limit};
        }
      },
      limit);
}

template <typename Convert>
Limits converted(const Limits& limits, Convert convert) {
  Limits result;
  for (const Limit& limit : limits) result.push_back(convert(allowance(limit)));
  return result;
}

}  // namespace

std::vector<Alternative> alternatives(const Limits& limits) {
  std::vector<Alternative> all = {
      {"token bucket", "Permits come evenly, and those not used are saved up to the burst.",
       converted(limits,
                 [](const Allowance& a) {
                   return TokenBucket{{a.count, a.window}, a.burst};
                 })},
      {"fixed window", "Counts anew when a window begins, so up to twice the count can pass around that moment.",
       converted(limits,
                 [](const Allowance& a) {
                   return FixedWindow{a.count, a.window};
                 })},
      {"sliding window", "Also weighs what the last window used. Two numbers a key, close to the log.",
       converted(limits,
                 [](const Allowance& a) {
                   return SlidingWindow{a.count, a.window};
                 })},
      {"sliding log", "Remembers every permit: never more than the count in any window, wherever it begins.",
       converted(limits,
                 [](const Allowance& a) {
                   return SlidingLog{a.count, a.window};
                 })},
  };
  std::erase_if(all, [](const Alternative& a) { return !penstock::validate(a.limits).ok(); });
  return all;
}

}  // namespace replay
