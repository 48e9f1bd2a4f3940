// SPDX-License-Identifier: Apache-2.0
// What a recording is labelled with, by its user (--label) and by the job that it was made in.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tacho {

// Keys are words (a letter, then letters, digits, '_', '-' and '.'); values are escaped.
using Labels = std::map<std::string, std::string, std::less<>>;

// Labels are for telling recordings apart, in lists: not for texts.
inline constexpr std::size_t kLongestLabelKey = 64;
inline constexpr std::size_t kLongestLabelValue = 256;
inline constexpr std::size_t kMostLabels = 64;

// Takes "key=value", in place of one of the same key. `invalid` with an example that is right.
Result<void> add_label(Labels& labels, std::string_view text);

// "ci=github, slurm.job=4711".
std::string text_of(const Labels& labels);

}  // namespace tacho
