// SPDX-License-Identifier: Apache-2.0
// A column beside the kernel's word for it: tables that follow a file which names its figures
// declare both in one line, and cannot get out of step.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

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

}  // namespace tacho
