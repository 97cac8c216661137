#include "text.h"

#include <array>
#include <iomanip>
#include <sstream>

namespace replay {
namespace {

struct Character {
  std::string_view bytes;
  char32_t code;
  bool valid;
};

// The first character of `text`, which is not empty. One byte that is not valid where the text is no UTF-8:
// overlong forms, surrogates and what is above U+10FFFF are not.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Character invalid = {text.substr(0, 1), byte(0), false};
  const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xC2 ? 0 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (size == 0 || byte(0) > 0xF4 || text.size() < size) return invalid;
  constexpr std::array<unsigned char, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code = byte(0) & kLeadBits[size];
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return invalid;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || (0xD800 <= code && code <= 0xDFFF) || code > 0x10FFFF) return invalid;
  return {text.substr(0, size), code, true};
}

template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Character character = first_character(text);
    visit(character);
    text.remove_prefix(character.bytes.size());
  }
}

// Controls, marks and overrides of direction, separators of lines, and codes that are no characters.
bool is_unsafe(char32_t code) {
  return code < 0x20 || (0x7F <= code && code <= 0x9F) || code == 0x61C || (0x200B <= code && code <= 0x200F) ||
         (0x2028 <= code && code <= 0x202E) || (0x2066 <= code && code <= 0x2069) || code == 0xFEFF ||
         (0xFDD0 <= code && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

std::string hexadecimal(std::string_view prefix, char32_t code, int digits) {
  std::ostringstream out;
  out << prefix << std::hex << std::uppercase << std::setfill('0') << std::setw(digits)
      << static_cast<std::uint32_t>(code);
  return out.str();
}

}  // namespace

std::string for_terminal(std::string_view bytes) {
  std::string text;
  for_each_character(bytes, [&](const Character& character) {
    if (!character.valid || (is_unsafe(character.code) && character.code < 0x80)) {
      text += hexadecimal("\\x", character.code, 2);
    } else if (is_unsafe(character.code)) {
      text += hexadecimal("\\u", character.code, 4);
    } else {
      text += character.bytes;
    }
  });
  return text;
}

std::string for_json(std::string_view bytes) {
  std::string text = "\"";
  for_each_character(bytes, [&](const Character& character) {
    if (!character.valid) {
      text += "\uFFFD";
    } else if (character.code < 0x20 || character.code == 0x7F) {
      text += hexadecimal("\\u", character.code, 4);
    } else {
      if (character.code == U'"' || character.code == U'\\') text += '\\';
      text += character.bytes;
    }
  });
  return text + '"';
}

std::string for_html(std::string_view bytes) {
  std::string text;
  for (const char c : for_terminal(bytes)) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      case '\'':
        text += "&#39;";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::string shortened(std::string_view text, std::size_t characters) {
  const std::size_t length = length_of(text);
  if (length <= characters) return std::string(text);
  const std::size_t tail = (characters - 1) / 3;
  const std::size_t head = characters - 1 - tail;
  std::string result;
  std::size_t index = 0;
  for_each_character(text, [&](const Character& character) {
    if (index == head) result += "…";
    if (index < head || index >= length - tail) result += character.bytes;
    ++index;
  });
  return result;
}

std::size_t length_of(std::string_view text) {
  std::size_t length = 0;
  for_each_character(text, [&](const Character&) { ++length; });
  return length;
}

std::string counted(std::int64_t count, std::string_view singular, std::string_view plural) {
  return grouped(count) + ' ' + std::string(count == 1 ? singular : plural);
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string percentage(std::int64_t part, std::int64_t whole) {
  std::ostringstream out;
  const double share = whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  out << std::fixed << std::setprecision(1) << share << " %";
  return out.str();
}

}  // namespace replay
