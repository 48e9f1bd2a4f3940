// SPDX-License-Identifier: Apache-2.0
// Splitting the kernel's text without allocating.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tacho {

// Walks over a text's lines: for (Lines lines(text); lines.next();) use(lines.line()).
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return true;
  }
  std::string_view line() const { return line_; }

 private:
  std::string_view rest_;
  std::string_view line_;
};

// Takes fields separated by blanks, tabs or newlines off a text.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  // The next field; empty at the end.
  std::string_view word() {
    skip_blanks();
    std::size_t size = 0;
    while (size < rest_.size() && !is_blank(rest_[size])) ++size;
    const std::string_view field = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }
  void skip(int fields) {
    while (fields-- > 0) word();
  }
  // The next field as a number; nothing when it is none. Numbers beyond the range stop at it.
  std::optional<std::int64_t> number() {
    skip_blanks();
    std::size_t at = 0;
    const bool negative = at < rest_.size() && rest_[at] == '-';
    if (negative) ++at;
    const std::size_t first = at;
    std::uint64_t value = 0;
    while (at < rest_.size() && static_cast<unsigned>(rest_[at] - '0') < 10) {
      const auto digit = static_cast<std::uint64_t>(rest_[at++] - '0');
      value = value > (kLargest - digit) / 10 ? kLargest : value * 10 + digit;
    }
    if (at == first || (at < rest_.size() && !is_blank(rest_[at]))) {
      word();
      return std::nullopt;
    }
    rest_.remove_prefix(at);
    const auto result = static_cast<std::int64_t>(value);
    return negative ? -result : result;
  }
  std::string_view rest() const { return rest_; }

 private:
  static constexpr std::uint64_t kLargest = INT64_MAX;
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\0'; }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

}  // namespace tacho
