// SPDX-License-Identifier: Apache-2.0
// The command line of tacho ps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/reader/view_flags.h"
#include "views/ps/sums.h"

namespace tacho {

struct PsOptions {
  ViewOptions view;
  std::string recording, at, find, from, to, sort;
  std::optional<std::int64_t> pid;
  std::optional<std::size_t> limit;
  bool reverse = false, verbose = false;
  // Which view; none of them: the tree.
  bool exited = false;
  std::optional<SumBy> by;
  std::optional<std::string> diff_first, diff_second;

  bool is_of_ledger() const { return exited || by || diff_first; }
};

extern const std::string_view kPsHelp;
// `invalid` with an example that is right.
Result<PsOptions> parse_ps(int argc, char** argv);

}  // namespace tacho
