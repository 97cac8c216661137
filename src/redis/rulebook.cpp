#include "redis/rulebook.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <numeric>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "binding.h"
#include "penstock/detail/algorithm/algorithms.h"

namespace penstock::redis {
namespace {

using algorithm::Patience;
using algorithm::Rule;
using algorithm::Wide;

constexpr Time kTenYears = static_cast<Time>(kMaxWindow / std::chrono::microseconds(1));

// `fields` numbers, with one space between them, and nothing else.
template <std::size_t kFields>
std::optional<std::array<std::uint64_t, kFields>> read(std::string_view text) {
  std::array<std::uint64_t, kFields> numbers{};
  const char* from = text.data();
  const char* const end = from + text.size();
  for (std::size_t i = 0; i < kFields; ++i) {
    if (i > 0 && (from == end || *from++ != ' ')) return std::nullopt;
    const auto [next, error] = std::from_chars(from, end, numbers[i]);
    if (error != std::errc() || numbers[i] > kLargest) return std::nullopt;
    from = next;
  }
  if (from != end) return std::nullopt;
  return numbers;
}

// A decision in nanoseconds, of one in microseconds.
Decision in_nanoseconds(Decision decision) {
  const Duration longest(algorithm::kLongestWait);
  for (Duration* wait : {&decision.retry_after, &decision.reset_after}) {
    if (*wait == Decision::never) continue;
    *wait = *wait > longest / 1000 ? longest : *wait * 1000;
  }
  decision.source = Source::redis;
  return decision;
}

std::string period_of(const TokenBucket& limit) { return absl::StrCat(limit.rate.per.count()); }
std::string period_of(const auto& limit) { return absl::StrCat(limit.window.count()); }

Time microseconds(Duration window) { return static_cast<Time>(window / std::chrono::microseconds(1)); }

// ---- each limit: whether it can be kept, its rule, and how its value is read --------------------------------

template <class L>
struct Kind;

template <>
struct Kind<TokenBucket> {
  static constexpr char kLetter = 't';
  static constexpr const Script& kScript = kTokenBucketScript;

  explicit Kind(const TokenBucket& limit) {
    const Wide units = Wide{static_cast<std::uint64_t>(limit.rate.permits)} * 1000;
    const auto per = static_cast<std::uint64_t>(limit.rate.per.count());
    const auto divisor = std::gcd(static_cast<std::uint64_t>(units % per), per);
    n = units / divisor;
    w = per / divisor;
  }

  absl::Status check(const TokenBucket& limit) const {
    const std::uint64_t most = kLargest / w;
    if (static_cast<std::uint64_t>(limit.burst) > most) {
      return absl::InvalidArgumentError(absl::StrCat("TokenBucket: burst = ", limit.burst, ": in Redis a burst at ",
                                                     limit.rate.permits, " permits per ", limit.rate.per.count(),
                                                     " ns must be at most ", most));
    }
    if (n > Wide{1} << 52) {
      return absl::InvalidArgumentError(absl::StrCat("TokenBucket: rate.permits = ", limit.rate.permits,
                                                     ": in Redis at most 2^52 permits a microsecond"));
    }
    // Then the burst that fills in a hundred years is below 2^62 permits.
    const Wide longest = Wide{10} * kTenYears;
    if (Wide{static_cast<std::uint64_t>(limit.burst)} * w > longest * n) {
      return absl::InvalidArgumentError(absl::StrCat("TokenBucket: burst = ", limit.burst,
                                                     ": in Redis a bucket must fill within a hundred years; at ",
                                                     limit.rate.permits, " permits per ", limit.rate.per.count(),
                                                     " ns at most ", static_cast<std::uint64_t>(longest * n / w)));
    }
    return absl::OkStatus();
  }

  Rule<TokenBucket> rule(const TokenBucket& limit) const {
    return Rule<TokenBucket>::ticking(static_cast<std::uint64_t>(limit.burst), static_cast<std::uint64_t>(n), w);
  }

  std::array<std::uint64_t, 3> terms(const TokenBucket& limit) const {
    return {static_cast<std::uint64_t>(n), w, static_cast<std::uint64_t>(limit.burst)};
  }

