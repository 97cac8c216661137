// What standard output and standard error are connected to.

#ifndef PENSTOCK_EXAMPLES_REPLAY_TERMINAL_H_
#define PENSTOCK_EXAMPLES_REPLAY_TERMINAL_H_

#include <cstddef>

namespace replay {

bool errors_on_terminal();

// Columns to fill: those of the terminal, at least 60 and at most 80; 80 where there is none.
std::size_t output_width();

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_TERMINAL_H_
