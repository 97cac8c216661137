#include "penstock/decision.h"

#include <sstream>
#include <utility>

#include "catch.h"

namespace penstock {
namespace {

TEST_CASE("who answered has a name, which can be printed") {
  constexpr std::pair<Source, std::string_view> kNames[] = {{Source::memory, "memory"},
                                                            {Source::redis, "redis"},
                                                            {Source::lease, "lease"},
                                                            {Source::fallback, "fallback"},
                                                            {Source::policy, "policy"}};
  for (const auto& [source, name] : kNames) CHECK(to_string(source) == name);
  CHECK(to_string(static_cast<Source>(5)).empty());
  static_assert(to_string(Source::fallback) == "fallback");

  std::ostringstream out;
  out << to_string(Source::redis);
  CHECK(out.str() == "redis");
}

}  // namespace
}  // namespace penstock
