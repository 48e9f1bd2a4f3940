// SPDX-License-Identifier: Apache-2.0
// Tried by cmake/dependencies.cmake: whether cmake/fmt.cc holds all that our files ask of fmt.
#include <fmt/format.h>

int main(int count, char** arguments) {
  const auto text = fmt::format("{:>8} {:L} {:.3f} {:#x} {} {}", arguments[0], 12345, 0.1 * count,
                                count, 1e300 * count, 0.1F * static_cast<float>(count));
  return fmt::to_string(text.size()).empty() ? 1 : 0;
}