  // So that what is owed stays below 2^61 units.
  Time reach(const TokenBucket& limit) const {
    const Wide fill = Wide{static_cast<std::uint64_t>(limit.burst)} * w / n + 2;
    const Wide most = (Wide{1} << 61) / n;
    return most > fill ? static_cast<Time>(std::min<Wide>(most - fill, kTenYears)) : 0;
  }

  // The state and the moment, both counted from `now`: absolute positions have 100 bits.
  std::optional<Rule<TokenBucket>::State> parse(std::string_view text, Time& now) const {
    std::uint64_t us = 0, part = 0;
    if (const auto plain = read<1>(text)) {
      us = (*plain)[0];
    } else if (const auto parted = read<3>(text)) {
      us = (*parted)[0];
      part = (*parted)[1];
      if ((*parted)[2] != n) {
        us += 1;
        part = 0;
      }
    } else {
      return std::nullopt;
    }
    const Time from = std::exchange(now, 0);
    if (us < from) return Rule<TokenBucket>::State{};
    // What another limit has left behind may owe more than this one can say: then it owes as much as that.
    const Wide spent = Wide{us - from} * n + part;
    return Rule<TokenBucket>::State{static_cast<std::uint64_t>(std::min<Wide>(spent, Wide{1} << 62))};
  }

  Wide n;           // units a microsecond
  std::uint64_t w;  // units a permit
};

// Windows must be whole microseconds.
template <class L>
absl::Status check_window(const char* name, const L& limit) {
  if (limit.window.count() % 1000 == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": window = ", limit.window.count(),
                                                 " ns: in Redis it must be a whole number of microseconds"));
}

template <>
struct Kind<FixedWindow> {
  static constexpr char kLetter = 'f';
  static constexpr const Script& kScript = kFixedWindowScript;

  explicit Kind(const FixedWindow& limit)
      : most(static_cast<std::uint64_t>(limit.limit)), window(microseconds(limit.window)) {}

  absl::Status check(const FixedWindow& limit) const {
    if (static_cast<std::uint64_t>(limit.limit) > kLargest) {
      return absl::InvalidArgumentError(
          absl::StrCat("FixedWindow: limit = ", limit.limit, ": in Redis it must be at most ", kLargest));
    }
    return check_window("FixedWindow", limit);
  }

  Rule<FixedWindow> rule(const FixedWindow& limit) const {
    return Rule<FixedWindow>(FixedWindow{limit.limit, Duration(window)});
  }

  // A window's number times so much stays below 2^53 for as long as the scripts work.
  std::uint64_t scale() const { return std::bit_floor(window | 1); }

  std::array<std::uint64_t, 3> terms(const FixedWindow& limit) const {
    return {static_cast<std::uint64_t>(limit.limit), window, scale()};
  }

  static Time reach(const FixedWindow&) { return kTenYears; }

  // Another limit may have let more be used than this one has.
  std::optional<Rule<FixedWindow>::State> parse(std::string_view text, Time&) const {
    if (const auto packed = read<1>(text)) {
      return Rule<FixedWindow>::State{
          .window = (*packed)[0] / scale(), .reserved = false, .used = std::min((*packed)[0] % scale(), most)};
    }
    const auto numbers = read<3>(text);
    if (!numbers || (*numbers)[2] > 1) return std::nullopt;
    return Rule<FixedWindow>::State{
        .window = (*numbers)[0], .reserved = (*numbers)[2] == 1, .used = std::min((*numbers)[1], most)};
  }

  std::uint64_t most;
  Time window;
};

template <>
struct Kind<SlidingWindow> {
  static constexpr char kLetter = 's';
  static constexpr const Script& kScript = kSlidingWindowScript;

  explicit Kind(const SlidingWindow& limit) : window(microseconds(limit.window)) {}

  absl::Status check(const SlidingWindow& limit) const {
    if (absl::Status status = check_window("SlidingWindow", limit); !status.ok()) return status;
    if (const std::uint64_t most = kLargest / window; static_cast<std::uint64_t>(limit.limit) > most) {
      return absl::InvalidArgumentError(absl::StrCat("SlidingWindow: limit = ", limit.limit,
                                                     ": in Redis a limit for a window of ", limit.window.count(),
                                                     " ns must be at most ", most));
    }
    return absl::OkStatus();
  }

