// SPDX-License-Identifier: Apache-2.0
#include "wide/csv_lines.h"

#include <fmt/format.h>
#include <time.h>

#include <bit>

namespace tacho::csv_lines {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds
constexpr std::string_view kUtcOffset = "+00:00";

void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

// A whole number keeps its ".0", so that a reader takes the column for one of real numbers.
std::string real_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string time_text(std::int64_t time, bool is_utc) {
  const auto seconds = static_cast<time_t>(time / kSecond);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}{}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time % kSecond, is_utc ? kUtcOffset : "");
}

std::optional<std::int64_t> parse_time_text(std::string_view text, bool is_utc) {
  if (text.ends_with(kUtcOffset) != is_utc) return std::nullopt;
  if (is_utc) text.remove_suffix(kUtcOffset.size());
  const std::string whole(text);
  tm parts{};
  const char* rest = strptime(whole.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t micro = 0, digits = 0;
  if (*rest == '.')
    for (++rest; *rest >= '0' && *rest <= '9' && digits < 6; ++rest, ++digits)
      micro = micro * 10 + (*rest - '0');
  if (*rest != '\0') return std::nullopt;
  for (; digits < 6; ++digits) micro *= 10;
  return static_cast<std::int64_t>(timegm(&parts)) * kSecond + micro;
}

void append_header(std::string& out, std::span<const WideColumn> columns) {
  for (std::size_t index = 0; index < columns.size(); ++index) {
    if (index > 0) out.push_back(',');
    append_field(out, columns[index].name);
  }
  out.push_back('\n');
}

std::string value_text(const WideColumn& column, const WideCell& cell, const WideRow& row) {
  if (column.type == Type::real) return real_text(std::bit_cast<double>(cell.word));
  if (column.type == Type::text) return std::string(row.text(cell));
  return std::to_string(static_cast<std::int64_t>(cell.word));
}

void append_row(std::string& out, std::int64_t time, bool is_utc,
                std::span<const WideColumn> columns, std::span<const WideCell* const> cells,
                const WideRow& row) {
  out.append(time_text(time, is_utc));
  for (std::size_t index = 1; index < columns.size(); ++index) {
    out.push_back(',');
    if (cells[index] == nullptr) continue;
    std::string text = value_text(columns[index], *cells[index], row);
    constexpr std::string_view kFormula = "=+-@\t\r";
    if (columns[index].type == Type::text && !text.empty() &&
        kFormula.find(text.front()) != std::string_view::npos)
      text.insert(0, "'");
    append_field(out, text);
  }
  out.push_back('\n');
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t index = 0; index < line.size(); ++index) {
    const char c = line[index];
    if (c == '"') {
      if (quoted && index + 1 < line.size() && line[index + 1] == '"')
        fields.back().push_back(line[index++]);
      else
        quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

}  // namespace tacho::csv_lines
