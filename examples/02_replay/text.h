// Words and numbers, made safe for where they are going. A log is written by strangers: a key may hold
// anything, from terminal commands to half a character.

#ifndef PENSTOCK_EXAMPLES_REPLAY_TEXT_H_
#define PENSTOCK_EXAMPLES_REPLAY_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace replay {

// What would move the cursor, turn the direction of writing or is no UTF-8 becomes visible: "\x1B", "\u202E".
std::string for_terminal(std::string_view bytes);

// A JSON string with its quotes. What is no UTF-8 becomes U+FFFD.
std::string for_json(std::string_view bytes);

// As for_terminal, and with the characters that mean something in HTML replaced.
std::string for_html(std::string_view bytes);

// `text`, which is UTF-8, in at most `characters` (at least 3); an ellipsis stands for the middle of a longer one.
std::string shortened(std::string_view text, std::size_t characters);

// How many characters `text`, which is UTF-8, has.
std::size_t length_of(std::string_view text);

std::string counted(std::int64_t count, std::string_view singular, std::string_view plural);  // "2,000 lines"
std::string grouped(std::int64_t number);                       // 1234567 -> "1,234,567"
std::string percentage(std::int64_t part, std::int64_t whole);  // "12.3 %"; of nothing "0.0 %"

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_TEXT_H_
