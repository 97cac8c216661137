// What an error line of the server proves about the call that it answers.
//
//   Verdict verdict = classify("READONLY You can't write against a read only replica.");
//   verdict == Verdict::read_only, !ran_maybe(verdict): nothing was charged
//
// "Nothing was charged" of read_only and unavailable holds for scripts that read before they write and
// let the error of their first write end them: these errors come at the first write or not at all.

#ifndef PENSTOCK_REDIS_ERROR_REPLY_H_
#define PENSTOCK_REDIS_ERROR_REPLY_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace penstock::redis {

enum class Verdict : std::uint8_t {
  not_loaded,    // NOSCRIPT, and "Function not found"
  moved,         // MOVED: the key's slot is another node's
  ask,           // ASK: the slot is on its way to another node, the key is there already
  try_again,     // TRYAGAIN: some of the keys are here, some there
  read_only,     // READONLY: a replica, or a primary that was demoted
  unavailable,   // LOADING, BUSY, MASTERDOWN, CLUSTERDOWN, OOM, MISCONF, NOREPLICAS, too many clients
  forbidden,     // NOAUTH, WRONGPASS, NOPERM, protected mode
  half_allowed,  // the script is allowed and a command of it is not: those before it have run
  defect,        // anything else: our mistake or foreign data under our key; it may have run in part
};

// Total: every text has a verdict, and what is not known is a defect. Without the leading '-' of the protocol, with
// the wrapping of Redis 6 ("ERR Error running script ...: -READONLY ...") or the suffix of 7 (" script: ...").
[[nodiscard]] Verdict classify(std::string_view error_line);

[[nodiscard]] absl::StatusCode code(Verdict verdict);

// Whether the call may have changed something.
[[nodiscard]] bool ran_maybe(Verdict verdict);

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_ERROR_REPLY_H_
