// SPDX-License-Identifier: Apache-2.0
// A column beside the kernel's word for it: tables that follow a file which names its figures
// declare both in one line, and cannot get out of step. A table that is one such file needs no more
// than its columns: NamedFile says what is read, follow_named_file reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "collectors/collector.h"
#include "kernel/root.h"
#include "schema/table.h"

namespace tacho {

struct NamedColumn {
  std::string_view name;  // in the kernel's file
  Column column;
};

template <std::size_t size>
constexpr std::array<Column, size> columns_of(const NamedColumn (&named)[size]) {
  std::array<Column, size> columns{};
  for (std::size_t i = 0; i < size; ++i) columns[i] = named[i].column;
  return columns;
}

template <std::size_t size>
constexpr std::array<std::string_view, size> names_of(const NamedColumn (&named)[size]) {
  std::array<std::string_view, size> names{};
  for (std::size_t i = 0; i < size; ++i) names[i] = named[i].name;
  return names;
}

struct NamedFile {
  const Table& table;
  std::span<const std::string_view> names;  // one for each column
  const char* path;                         // below the root
  Records records;
  // Whether a figure that no column holds is told: where the table means to have all of them, it
  // is of a newer kernel, and not lost without a word.
  enum class Holds : std::uint8_t { all, chosen } holds;
};

// A row a turn. Columns in bytes are KiB in the file. `file` must be static.
Result<std::unique_ptr<Collector>> follow_named_file(const NamedFile& file,
                                                     const CollectorEnvironment& environment);

}  // namespace tacho
