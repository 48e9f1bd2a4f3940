// SPDX-License-Identifier: Apache-2.0
#include "wide/document.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"

namespace tacho {
namespace {

const std::string kPath = TACHO_FIXTURES "/../../docs/WIDE.md";

TEST(WideDocument, IsCurrent) {
  if (std::getenv("TACHO_ACCEPT_GOLDEN") != nullptr) std::ofstream(kPath) << wide_markdown();
  const auto text = read_file(kPath);
  ASSERT_TRUE(text);
  EXPECT_TRUE(*text == wide_markdown())
      << "docs/WIDE.md is not what the code declares; TACHO_ACCEPT_GOLDEN=1 writes it anew";
}

}  // namespace
}  // namespace tacho
