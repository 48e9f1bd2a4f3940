// SPDX-License-Identifier: Apache-2.0
// Flips bits in the sealed parts of a recording, one at a time, and counts how many `verify` finds.
// The recording is as it was afterwards.
//   bench_bit_flips RECORDING [flips=1000]
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "store/testing.h"
#include "store/verify.h"

namespace {

struct Part {
  std::string path;
  std::uint64_t end = 0;  // of this part in the bytes of all of them
};

std::vector<Part> parts_of(const std::string& recording) {
  std::vector<Part> parts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(recording))
    if (entry.path().extension() == ".parquet") parts.push_back({.path = entry.path().string()});
  std::ranges::sort(parts, {}, &Part::path);
  std::uint64_t end = 0;
  for (Part& part : parts) part.end = end += tacho::testing::size_of(part.path);
  return parts;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string recording = count > 1 ? arguments[1] : "";
  const int flips = count > 2 ? std::atoi(arguments[2]) : 1000;
  const auto whole = tacho::verify(recording);
  if (!whole || !whole->findings.empty()) {
    fmt::print(stderr, "{}\n", whole ? "the recording is damaged before anything was flipped"
                                     : whole.error().text);
    return 2;
  }
  const std::vector<Part> parts = parts_of(recording);
  if (parts.empty()) {
    fmt::print(stderr, "{} has no sealed part\n", recording);
    return 2;
  }
  std::mt19937_64 random(1);  // the same bits in every run
  int found = 0;
  for (int flip = 0; flip < flips; ++flip) {
    const std::uint64_t bit =
        std::uniform_int_distribution<std::uint64_t>(0, parts.back().end * 8 - 1)(random);
    const auto part = std::ranges::upper_bound(parts, bit / 8, {}, &Part::end);
    const std::uint64_t first = part->end - tacho::testing::size_of(part->path);
    tacho::testing::flip_bit(part->path, bit - first * 8);
    const auto damaged = tacho::verify(recording);
    found += !damaged || !damaged->findings.empty() ? 1 : 0;
    tacho::testing::flip_bit(part->path, bit - first * 8);
  }
  fmt::print("{} {}\n", found, flips);
  return 0;
}
