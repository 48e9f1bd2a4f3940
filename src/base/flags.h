// SPDX-License-Identifier: Apache-2.0
// One way to read a command line.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tacho {

// A long option. `take` gets its value ("" when it has none).
struct Flag {
  std::string_view name;  // without the dashes
  enum class Value : std::uint8_t { none, required } value;
  std::function<Result<void>(std::string_view value)> take;
  std::string initial = {};  // what holds where nothing is said; empty: nothing does
};

// Takes that set a variable.
std::function<Result<void>(std::string_view)> set_true(bool& place);
std::function<Result<void>(std::string_view)> set_text(std::string& place);

// Takes the options off a command line ("--name value", "--name=value"; "--" ends them) and returns
// the other words in order. An unknown option, a missing value and one that `take` refuses
// are errors that name the option. "-h" is
// "--help" and "-o" is "--output"; there are no other short ones.
// `options_first`: the first word that is no option ends them, as before a command to be run.
enum class Order : std::uint8_t { free, options_first };
Result<std::vector<std::string>> parse_flags(int argc, char** argv, std::span<const Flag> flags,
                                             Order order = Order::free);

}  // namespace tacho
