// Every schedule of small cases, on the table as it is. What a case is: cases.h; what is judged: table_world.h; why
// every schedule is tried: explorer.h.

#include <cstdio>

#include "catch.h"
#include "schedule/cases.h"

namespace penstock::schedule {
namespace {

void try_all(const std::string& group) {
  for (const Case& each : Cases().all) {
    if (each.group != group) continue;
    Explorer all;
    explorer = &all;
    const std::unique_ptr<World> world = each.make();
    const Report report = all.explore(*world, {});
    std::printf("%s: %llu states, %.3g schedules, %.1f s\n", each.name.c_str(),
                static_cast<unsigned long long>(report.states), report.schedules, report.seconds);
    std::fflush(stdout);
    INFO(each.name << "\n" << report.schedule);
    CHECK(report.violation.empty());
    CHECK(report.complete);  // or it stopped early
  }
}

TEST_CASE("no schedule of a small case admits too much") { try_all("fast"); }

TEST_CASE("no schedule of a case with more threads or calls admits too much", "[.long]") { try_all("long"); }

}  // namespace
}  // namespace penstock::schedule
