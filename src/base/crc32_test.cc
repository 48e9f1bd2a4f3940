// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <gtest/gtest.h>

#include <string_view>

namespace tacho {
namespace {

std::uint32_t of(std::string_view text, std::uint32_t previous = 0) {
  return crc32(std::as_bytes(std::span(text)), previous);
}

TEST(Crc32, IsTheOneOfZipFiles) {
  EXPECT_EQ(of(""), 0U);
  EXPECT_EQ(of("123456789"), 0xCBF43926U);  // the check value that every catalogue names
  EXPECT_EQ(of("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

TEST(Crc32, GoesOnFromWhatWasBefore) {
  constexpr std::string_view kText = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut)
    EXPECT_EQ(of(kText.substr(cut), of(kText.substr(0, cut))), 0x414FA339U) << cut;
}

}  // namespace
}  // namespace tacho
