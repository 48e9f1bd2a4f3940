// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace tacho {
namespace {

std::uint32_t of(std::string_view text, std::uint32_t previous = 0) {
  return crc32c(std::as_bytes(std::span(text)), previous);
}

// Check values from RFC 3720 appendix B.4 and the catalogue of CRC algorithms.
TEST(Crc32c, GivesTheStandardsCheckValues) {
  EXPECT_EQ(of("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xFF})), 0x62A8AB43u);
}

TEST(Crc32c, GoesOnWhereItStopped) { EXPECT_EQ(of("456789", of("123")), of("123456789")); }

}  // namespace
}  // namespace tacho
