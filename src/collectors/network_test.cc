// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Network, HasEveryFigureOfAnInterface) {
  const Captured machine("amd-desktop");
  Watch network("network", machine);
  ASSERT_TRUE(network.turn());
  ASSERT_EQ(network.size(), 1u);
  EXPECT_EQ(network.text(0, "interface"), "enp5s0");
  EXPECT_EQ(network.number(0, "io_receive"), 1844674407370955161);
  EXPECT_EQ(network.number(0, "packet_count_receive"), 123456);
  EXPECT_EQ(network.number(0, "errors_receive"), 1);
  EXPECT_EQ(network.number(0, "packet_dropped_receive"), 2);
  EXPECT_EQ(network.number(0, "multicast_receive"), 6);
  EXPECT_EQ(network.number(0, "io_transmit"), 7654321);
  EXPECT_EQ(network.number(0, "collisions"), 10);
  EXPECT_EQ(network.number(0, "compressed_transmit"), 12);
  EXPECT_EQ(network.text(0, "state"), "up");
  EXPECT_EQ(network.number(0, "speed"), std::int64_t{2500} * 125'000);
  EXPECT_EQ(network.number(0, "carrier_changes"), 4);
}

TEST(Network, ReadsTheLinkEveryTenSeconds) {
  const Captured machine("amd-desktop");
  Watch network("network", machine);
  ASSERT_TRUE(network.turn());
  ASSERT_TRUE(network.turn());
  EXPECT_FALSE(network.text(0, "state"));
  EXPECT_FALSE(network.number(0, "speed"));
  ASSERT_TRUE(network.turn(false, std::chrono::seconds(10)));
  EXPECT_EQ(network.text(0, "state"), "up");
}

TEST(Network, HasNoSpeedWhereTheLinkHasNone) {
  const Captured machine("debian-vm");
  Watch network("network", machine);
  ASSERT_TRUE(network.turn());
  ASSERT_EQ(network.size(), 4u);
  const auto row = network.row_where("interface", "eth0");
  ASSERT_TRUE(row);
  EXPECT_EQ(network.text(*row, "state"), "up");
  EXPECT_FALSE(network.number(*row, "speed"));  // -1
  EXPECT_GT(network.number(*row, "io_receive"), 0);
}

TEST(Network, EscapesHostileNames) {
  Machine machine;
  machine.write("proc/net/dev", "h\n h\n a:0\xff: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n");
  Watch network("network", machine);
  ASSERT_TRUE(network.turn());
  ASSERT_EQ(network.size(), 1u);
  EXPECT_EQ(network.text(0, "interface"), "a:0\\xff");
  EXPECT_EQ(network.number(0, "io_transmit"), 3);
}

}  // namespace
}  // namespace tacho
