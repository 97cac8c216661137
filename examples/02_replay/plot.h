// Permitted and denied requests over time, as stacked bars in SVG.

#ifndef PENSTOCK_EXAMPLES_REPLAY_PLOT_H_
#define PENSTOCK_EXAMPLES_REPLAY_PLOT_H_

#include <ostream>
#include <string>

#include "series.h"

namespace replay {

struct Plot {
  std::string id;     // unlike any other on the page
  std::string title;  // for those who cannot see it
  double width = 0;
  double height = 0;
};

// An <svg> element that takes its colours from the page: classes permitted, denied, grid, axis and hit.
void write_plot(std::ostream& out, const Series& series, const Plot& plot);

// "minute", "2 hours": what follows "requests per".
std::string per_step(const Series& series);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_PLOT_H_
