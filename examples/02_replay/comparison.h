// The same count and window under every algorithm.

#ifndef PENSTOCK_EXAMPLES_REPLAY_COMPARISON_H_
#define PENSTOCK_EXAMPLES_REPLAY_COMPARISON_H_

#include <string_view>
#include <vector>

#include "replay.h"

namespace replay {

struct Alternative {
  std::string_view name;       // of the algorithm
  std::string_view character;  // what it is like, in a sentence
  Limits limits;
};

// `limits` as token buckets (with the burst that was given, else the count), as fixed windows, as sliding
// windows and as sliding logs. Those that Penstock would refuse, such as a log of more than 4096, are left out.
std::vector<Alternative> alternatives(const Limits& limits);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_COMPARISON_H_
