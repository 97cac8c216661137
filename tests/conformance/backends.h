// The back ends that the suite runs on. A further one is one more line in `backends()`.

#ifndef PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_
#define PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "penstock/penstock.h"

namespace penstock {

struct Backend {
  std::string name;
  std::function<std::unique_ptr<Limiter>(const std::vector<Limit>&, Clock&)> make;
};

inline std::vector<Backend> backends() {
  return {
      {"memory",
       [](const auto& limits, Clock& clock) { return make_memory_limiter(limits, {.clock = &clock}).value(); }},
      {"memory, one key at a time",
       [](const auto& limits, Clock& clock) {
         return make_memory_limiter(limits, {.max_keys = 1, .clock = &clock}).value();
       }},
  };
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_
