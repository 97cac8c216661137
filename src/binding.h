// Which of several limits on one key speaks for them.

#ifndef PENSTOCK_BINDING_H_
#define PENSTOCK_BINDING_H_

#include <algorithm>

#include "penstock/decision.h"

namespace penstock {

// The answer of two limits that must both pass is that of the one that binds.
inline Decision both(const Decision& a, const Decision& b) {
  const bool b_binds = a.retry_after != b.retry_after ? a.retry_after < b.retry_after : b.remaining < a.remaining;
  Decision decision = b_binds ? b : a;
  decision.permitted = a.permitted && b.permitted;
  decision.reset_after = std::max(a.reset_after, b.reset_after);
  return decision;
}

}  // namespace penstock

#endif  // PENSTOCK_BINDING_H_
