// All the rules: one for each alternative of `Limit`.

#ifndef PENSTOCK_DETAIL_ALGORITHM_ALGORITHMS_H_
#define PENSTOCK_DETAIL_ALGORITHM_ALGORITHMS_H_

#include "penstock/detail/algorithm/fixed_window.h"
#include "penstock/detail/algorithm/sliding_log.h"
#include "penstock/detail/algorithm/sliding_window.h"
#include "penstock/detail/algorithm/token_bucket.h"

#endif  // PENSTOCK_DETAIL_ALGORITHM_ALGORITHMS_H_
