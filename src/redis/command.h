// Commands as a server reads them: arrays of strings with their lengths, so that any bytes pass unharmed.
//
//   std::string out;
//   append_command(out, {"SELECT", "2"});       // *2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n

#ifndef PENSTOCK_REDIS_COMMAND_H_
#define PENSTOCK_REDIS_COMMAND_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace penstock::redis {

// A number in decimal, on the stack.
class Decimal {
 public:
  explicit Decimal(std::int64_t number) : end_(std::to_chars(digits_, digits_ + sizeof(digits_), number).ptr) {}
  [[nodiscard]] std::string_view view() const { return {digits_, static_cast<std::size_t>(end_ - digits_)}; }

 private:
  char digits_[20];
  const char* end_;
};

inline void append_header(std::string& out, char type, std::size_t count) {
  out += type;
  out += Decimal(static_cast<std::int64_t>(count)).view();
  out += "\r\n";
}

inline void append_argument(std::string& out, std::string_view bytes) {
  append_header(out, '$', bytes.size());
  out += bytes;
  out += "\r\n";
}

inline void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_header(out, '*', arguments.size());
  for (const std::string_view argument : arguments) append_argument(out, argument);
}

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_COMMAND_H_
