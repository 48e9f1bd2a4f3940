// SPDX-License-Identifier: Apache-2.0
// For query/predicate*.cc alone: the tree of a --where. `not` is pushed down to the comparisons
// while parsing, so that a tree has only these three kinds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/predicate.h"

namespace tacho {

enum class Comparison : std::uint8_t {
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  contains,
  contains_not,
  is_null,
  is_not_null
};

std::string_view text_of(Comparison comparison);
// What `not` makes of it.
Comparison opposite(Comparison comparison);

struct Predicate::Node {
  enum class Kind : std::uint8_t { all_of, any_of, comparison } kind = Kind::comparison;
  std::vector<Node> children;

  std::string column;
  Comparison comparison = Comparison::equal;
  std::string literal;     // as written, quotes and escapes removed
  bool is_quoted = false;  // it stood in quotes

  // Set by bind.
  std::optional<Type> type;
  long double number = 0;  // holds every int64, uint64 and double exactly (64 bits of mantissa)
};

Result<Predicate::Node> parse_where(std::string_view text);

}  // namespace tacho
