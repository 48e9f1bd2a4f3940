// SPDX-License-Identifier: Apache-2.0
#include "foreign/guess.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <vector>

#include "schema/table.h"

namespace tacho {
namespace {

struct Ending {
  std::string_view word, unit;
};
// Of the last word of a name.
constexpr Ending kUnits[] = {
    {"bytes", "By"}, {"byte", "By"},     {"kb", "{kB}"},   {"kib", "KiBy"},
    {"mb", "{MB}"},  {"mib", "MiBy"},    {"gb", "{GB}"},   {"gib", "GiBy"},
    {"tb", "{TB}"},  {"percent", "%"},   {"pct", "%"},     {"perc", "%"},
    {"ns", "ns"},    {"us", "us"},       {"ms", "ms"},     {"s", "s"},
    {"sec", "s"},    {"secs", "s"},      {"seconds", "s"}, {"minutes", "min"},
    {"hours", "h"},  {"celsius", "Cel"}, {"temp", "Cel"},  {"temperature", "Cel"},
    {"watts", "W"},  {"joules", "J"},    {"hz", "Hz"},     {"mhz", "MHz"},
    {"ghz", "GHz"},  {"volts", "V"},     {"amps", "A"},    {"rpm", "{rpm}"},
    {"count", "1"},  {"total", ""}};
// With one of these words a number says how it is now, even when it only rises.
constexpr std::string_view kGaugeWords[] = {
    "used",    "free",    "available", "avail",       "usage",   "util",      "utilization",
    "percent", "pct",     "temp",      "temperature", "rate",    "load",      "current",
    "level",   "size",    "limit",     "max",         "min",     "avg",       "mean",
    "average", "memory",  "mem",       "rss",         "vms",     "swap",      "speed",
    "power",   "voltage", "frequency", "freq",        "threads", "processes", "open",
    "active",  "loss",    "lr",        "id",          "pid",     "value",     "score",
    "sec",     "age",     "uptime",    "delay",       "latency", "gb",        "mb"};
// With fewer steps up a gauge may well have risen by chance.
constexpr std::uint64_t kFewestUps = 8;
// A counter that began anew now and then is one all the same, if it is named so.
constexpr std::uint64_t kUpsForEachReset = 100;
// Whole numbers that name things, in files where several rows have one time.
constexpr std::string_view kKeyWords[] = {"id",    "pid",      "cpu",  "core",   "gpu",    "device",
                                          "index", "rank",     "node", "cpu_id", "gpu_id", "tid",
                                          "host",  "instance", "port", "numa"};

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '%')
      words.back().push_back(static_cast<char>(std::tolower(byte)));
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool is_rate(const std::vector<std::string>& words) {
  const std::size_t size = words.size();
  return size >= 2 && words[size - 2] == "per" &&
         (words.back() == "sec" || words.back() == "second" || words.back() == "s");
}

std::string unit_of_word(const std::string& word) {
  const auto* found = std::ranges::find(kUnits, word, &Ending::word);
  return found == std::end(kUnits) ? "" : std::string(found->unit);
}

bool is_any(const std::vector<std::string>& words, const auto& list) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::find(list, std::string_view(word)) != std::end(list);
  });
}

// What the file says itself.
std::optional<Kind> kind_of(std::string_view name) {
  for (const Kind kind : {Kind::key, Kind::counter, Kind::gauge, Kind::text})
    if (name_of(kind) == name) return kind;
  return std::nullopt;
}

std::string lower(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_named_key(const SurveyedColumn& column) {
  return column.type_of() == Type::integer &&
         std::ranges::find(kKeyWords, std::string_view(lower(column.name))) != std::end(kKeyWords);
}

bool is_named_total(const SurveyedColumn& column) {
  const std::vector<std::string> words = words_of(column.name);
  return !words.empty() && words.back() == "total" && column.type_of() != Type::text;
}

}  // namespace

std::string unit_by_name(std::string_view name) {
  std::vector<std::string> words = words_of(name);
  if (words.empty()) return "";
  if (name.ends_with('%')) return "%";
  if (is_rate(words)) {
    words.resize(words.size() - 2);
    const bool is_bytes = std::ranges::find(words, "bytes") != words.end();
    std::string unit = is_bytes ? "By" : unit_by_name(words.empty() ? "" : words.back());
    return (unit.empty() ? "1" : unit) + "/s";
  }
  // "read_bytes_total", "net_bytes_sent": the unit stands before it.
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    if (*word == "bytes") return "By";
    if (word != words.rbegin() && *std::prev(word) != "total") break;
    if (const std::string unit = unit_of_word(*word); !unit.empty()) return unit;
  }
  return std::ranges::find(words, "bytes") != words.end() ? "By" : "";
}

bool is_counter(const SurveyedColumn& column) {
  const ColumnProfile& profile = column.profile;
  if (column.type_of() != Type::integer && column.type_of() != Type::real) return false;
  const std::vector<std::string> words = words_of(column.name);
  if (words.empty() || is_rate(words) || profile.ups < 1 || profile.low < 0) return false;
  if (words.back() == "total") return profile.downs * kUpsForEachReset <= profile.ups;
  const bool is_whole = column.type_of() == Type::integer;
  return is_whole && profile.downs == 0 && profile.ups >= kFewestUps && !is_any(words, kGaugeWords);
}

PlannedColumn guessed_column(const Survey& survey, std::size_t index) {
  const SurveyedColumn& column = survey.columns[index];
  PlannedColumn planned{
      .name = column.name, .type = column.type_of(), .help = "As it stands in the file."};
  if (const auto kind = kind_of(column.kind)) {
    planned.kind = *kind;
    planned.unit = column.unit;
    if (!column.help.empty()) planned.help = column.help;
    return planned;
  }
  const bool is_text = planned.type == Type::text;
  planned.kind = is_text || planned.type == Type::timestamp ? Kind::text : Kind::gauge;
  if (survey.is_long()) {
    if (is_text || is_named_key(column))
      planned.kind = Kind::key;
    else if (is_named_total(column))
      planned.kind = Kind::counter;
  } else if (is_counter(column)) {
    planned.kind = Kind::counter;
  }
  if (planned.kind == Kind::gauge || planned.kind == Kind::counter)
    planned.unit = unit_by_name(column.name);
  if (planned.type == Type::timestamp) planned.unit = "ns";
  return planned;
}

bool is_stamp_name(std::string_view name) {
  return std::ranges::find(kStamp, name, &Column::name) != std::end(kStamp);
}

}  // namespace tacho
