// SPDX-License-Identifier: Apache-2.0
// Options that several commands of tacho take, and one way to read a command line.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "recorder/recorder.h"

namespace tacho {

// A long option. `take` gets its value ("" when it has none).
struct Flag {
  std::string_view name;  // without the dashes
  enum class Value : std::uint8_t { none, required } value;
  std::function<Result<void>(std::string_view value)> take;
};

// Takes the options off a command line ("--name value", "--name=value"; "--" ends them) and returns
// the other words in order. An unknown option or a missing value is an error that names it.
// `options_first`: the first word that is no option ends them, as before a command to be run.
enum class Order : std::uint8_t { free, options_first };
Result<std::vector<std::string>> parse_flags(int argc, char** argv, std::span<const Flag> flags,
                                             Order order = Order::free);

// --interval --output --name --only --without --set, which `run` and `record` share.
std::vector<Flag> recorder_flags(RecorderOptions& options);
// Whether the tables and settings named exist.
Result<void> check_recorder_options(const RecorderOptions& options);

}  // namespace tacho
