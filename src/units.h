// The units of time of the text form: first the name that is printed, then the words that are read as well.

#ifndef PENSTOCK_UNITS_H_
#define PENSTOCK_UNITS_H_

#include <array>
#include <chrono>
#include <string_view>

#include "penstock/limit.h"

namespace penstock {

struct Unit {
  const char* name;
  Duration length;
  std::array<std::string_view, 4> words;
};

// Longest first: printing takes the first that divides.
inline constexpr std::array<Unit, 7> kUnits = {{
    {"d", std::chrono::hours(24), {"day", "days"}},
    {"h", std::chrono::hours(1), {"hour", "hours"}},
    {"m", std::chrono::minutes(1), {"min", "mins", "minute", "minutes"}},
    {"s", std::chrono::seconds(1), {"sec", "secs", "second", "seconds"}},
    {"ms", std::chrono::milliseconds(1), {}},
    {"us", std::chrono::microseconds(1), {}},
    {"ns", std::chrono::nanoseconds(1), {}},
}};

}  // namespace penstock

#endif  // PENSTOCK_UNITS_H_
