// SPDX-License-Identifier: Apache-2.0
// tacho tables: tables, their columns and options, from the declarations themselves.
#include <fmt/format.h>

#include "apps/tacho/command.h"
#include "base/flags.h"
#include "base/text.h"
#include "collectors/registry.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;

void print_columns(std::span<const Column> columns) {
  for (const Column& column : columns)
    fmt::print("  {:<30} {:<8} {:<5} {}\n", column.name, name_of(column.kind), ucum_of(column.unit),
               column.help);
}

bool print_table(std::string_view name) {
  for (const CollectorInfo* info : all_collectors())
    for (const Table* table : info->tables) {
      if (table->name != name) continue;
      fmt::print("{}: {}\n\n", table->name, table->help);
      print_columns(kStamp);
      print_columns(table->columns);
      if (!info->options.empty()) fmt::print("\nOptions (--set {}.OPTION=VALUE):\n", info->name());
      for (const Option& option : info->options)
        fmt::print("  {:<30} {} (default {})\n", option.name, option.help, option.default_value);
      return true;
    }
  return false;
}

}  // namespace

int command_tables(int argc, char** argv) {
  bool help = false;
  const Flag flags[] = {{"help", Flag::Value::none, set_true(help)}};
  const auto words = parse_flags(argc, argv, flags);
  if (!words || words->size() > 1) {
    fmt::print(stderr, "tacho tables: {}\nTry 'tacho tables --help'.\n",
               words ? "one table is wanted, or none" : words.error().text);
    return kUsageError;
  }
  if (help) {
    fmt::print("Usage: tacho tables [TABLE]\n\nAll tables, or the columns and options of one.\n");
    return 0;
  }
  if (words->empty()) {
    for (const Table* table : all_tables()) fmt::print("{:<17} {}\n", table->name, table->help);
    return 0;
  }
  if (print_table(words->front())) return 0;
  fmt::print(stderr, "tacho tables: there is no table '{}'; 'tacho tables' lists them\n",
             escaped(words->front(), 80));
  return kUsageError;
}

}  // namespace tacho
