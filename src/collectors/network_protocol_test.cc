// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(NetworkProtocol, FindsFiguresByTheirNames) {
  const Captured machine("debian-vm");
  Watch protocol("network_protocol", machine);
  ASSERT_TRUE(protocol.turn());
  ASSERT_EQ(protocol.size(), 1u);
  EXPECT_GT(protocol.number(0, "tcp_segments_receive"), 1000);
  EXPECT_EQ(protocol.number(0, "tcp_retransmits"), 0);
  EXPECT_GT(protocol.number(0, "udp_datagrams_receive"), 0);
  EXPECT_EQ(protocol.number(0, "tcp_listen_drops"), 0);
  EXPECT_GT(protocol.number(0, "ip_packets_receive"), 1000);
  EXPECT_GT(protocol.number(0, "sockets"), 0);
  EXPECT_EQ(protocol.number(0, "tcp6_sockets"), 0);
  EXPECT_TRUE(protocol.number(0, "ip6_packets_receive"));
  EXPECT_TRUE(protocol.coverage().notes().empty());
}

TEST(NetworkProtocol, FollowsAChangeOfTheNames) {
  Machine machine;
  machine.write("proc/net/snmp", "Tcp: RetransSegs InSegs\nTcp: 5 100\n");
  Watch protocol("network_protocol", machine);
  ASSERT_TRUE(protocol.turn());
  EXPECT_EQ(protocol.number(0, "tcp_retransmits"), 5);
  machine.write("proc/net/snmp", "Tcp: New InSegs RetransSegs\nTcp: 1 101 6\n");
  ASSERT_TRUE(protocol.turn());
  EXPECT_EQ(protocol.number(0, "tcp_retransmits"), 6);
  EXPECT_EQ(protocol.number(0, "tcp_segments_receive"), 101);
  EXPECT_FALSE(protocol.number(0, "tcp_listen_drops"));
  EXPECT_EQ(protocol.coverage().notes().size(), 1u);  // no IPv6
}

TEST(NetworkProtocol, ReadsDetailsWhenASegmentCameOrTenSecondsPassed) {
  Machine machine;
  machine.write("proc/net/snmp", "Tcp: InSegs\nTcp: 100\n");
  machine.write("proc/net/netstat", "TcpExt: A ListenDrops B\nTcpExt: 1 7 3\n");
  Watch protocol("network_protocol", machine);
  ASSERT_TRUE(protocol.turn());
  EXPECT_EQ(protocol.number(0, "tcp_listen_drops"), 7);
  machine.write("proc/net/netstat", "TcpExt: A ListenDrops B\nTcpExt: 1 8 3\n");
  ASSERT_TRUE(protocol.turn());
  EXPECT_EQ(protocol.number(0, "tcp_listen_drops"), 7);
  machine.write("proc/net/snmp", "Tcp: InSegs\nTcp: 101\n");
  ASSERT_TRUE(protocol.turn());
  EXPECT_EQ(protocol.number(0, "tcp_listen_drops"), 8);
  machine.write("proc/net/netstat", "TcpExt: A ListenDrops B\nTcpExt: 1 9 3\n");
  ASSERT_TRUE(protocol.turn(false, std::chrono::seconds(10)));
  EXPECT_EQ(protocol.number(0, "tcp_listen_drops"), 9);
}

}  // namespace
}  // namespace tacho
