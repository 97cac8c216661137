// The Lua scripts, as the build has put them together from src/redis/lua/: one for each kind of limit, and one for
// lists of several kinds.

#ifndef PENSTOCK_REDIS_SCRIPTS_H_
#define PENSTOCK_REDIS_SCRIPTS_H_

#include <string_view>

namespace penstock::redis {

struct Script {
  std::string_view name;
  std::string_view text;
  std::string_view sha1;  // of the text, in hexadecimal: the name by which Redis knows it
};

extern const Script kTokenBucketScript;
extern const Script kFixedWindowScript;
extern const Script kSlidingWindowScript;
extern const Script kSlidingLogScript;
extern const Script kListScript;

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SCRIPTS_H_