  Rule<SlidingWindow> rule(const SlidingWindow& limit) const {
    return Rule<SlidingWindow>(SlidingWindow{limit.limit, Duration(window)});
  }

  // As with a FixedWindow; but there are two counters.
  std::uint64_t scale() const { return std::uint64_t{1} << ((63 - std::countl_zero(window | 1)) / 2); }

  std::array<std::uint64_t, 3> terms(const SlidingWindow& limit) const {
    return {static_cast<std::uint64_t>(limit.limit), window, scale()};
  }

  static Time reach(const SlidingWindow&) { return kTenYears; }

  std::optional<Rule<SlidingWindow>::State> parse(std::string_view text, Time&) const {
    if (const auto packed = read<1>(text)) {
      const std::uint64_t counters = (*packed)[0] % (scale() * scale());
      return Rule<SlidingWindow>::State{.index = (*packed)[0] / (scale() * scale()),
                                        .reserved = false,
                                        .previous = counters / scale(),
                                        .current = counters % scale()};
    }
    const auto numbers = read<4>(text);
    if (!numbers || (*numbers)[3] > 1) return std::nullopt;
    return Rule<SlidingWindow>::State{.index = (*numbers)[0],
                                      .reserved = (*numbers)[3] == 1,
                                      .previous = (*numbers)[1],
                                      .current = (*numbers)[2]};
  }

  Time window;
};

template <>
struct Kind<SlidingLog> {
  static constexpr char kLetter = 'l';
  static constexpr const Script& kScript = kSlidingLogScript;

  explicit Kind(const SlidingLog& limit) : window(microseconds(limit.window)) {}
  static absl::Status check(const SlidingLog& limit) { return check_window("SlidingLog", limit); }
  Rule<SlidingLog> rule(const SlidingLog& limit) const {
    return Rule<SlidingLog>(SlidingLog{limit.limit, Duration(window)});
  }
  std::array<std::uint64_t, 3> terms(const SlidingLog& limit) const {
    return {static_cast<std::uint64_t>(limit.limit), window, 0};
  }
  Time reach(const SlidingLog&) const { return window; }

  Time window;
};

// A log has up to 8,192 moments, so its script says what matters of them: wait, remaining, reset_after.
std::optional<Decision> decide_log(std::int64_t limit, const Reply& value, std::int64_t cost, Patience patience) {
  if (value.kind != Reply::Kind::array || value.children.size() != 3) return std::nullopt;
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    const Reply& child = value.children[i];
    if (child.kind != Reply::Kind::integer || child.integer < 0) return std::nullopt;
    numbers[i] = static_cast<std::uint64_t>(child.integer);
  }
  if (numbers[1] > static_cast<std::uint64_t>(limit)) return std::nullopt;
  Decision decision;
  if (cost <= 0 || cost > limit) {
    decision = algorithm::decide_oddity(limit, cost);
  } else {
    const Time wait = std::max(numbers[0], patience.at_least);
    decision = {.permitted = wait <= patience.at_most, .limit = limit, .retry_after = Duration(wait)};
  }
  if (decision.error != absl::StatusCode::kOk) return decision;
  decision.remaining = static_cast<std::int64_t>(numbers[1]);
  decision.reset_after = Duration(numbers[2]);
  return decision;
}

template <class L>
class Page final : public RulePage {
 public:
  Page(const L& limit, const Kind<L>& kind) : limit_(limit), kind_(kind), rule_(kind.rule(limit)) {}

  const Script& script() const override { return Kind<L>::kScript; }
  std::string terms() const override {
    const auto terms = kind_.terms(limit_);
    return absl::StrCat(std::string(1, Kind<L>::kLetter), " ", terms[0], " ", terms[1], " ", terms[2]);
  }
  // The 1 is the version of what is stored.
  std::string suffix() const override { return std::string{'1', Kind<L>::kLetter} + period_of(limit_); }
  std::int64_t limit() const override { return static_cast<std::int64_t>(rule_.limit()); }
  Time refill() const override { return rule_.refill(); }
  Time reach() const override { return kind_.reach(limit_); }

