// A messaging app: 60 messages per user per minute, and whoever was quiet may send a burst of them at once.
//
// The first half runs on a clock that stands still until told to move, so the story is the same on every run and
// takes no time. The last three lines of main are what a server does.

#include <penstock/penstock.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

using namespace std::chrono_literals;
using penstock::Decision;

namespace {

double seconds(penstock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void print(std::string_view who, const Decision& d) {
  std::printf("  %-6.*s %-9s  %2lld left", static_cast<int>(who.size()), who.data(), d ? "permitted" : "refused",
              static_cast<long long>(d.remaining));
  if (!d) std::printf(", come back in %.3f s", seconds(d.retry_after));
  std::printf(", full again in %.3f s\n", seconds(d.reset_after));
}

}  // namespace

int main() {
  const penstock::Limit limit = penstock::TokenBucket{.rate = penstock::per_minute(60), .burst = 60};
  penstock::ManualClock clock;
  auto made = penstock::make_memory_limiter(limit, {.clock = &clock});
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
    return 1;
  }
  penstock::Limiter& limiter = **made;
  std::printf("The limit: %s\n", to_string(limit).c_str());

  std::puts("\nAlice pastes 65 messages at once:");
  int sent = 0;
  Decision last;
  for (int i = 0; i < 65; ++i) {
    last = limiter.try_acquire("alice");
    sent += last ? 1 : 0;
  }
  std::printf("  %d of 65 go out; the last answer is\n", sent);
  print("alice", last);

  std::puts("\nBob does not notice. Every user has a bucket of their own:");
  print("bob", limiter.try_acquire("bob"));

  std::puts("\nA millisecond before the time she was told, Alice is refused; at that time she is not:");
  clock.advance(last.retry_after - 1ms);
  print("alice", limiter.try_acquire("alice"));
  clock.advance(1ms);
  print("alice", limiter.try_acquire("alice"));

  std::puts("\nAfter half a minute, one call decides for a whole batch, all at the same moment:");
  clock.advance(30s);
  const std::array<penstock::Request, 3> batch{{{"alice", 20}, {"alice", 20}, {"bob", 20}}};
  std::array<Decision, 3> answers;
  limiter.try_acquire(batch, answers);
  for (std::size_t i = 0; i < batch.size(); ++i) print(batch[i].key, answers[i]);

  std::puts("\nA peek charges nothing. Would 30 more from Alice pass, and could 61 ever?");
  print("alice", limiter.peek("alice", 30));
  if (limiter.peek("alice", 61).retry_after == Decision::never)
    std::puts("  61 is more than the bucket holds: never");

  std::puts("\nIn a server, on the real clock:");
  auto gate = penstock::make_memory_limiter(limit);
  if (!gate.ok()) return 1;
  if (Decision d = (*gate)->try_acquire("carol"); !d) return 1;  // here: answer 429 with Retry-After: d.retry_after
  std::puts("  carol's message goes out");
}
