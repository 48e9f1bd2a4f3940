// SPDX-License-Identifier: Apache-2.0
#include "views/ps/ending.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

TEST(Ending, IsAStatusASignalOrUnknown) {
  EXPECT_EQ(how_ended({.exit_code = 0}), "exit 0");
  EXPECT_EQ(how_ended({.exit_code = 255}), "exit 255");
  EXPECT_EQ(how_ended({.signal = 9}), "SIGKILL");
  EXPECT_EQ(how_ended({.signal = 11, .core_dumped = 1}), "SIGSEGV, core");
  EXPECT_EQ(how_ended({}), "unknown");
  EXPECT_EQ(signal_name(34), "SIGRTMIN");
  EXPECT_EQ(signal_name(36), "SIGRTMIN+2");
  EXPECT_EQ(signal_name(4000), "signal 4000");
}

}  // namespace
}  // namespace tacho
