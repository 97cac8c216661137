#include "plot.h"

#include <algorithm>
#include <cmath>

#include "text.h"

namespace replay {
namespace {

using std::chrono::minutes;

constexpr double kLeft = 56, kRight = 12, kTop = 26, kBottom = 40;

// 1, 2 or 5 times a power of ten: the least that is at least `value`.
std::int64_t round_up(std::int64_t value) {
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t digit : {1, 2, 5}) {
      if (digit * power >= value) return digit * power;
    }
  }
}

class Drawing {
 public:
  Drawing(std::ostream& out, const Series& series, const Plot& plot)
      : out_(out),
        series_(series),
        plot_(plot),
        column_width_((plot.width - kLeft - kRight) / static_cast<double>(series.columns.size())) {
    std::int64_t most = 1;
    for (const Tally& column : series.columns) most = std::max(most, column.requests());
    grid_step_ = round_up((most + 3) / 4);
    top_ = (most + grid_step_ - 1) / grid_step_ * grid_step_;
  }

  void grid() {
    for (std::int64_t value = 0; value <= top_; value += grid_step_) {
      out_ << "<line class=\"grid\" x1=\"" << kLeft << "\" x2=\"" << plot_.width - kRight << "\" y1=\"" << y(value)
           << "\" y2=\"" << y(value) << "\"/><text class=\"axis\" text-anchor=\"end\" x=\"" << kLeft - 8
           << "\" y=\"" << y(value) + 4 << "\">" << grouped(value) << "</text>\n";
    }
    out_ << "<text class=\"axis\" x=\"" << kLeft << "\" y=\"12\">requests per " << per_step(series_) << "</text>\n";
  }

  // The day is written under the first tick and where it changes; likewise the year where ticks are days.
  void time_axis() {
    const double room = (plot_.width - kLeft - kRight) / 72;
    const auto span = std::chrono::duration_cast<minutes>(series_.end() - series_.start);
    const minutes step = std::max(
        series_.step,
        round_step(minutes(static_cast<minutes::rep>(std::ceil(static_cast<double>(span.count()) / room)))));
    const bool days = step >= std::chrono::hours(24);
    const auto start = std::chrono::duration_cast<minutes>(series_.start.time_since_epoch());
    std::string said;
    for (Moment tick(start + (step - start % step) % step); tick < series_.end(); tick += step) {
      const double at = kLeft + column_width_ * static_cast<double>((tick - series_.start) / series_.step);
      const std::string place = "\" text-anchor=\"" + std::string(at < kLeft + 20 ? "start" : "middle") + "\" x=\"";
      out_ << "<line class=\"axis\" x1=\"" << at << "\" x2=\"" << at << "\" y1=\"" << y(0) << "\" y2=\"" << y(0) + 4
           << "\"/><text class=\"axis" << place << at << "\" y=\"" << y(0) + 17 << "\">"
           << (days ? day_and_month(tick) : hour_and_minute(tick)) << "</text>";
      const std::string context = days ? iso(tick).substr(0, 4) : day_and_month(tick);
      if (context != said) {
        out_ << "<text class=\"axis context" << place << at << "\" y=\"" << y(0) + 32 << "\">" << context
             << "</text>";
      }
      out_ << '\n';
      said = context;
    }
  }

  void bars() {
    path(
        "permitted", [](const Tally&) { return std::int64_t{0}; }, [](const Tally& t) { return t.permitted; });
    path(
        "denied", [](const Tally& t) { return t.permitted; }, [](const Tally& t) { return t.requests(); });
  }

  // What a reader sees on pointing at a column.
  void hints() {
    for (std::size_t i = 0; i < series_.columns.size(); ++i) {
      const Tally& column = series_.columns[i];
      out_ << "<rect class=\"hit\" x=\"" << x(i) << "\" y=\"" << kTop << "\" width=\"" << column_width_
           << "\" height=\"" << y(0) - kTop << "\"><title>" << day_and_month(series_.start_of(i)) << ' '
           << hour_and_minute(series_.start_of(i)) << " to " << hour_and_minute(series_.start_of(i + 1))
           << " UTC: " << grouped(column.permitted) << " permitted, " << grouped(column.denied)
           << " denied</title></rect>\n";
    }
  }

 private:
  [[nodiscard]] double x(std::size_t column) const { return kLeft + column_width_ * static_cast<double>(column); }
  [[nodiscard]] double y(std::int64_t value) const {
    const double height = plot_.height - kTop - kBottom;
    return kTop + height * (1 - static_cast<double>(value) / static_cast<double>(top_));
  }

  // One path for all bars of a kind keeps the page small.
  template <typename From, typename To>
  void path(std::string_view kind, From from, To to) {
    const double gap = column_width_ >= 4 ? 1 : 0;
    out_ << "<path class=\"" << kind << "\" d=\"";
    for (std::size_t i = 0; i < series_.columns.size(); ++i) {
      const double low = y(from(series_.columns[i])), high = y(to(series_.columns[i]));
      if (low - high <= 0) continue;
      out_ << 'M' << x(i) + gap / 2 << ' ' << low << 'V' << high << 'h' << column_width_ - gap << 'V' << low << 'z';
    }
    out_ << "\"/>\n";
  }

  std::ostream& out_;
  const Series& series_;
  const Plot& plot_;
  double column_width_;
  std::int64_t grid_step_ = 1;
  std::int64_t top_ = 1;
};

}  // namespace

void write_plot(std::ostream& out, const Series& series, const Plot& plot) {
  if (series.columns.empty()) return;
  Tally total;
  for (const Tally& column : series.columns) total += column;
  out << "<svg viewBox=\"0 0 " << plot.width << ' ' << plot.height << "\" role=\"img\" aria-labelledby=\""
      << plot.id << "-title " << plot.id << "-desc\">\n<title id=\"" << plot.id << "-title\">"
      << for_html(plot.title) << "</title>\n<desc id=\"" << plot.id << "-desc\">Stacked bars of requests per "
      << per_step(series) << " from " << date_and_time(series.start) << " to " << date_and_time(series.end())
      << " UTC: " << grouped(total.permitted) << " permitted and, above them, " << grouped(total.denied)
      << " denied.</desc>\n";
  Drawing drawing(out, series, plot);
  drawing.grid();
  drawing.time_axis();
  drawing.bars();
  drawing.hints();
  out << "</svg>\n";
}

std::string per_step(const Series& series) {
  const std::string words = in_words(series.step);
  return words.starts_with("1 ") ? words.substr(2) : words;
}

}  // namespace replay
