// All the rules: one for each alternative of `Limit`.

#ifndef PENSTOCK_ALGORITHM_ALGORITHMS_H_
#define PENSTOCK_ALGORITHM_ALGORITHMS_H_

#include "algorithm/fixed_window.h"
#include "algorithm/sliding_log.h"
#include "algorithm/sliding_window.h"
#include "algorithm/token_bucket.h"

#endif  // PENSTOCK_ALGORITHM_ALGORITHMS_H_
