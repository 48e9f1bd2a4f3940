// SPDX-License-Identifier: Apache-2.0
#include "collectors/tables_document.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <span>
#include <string_view>

#include "collectors/registry.h"

namespace tacho {
namespace {

constexpr std::string_view kHead =
    "# The tables of a recording\n"
    "\n"
    "Generated from the code; `TACHO_ACCEPT_GOLDEN=1 build/test_collectors` writes it.\n"
    "\n"
    "Every row of every table begins with the three columns below. Tables join on `tick`; order\n"
    "and intervals go by `boottime`. A counter only grows: its rate is derived when somebody\n"
    "looks. A figure that could not be had is null, never 0. Units are UCUM codes, and stand in\n"
    "the metadata of each column, as do kind, help and the OpenTelemetry name where there is one.\n"
    "\n";

// A cell may hold no bar and no line's end.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

void append_columns(std::string& out, std::span<const Column> columns) {
  out += "| Column | Type | Kind | Unit | Meaning | OpenTelemetry |\n|---|---|---|---|---|---|\n";
  for (const Column& column : columns) {
    const std::string otel = column.otel.empty() ? "" : "`" + cell(column.otel) + "`";
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} | {} | {} |\n", column.name,
                   name_of(column.type), name_of(column.kind), ucum_of(column.unit),
                   cell(column.help), otel);
  }
  out += "\n";
}

std::string pace_of(const CollectorInfo& info) {
  if (info.cadence == Nanoseconds::zero()) return "at every tick";
  return fmt::format("every {:g} s at most", std::chrono::duration<double>(info.cadence).count());
}

void append_collector(std::string& out, const CollectorInfo& info) {
  const bool own_thread = info.runs == CollectorInfo::Runs::in_own_thread;
  for (const Table* table : info.tables) {
    fmt::format_to(std::back_inserter(out), "## {}\n\n{}\n\nSpeaks of the {}; read {}{}.\n\n",
                   table->name, table->help, table->scope, pace_of(info),
                   own_thread ? ", in a thread of its own" : "");
    if (table == info.tables.front()) {
      for (const Option& option : info.options)
        fmt::format_to(std::back_inserter(out), "- `--set {}.{}={}` (the default): {}\n",
                       info.name(), option.name, option.default_value, option.help);
      if (!info.options.empty()) out += "\n";
    }
    append_columns(out, table->columns);
  }
}

}  // namespace

std::string tables_markdown() {
  std::string out(kHead);
  append_columns(out, kStamp);
  out += "| Table | What it holds |\n|---|---|\n";
  for (const Table* table : all_tables())
    fmt::format_to(std::back_inserter(out), "| [{0}](#{0}) | {1} |\n", table->name,
                   cell(table->help));
  out += "\n";
  for (const CollectorInfo* info : all_collectors()) append_collector(out, *info);
  out.pop_back();  // the empty line after the last table
  return out;
}

}  // namespace tacho
