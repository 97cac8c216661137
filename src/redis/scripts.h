// The Lua scripts, as the build has put them together from src/redis/lua/: one for each kind of limit, and one for
// lists of several kinds.

#ifndef PENSTOCK_REDIS_SCRIPTS_H_
#define PENSTOCK_REDIS_SCRIPTS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::redis {

struct Script {
  std::string_view name;
  std::string_view text;
  std::string_view sha1;  // of the text, in hexadecimal: the name by which Redis knows it
};

// The first argument of each of them, as shell.lua has it. An empty `now` is the server's clock.
inline std::string call_argument(std::string_view op, std::string_view now, std::int64_t patience,
                                 std::string_view limits) {
  std::string call(op);
  call.append(" ").append(now.empty() ? "-" : now).append(" ").append(std::to_string(patience));
  return call.append(" ").append(limits);
}

extern const Script kTokenBucketScript;
extern const Script kFixedWindowScript;
extern const Script kSlidingWindowScript;
extern const Script kSlidingLogScript;
extern const Script kListScript;

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SCRIPTS_H_
