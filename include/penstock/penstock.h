// Everything that needs no further dependency. Read the headers in this order.

#ifndef PENSTOCK_PENSTOCK_H_
#define PENSTOCK_PENSTOCK_H_

#include "penstock/limit.h"
#include "penstock/decision.h"
#include "penstock/limiter.h"
#include "penstock/clock.h"
#include "penstock/memory.h"

#endif  // PENSTOCK_PENSTOCK_H_
