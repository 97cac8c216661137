// The clock of permits: how many units of a limit have been issued by a moment.
//
// A token bucket does not count tokens, it keeps one position on this clock: the point up to which the issued
// units are spent. Units are chosen so that a permit is a whole number of them; so nothing is ever rounded
// twice, and no error adds up.

#ifndef PENSTOCK_DETAIL_ALGORITHM_SUPPLY_H_
#define PENSTOCK_DETAIL_ALGORITHM_SUPPLY_H_

#include <bit>
#include <cstdint>

#include "penstock/detail/algorithm/arithmetic.h"

namespace penstock::algorithm {

class Supply {
 public:
  // `units` at the end of each `tick` ns: exact at every multiple of the tick.
  static constexpr Supply stepped(Time tick, std::uint64_t units) { return Supply(true, tick, units); }

  // `units` in each 2^63 ns, evenly: for rates that no tick divides. Late by less than one unit, never early.
  static constexpr Supply scaled(std::uint64_t units) { return Supply(false, 1, units); }

  // Units issued by `now`, rounded down.
  constexpr std::uint64_t at(Time now) const {
    if (stepped_) return now / tick_ * units_.value();
    return static_cast<std::uint64_t>(Wide{now} * units_.value() >> 63);
  }

  // The same rounded up: a charge between two steps counts as made at the later one.
  constexpr std::uint64_t at_or_above(Time now) const {
    if (stepped_) return ceil_div(now, tick_) * units_.value();
    return static_cast<std::uint64_t>(ceil_div(Wide{now} * units_.value(), Wide{1} << 63));
  }

  // The least moment at which `position` units have been issued, which may be after the last.
  constexpr std::uint64_t earliest(std::uint64_t position) const {
    if (stepped_) return saturate(Wide{ceil_div(position, units_)} * tick_.value());
    // The reciprocal, rounded up, gives the moment or one that is later.
    auto moment = saturate((Wide{position} * reciprocal_ >> shift_) + 1);
    if (moment > kLastMoment) [[unlikely]]
      return saturate(ceil_div(Wide{position} << 63, Wide{units_.value()}));
    while (moment > 0 && at(moment - 1) >= position) --moment;
    return moment;
  }

 private:
  constexpr Supply(bool stepped, Time tick, std::uint64_t units)
      : stepped_(stepped),
        shift_(64 - std::countl_zero(units - 1)),
        reciprocal_(static_cast<std::uint64_t>(ceil_div(Wide{1} << (63 + shift_), Wide{units}))),
        tick_(tick),
        units_(units) {}

  bool stepped_;
  int shift_;
  std::uint64_t reciprocal_;  // of the units, shifted up until it fills the word, and rounded up
  Divisor tick_;
  Divisor units_;  // a tick, or 2^63 ns
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_SUPPLY_H_
