// Writes an access log that never was, in the combined format, to try replay on:
//
//   traffic --requests 10000 --hours 24 --seed 1 > sample.log
//
// Many clients of whom few send most, a day that is busier than its night, one scraper that never rests and one
// client that comes in bursts. Some lines are a little late, as in a real log: servers write a request when it
// ends. The same arguments give the same bytes on every machine, so there is no floating point in it, and no
// std::uniform_int_distribution, which every library draws in its own way.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using std::chrono::sys_seconds;

constexpr sys_seconds kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);  // a Monday
constexpr std::size_t kClients = 1000;
constexpr std::uint64_t kScraperPercent = 6;
constexpr std::uint64_t kBurst = 90;         // requests, all within two seconds of the clock
constexpr std::uint64_t kBurstOneIn = 1500;  // requests
constexpr std::uint64_t kLatePercent = 8;
constexpr std::uint64_t kLateSeconds = 20;

// How busy each hour of the day is.
constexpr std::array<std::uint64_t, 24> kHours = {3,  2,  2,  1,  1,  2,  4,  7,  10, 12, 13, 13,
                                                  14, 13, 13, 12, 12, 12, 13, 14, 13, 10, 7,  5};

constexpr std::array<std::string_view, 12> kPaths = {"/",
                                                     "/news",
                                                     "/search?q=penstock",
                                                     "/search?q=turbine&page=2",
                                                     "/static/site.css",
                                                     "/static/site.js",
                                                     "/images/dam.jpg",
                                                     "/images/wheel.jpg",
                                                     "/api/v1/messages",
                                                     "/api/v1/users/me",
                                                     "/about",
                                                     "/feed.xml"};
constexpr std::array<std::string_view, 6> kUsers = {"-", "-", "-", "ann", "bob", "carmen"};
constexpr std::array<std::string_view, 8> kStatuses = {"200", "200", "200", "200", "200", "304", "404", "500"};
constexpr std::array<std::string_view, 4> kAgents = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari",
    "Reader \\\"beta\\\" 0.3", "curl/8.5.0"};

// SplitMix64 (Steele, Lea and Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // From 0 to `end` - 1. Favours small numbers by less than one in 2^40 for what is used here.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  bool percent(std::uint64_t chance) { return below(100) < chance; }
  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& choices) {
    return choices[below(N)];
  }

 private:
  std::uint64_t state_;
};

// Client number i is chosen in proportion to 1 / (i + 1): Zipf's law.
class Crowd {
 public:
  explicit Crowd(std::uint64_t seed) {
    Random random(seed);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kClients; ++i) {
      ends_.push_back(sum += (std::uint64_t{1} << 32) / (i + 1));
      names_.push_back(name(i, random.next()));
    }
  }
  const std::string& one(Random& random) const {
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), random.below(ends_.back()));
    return names_[static_cast<std::size_t>(end - ends_.begin())];
  }

 private:
  // Every eighth has an IPv6 address. The ranges are those for documentation and for private networks.
  static std::string name(std::uint64_t i, std::uint64_t bits) {
    const auto part = [&](unsigned shift) { return std::to_string(bits >> shift & 0xFF); };
    if (i % 8 == 7) return "2001:db8:" + std::to_string(1 + i % 10) + "::" + part(0);
    return "10." + part(0) + '.' + part(8) + '.' + part(16);
  }

  std::vector<std::uint64_t> ends_;
  std::vector<std::string> names_;
};

// When each of n requests comes if they are spread over `hours` as kHours says.
class Schedule {
 public:
  Schedule(std::uint64_t requests, std::uint64_t hours) : requests_(requests) {
    for (std::uint64_t h = 0; h < hours; ++h) total_ += kHours[h % 24] * 3600;
  }
  // To be asked for i = 0, 1, 2, ... in turn.
  sys_seconds moment_of(std::uint64_t i) {
    // total * i / requests, split so that it cannot overflow: a place in a time that runs faster by day.
    const std::uint64_t place = total_ / requests_ * i + total_ % requests_ * i / requests_;
    while (place - hour_begin_ >= kHours[hour_ % 24] * 3600) hour_begin_ += kHours[hour_++ % 24] * 3600;
    return kStart + std::chrono::hours(hour_) + std::chrono::seconds((place - hour_begin_) / kHours[hour_ % 24]);
  }

 private:
  std::uint64_t requests_, total_ = 0, hour_ = 0, hour_begin_ = 0;
};

std::string two_digits(std::int64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 2) digits.insert(0, 1, '0');
  return digits;
}

std::string log_time(sys_seconds moment) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> time(moment - day);
  std::string text = two_digits(static_cast<unsigned>(date.day())) + '/';
  text += kMonths[static_cast<unsigned>(date.month()) - 1];
  text += '/' + std::to_string(static_cast<int>(date.year())) + ':' + two_digits(time.hours().count());
  text += ':' + two_digits(time.minutes().count()) + ':' + two_digits(time.seconds().count()) + " +0000";
  return text;
}

void write_line(Random& random, std::string_view client, std::string_view user, sys_seconds time,
                std::string_view path, std::string_view agent) {
  const std::string size = std::to_string(200 + random.below(50'000));
  std::cout << client << " - " << user << " [" << log_time(time) << "] \""
            << (random.percent(90) ? "GET " : "POST ") << path << " HTTP/1.1\" " << random.one_of(kStatuses) << ' '
            << size << " \"-\" \"" << agent << "\"\n";
}

struct Options {
  std::uint64_t requests = 10'000, hours = 24, seed = 1;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    std::uint64_t* const number = name == "--requests" ? &options.requests
                                  : name == "--hours"  ? &options.hours
                                  : name == "--seed"   ? &options.seed
                                                       : nullptr;
    if (number == nullptr) return false;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, *number);
    if (error != std::errc() || stop != end || value.empty()) return false;
  }
  return options.requests <= 1'000'000'000 && options.hours >= 1 && options.hours <= 24 * 366;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::cerr << "usage: traffic [--requests N] [--hours 1..8784] [--seed N]\n"
                 "Writes an access log of N requests (10000) over so many hours (24).\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  Random random(options.seed);
  const Crowd crowd(options.seed);
  const std::uint64_t bursts = options.requests / kBurstOneIn;
  const std::uint64_t others = options.requests - bursts * kBurst;
  Schedule schedule(others, options.hours);
  for (std::uint64_t i = 0, burst = 0; i < others; ++i) {
    const sys_seconds now = schedule.moment_of(i);
    if (burst < bursts && i >= (2 * burst + 1) * others / (2 * bursts)) {
      for (std::uint64_t k = 0; k < kBurst; ++k) {
        const std::chrono::seconds since(2 * k / kBurst);
        write_line(random, "198.51.100.7", "-", now + since, "/api/v1/messages", "batch-sync/2.1");
      }
      ++burst;
    }
    if (random.percent(kScraperPercent)) {
      write_line(random, "203.0.113.66", "-", now, "/news?page=" + std::to_string(i), "scraper/1.0");
    } else {
      const std::chrono::seconds late(random.percent(kLatePercent) ? random.below(kLateSeconds) : 0);
      const std::string& client = crowd.one(random);
      const std::string_view user = random.one_of(kUsers), path = random.one_of(kPaths);
      write_line(random, client, user, std::max(kStart, now - late), path, random.one_of(kAgents));
    }
  }
  return std::cout.flush() ? 0 : 1;
}
