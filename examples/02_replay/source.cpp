#include "source.h"

#include <algorithm>
#include <utility>

namespace replay {

absl::StatusOr<Source> Source::open(const std::string& name) {
  absl::StatusOr<Bytes> bytes = Bytes::open(name);
  if (!bytes.ok()) return bytes.status();
  return Source(*std::move(bytes));
}

bool Source::next(Line& line) {
  bool too_long = false;
  while (true) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const bool terminated = length < rest.size();
    if (terminated || (ended_ && (too_long || !rest.empty()))) {
      std::string_view text = rest.substr(0, length);
      begin_ += length + (terminated ? 1 : 0);
      if (text.ends_with('\r')) text.remove_suffix(1);
      line = {text, ++number_, too_long || text.size() > kMaxLineBytes};
      return true;
    }
    if (ended_) return false;
    if (rest.size() > kMaxLineBytes) {
      too_long = true;
      begin_ = end_;
    }
    refill();
  }
}

// Leaves room for at least twice the longest line: next() keeps no more than one.
void Source::refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= std::exchange(begin_, 0);
  const absl::StatusOr<std::size_t> count = bytes_.read(std::span(buffer_).subspan(end_));
  if (count.ok()) {
    end_ += *count;
  } else {
    status_ = count.status();
  }
  ended_ = !count.ok() || *count == 0;
}

}  // namespace replay
