// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(System, HasLoadTasksAndSwitches) {
  Machine machine;
  machine.write("proc/stat", "cpu  1 2\nintr 90 1\nctxt 115315\nprocesses 2317\nprocs_running 2\n"
                             "procs_blocked 1\n");
  machine.write("proc/loadavg", "0.20 1.18 10.05 1/80 11206\n");
  Watch system("system", machine);
  ASSERT_TRUE(system.turn());
  ASSERT_EQ(system.size(), 1u);
  EXPECT_DOUBLE_EQ(system.real(0, "load_1m").value(), 0.2);
  EXPECT_DOUBLE_EQ(system.real(0, "load_15m").value(), 10.05);
  EXPECT_EQ(system.number(0, "task_count"), 80);
  EXPECT_EQ(system.number(0, "process_running"), 2);
  EXPECT_EQ(system.number(0, "process_blocked"), 1);
  EXPECT_EQ(system.number(0, "process_created"), 2317);
  EXPECT_EQ(system.number(0, "context_switches"), 115315);
  EXPECT_EQ(system.number(0, "interrupts"), 90);
}

TEST(System, HasARowEvenWhenNothingCanBeRead) {
  Machine machine("debian-vm");
  Watch system("system", machine);
  for (const char* file : {"proc/stat", "proc/loadavg"}) machine.write(file, "");
  ASSERT_TRUE(system.turn());
  ASSERT_EQ(system.size(), 1u);
  EXPECT_FALSE(system.real(0, "load_1m"));
  EXPECT_FALSE(system.number(0, "context_switches"));
}

}  // namespace
}  // namespace tacho
