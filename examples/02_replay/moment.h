// Moments, as access logs and as people write them.

#ifndef PENSTOCK_EXAMPLES_REPLAY_MOMENT_H_
#define PENSTOCK_EXAMPLES_REPLAY_MOMENT_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace replay {

using Moment = std::chrono::sys_seconds;

// Reads "17/May/2015:10:05:03 +0200" and nothing else: no locale, no blanks, no day that is not in the calendar.
// The moment must be from 1970 to 7 February 2106: it fits the 32 bits that a replay keeps of it.
absl::StatusOr<Moment> parse_moment(std::string_view text);

// All in UTC.
std::string iso(Moment moment);              // 2015-05-17T08:05:03Z
std::string date_and_time(Moment moment);    // 17 May 2015 08:05:03
std::string day_and_month(Moment moment);    // 17 May
std::string hour_and_minute(Moment moment);  // 08:05

// A length of time in its two largest units, for people: "3 days 11 hours", "1 minute", "0 seconds".
std::string in_words(std::chrono::seconds length);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_MOMENT_H_
