// Everything that needs no further dependency. Read the headers in the order in which they stand here.

#ifndef PENSTOCK_PENSTOCK_H_
#define PENSTOCK_PENSTOCK_H_

// clang-format off
#include "penstock/limit.h"
#include "penstock/decision.h"
#include "penstock/limiter.h"
#include "penstock/clock.h"
#include "penstock/memory.h"
// clang-format on

#endif  // PENSTOCK_PENSTOCK_H_