  std::optional<Decision> decide(Time now, const Reply& value, std::int64_t cost, Patience patience,
                                 bool charged) const override {
    if constexpr (std::is_same_v<L, SlidingLog>) {
      return decide_log(limit(), value, cost, patience);
    } else {
      typename Rule<L>::State state;
      if (value.kind == Reply::Kind::string) {
        const auto parsed = kind_.parse(value.text, now);
        if (!parsed) return std::nullopt;
        state = *parsed;
      } else if (value.kind != Reply::Kind::nil) {
        return std::nullopt;
      } else if constexpr (std::is_same_v<L, TokenBucket>) {
        now = 0;
      }
      return charged ? algorithm::advance(rule_, state, now, cost, patience)
                     : algorithm::peek(rule_, state, now, cost, patience);
    }
  }

 private:
  L limit_;
  Kind<L> kind_;
  Rule<L> rule_;
};

}  // namespace

absl::StatusOr<Rulebook> Rulebook::make(const std::vector<Limit>& limits) {
  if (absl::Status status = validate(limits); !status.ok()) return status;
  Rulebook book;
  for (const Limit& limit : limits) {
    const absl::Status status = std::visit(
        [&]<class L>(const L& alternative) -> absl::Status {
          const Kind<L> kind(alternative);
          if (absl::Status checked = kind.check(alternative); !checked.ok()) return checked;
          book.pages_.push_back(std::make_unique<Page<L>>(alternative, kind));
          return absl::OkStatus();
        },
        limit);
    if (!status.ok()) return status;
  }
  std::stable_sort(book.pages_.begin(), book.pages_.end(),
                   [](const auto& a, const auto& b) { return a->refill() < b->refill(); });
  book.most_ = book.limit();
  book.reach_ = kTenYears;
  for (const auto& page : book.pages_) {
    book.most_ = std::min(book.most_, page->limit());
    book.reach_ = std::min(book.reach_, page->reach());
    // Two of one kind and one period in one list have states of their own.
    const std::string suffix = page->suffix();
    const auto same = [&](const auto& other) { return other->suffix() == suffix; };
    const auto before = std::count_if(
        book.pages_.begin(), book.pages_.begin() + static_cast<std::ptrdiff_t>(book.suffixes_.size()), same);
    book.suffixes_.push_back(before == 0 ? suffix : absl::StrCat(suffix, ".", before));
  }
  return book;
}

const Script& Rulebook::script() const {
  const Script& first = pages_.front()->script();
  const bool one =
      std::all_of(pages_.begin(), pages_.end(), [&](const auto& page) { return &page->script() == &first; });
  return one ? first : kListScript;
}

std::string Rulebook::terms() const {
  std::string all;
  for (const auto& page : pages_) absl::StrAppend(&all, all.empty() ? "" : " ", page->terms());
  return all;
}

std::optional<Decision> Rulebook::ask(Time now, std::span<const Reply> values, std::int64_t cost, Patience patience,
                                      bool charged) const {
  if (values.size() != pages_.size() || now > kLastNow) return std::nullopt;
  std::optional<Decision> all;
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    const std::optional<Decision> one = pages_[i]->decide(now, values[i], cost, patience, charged);
    if (!one) return std::nullopt;
    all = all ? both(*all, *one) : *one;
  }
  return all;
}

std::optional<Decision> Rulebook::peek(Time now, std::span<const Reply> values, std::int64_t cost,
                                       Time max_wait) const {
  std::optional<Decision> decision = ask(now, values, cost, {0, std::min(max_wait, reach_)}, false);
  if (decision) decision = in_nanoseconds(*decision);
  return decision;
}

std::optional<Decision> Rulebook::decide(Time now, std::span<const Reply> values, std::int64_t cost,
                                         Time max_wait) const {
  std::optional<Decision> decision = ask(now, values, cost, {0, std::min(max_wait, reach_)}, false);
  if (decision && decision->permitted && cost > 0) {
    const auto wait = static_cast<Time>(decision->retry_after.count());
    decision = ask(now, values, cost, {wait, wait}, true);
  }
  if (decision) decision = in_nanoseconds(*decision);
  return decision;
}

}  // namespace penstock::redis
