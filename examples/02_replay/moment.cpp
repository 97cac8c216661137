#include "moment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <iomanip>
#include <optional>
#include <sstream>
#include <utility>

#include "text.h"

namespace replay {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

absl::Status bad(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(std::string(what) + ": '" + std::string(text) + "'");
}

// The whole of `digits` as a number; nothing if anything in it is not a digit.
std::optional<unsigned> number(std::string_view digits) {
  unsigned value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Parts split(Moment moment) {
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  return {day, std::chrono::hh_mm_ss<std::chrono::seconds>(moment - day)};
}

std::string_view month_name(const std::chrono::year_month_day& date) {
  return kMonths[static_cast<unsigned>(date.month()) - 1];
}

std::ostringstream zero_filled() {
  std::ostringstream out;
  out << std::setfill('0');
  return out;
}

}  // namespace

absl::StatusOr<Moment> parse_moment(std::string_view text) {
  constexpr std::string_view kForm = "dd/Mon/yyyy:hh:mm:ss +hhmm";
  const auto shaped = [&](std::size_t i) {
    return std::isalpha(static_cast<unsigned char>(kForm[i])) != 0 || text[i] == kForm[i] ||
           (kForm[i] == '+' && text[i] == '-');
  };
  if (text.size() != kForm.size()) return bad("the time is not dd/Mon/yyyy:hh:mm:ss +hhmm", text.substr(0, 40));
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (!shaped(i)) return bad("the time is not dd/Mon/yyyy:hh:mm:ss +hhmm", text);
  }
  const auto day = number(text.substr(0, 2));
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(3, 3));
  const auto year = number(text.substr(7, 4));
  const auto hour = number(text.substr(12, 2)), minute = number(text.substr(15, 2)),
             second = number(text.substr(18, 2));
  const auto zone_hour = number(text.substr(22, 2)), zone_minute = number(text.substr(24, 2));
  if (!day || !year || !hour || !minute || !second || !zone_hour || !zone_minute) {
    return bad("the time is not dd/Mon/yyyy:hh:mm:ss +hhmm", text);
  }
  if (month == kMonths.end()) return bad("no such month", text.substr(3, 3));
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                         std::chrono::day(*day));
  if (!date.ok()) return bad("no such day", text.substr(0, 11));
  if (*hour > 23 || *minute > 59 || *second > 59) return bad("no such time of day", text.substr(12, 8));
  if (*zone_hour > 23 || *zone_minute > 59) return bad("no such time zone", text.substr(21));

  const auto local = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  const auto ahead = std::chrono::hours(*zone_hour) + std::chrono::minutes(*zone_minute);
  const Moment moment = std::chrono::sys_days(date) + local - (text[21] == '-' ? -ahead : ahead);
  if (!std::in_range<std::uint32_t>(moment.time_since_epoch().count())) {
    return bad("the time is not from 1970 to February 2106", text);
  }
  return moment;
}

std::string iso(Moment moment) {
  const auto [date, time] = split(moment);
  std::ostringstream out = zero_filled();
  out << std::setw(4) << static_cast<int>(date.year()) << '-' << std::setw(2) << static_cast<unsigned>(date.month())
      << '-' << std::setw(2) << static_cast<unsigned>(date.day()) << 'T' << hour_and_minute(moment) << ':'
      << std::setw(2) << time.seconds().count() << 'Z';
  return out.str();
}

std::string date_and_time(Moment moment) {
  const auto [date, time] = split(moment);
  std::ostringstream out = zero_filled();
  out << day_and_month(moment) << ' ' << static_cast<int>(date.year()) << ' ' << hour_and_minute(moment) << ':'
      << std::setw(2) << time.seconds().count();
  return out.str();
}

std::string day_and_month(Moment moment) {
  const auto date = split(moment).date;
  return std::to_string(static_cast<unsigned>(date.day())) + ' ' + std::string(month_name(date));
}

std::string hour_and_minute(Moment moment) {
  const auto time = split(moment).time;
  std::ostringstream out = zero_filled();
  out << std::setw(2) << time.hours().count() << ':' << std::setw(2) << time.minutes().count();
  return out.str();
}

std::string in_words(std::chrono::seconds length) {
  struct Unit {
    std::string_view singular, plural;
    std::int64_t seconds;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{"day", "days", 86400}, {"hour", "hours", 3600}, {"minute", "minutes", 60}, {"second", "seconds", 1}}};
  const std::int64_t total = length.count();
  const auto first =
      std::find_if(kUnits.begin(), kUnits.end() - 1, [&](const Unit& unit) { return total >= unit.seconds; });
  std::string words = counted(total / first->seconds, first->singular, first->plural);
  if (const auto second = first + 1; second != kUnits.end()) {
    const std::int64_t rest = total % first->seconds / second->seconds;
    if (rest > 0) words += ' ' + counted(rest, second->singular, second->plural);
  }
  return words;
}

}  // namespace replay
