// SPDX-License-Identifier: Apache-2.0
// What the sources over netlink lose, and where they are refused.
#include <sched.h>

#include "ledger/connector.h"
#include "ledger/life_testing.h"
#include "ledger/netlink_source.h"
#include "ledger/taskstats.h"

namespace tacho {
namespace {

// Two readers at once, one with hardly any room: what it received and what it lost is what the other
// received. What happens between the two being asked makes them differ: then again.
template <class Reader, class Read>
void expect_exact_losses(const Read& received) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    auto large = Reader::open(64 << 20);
    if (!large) GTEST_SKIP() << large.error().text;
    auto small = Reader::open(1);
    ASSERT_TRUE(small) << small.error().text;
    received(*large);
    received(*small);
    const std::int64_t lost_before = small->lost().value();
    for (int child = 0; child < 100; ++child) wait_for(start([] { _exit(0); }));
    const std::int64_t small_received = received(*small);
    const std::int64_t lost = small->lost().value() - lost_before;
    const std::int64_t all = received(*large);
    ASSERT_EQ(large->lost(), 0);
    ASSERT_GT(lost, 0);
    if (small_received + lost == all) return;
  }
  FAIL() << "received and lost were never what happened";
}

TEST(Connector, CountsExactlyWhatItLost) {
  expect_exact_losses<Connector>([](Connector& reader) {
    std::int64_t count = 0;
    reader.read([&count](const ConnectorEvent&) { ++count; });
    return count;
  });
}

TEST(Taskstats, CountsExactlyWhatItLost) {
  expect_exact_losses<Taskstats>([](Taskstats& reader) {
    std::int64_t count = 0;
    reader.read([&count](const TaskRecord&) { ++count; });
    return count;
  });
}

// The error that opening gives in a child after `enter`, as its code; -1 for none.
template <class Open>
int error_after(const std::function<bool()>& enter, const Open& open) {
  const pid_t pid = start([&] {
    if (!enter()) _exit(200);
    const auto source = open();
    _exit(source ? 100 : static_cast<int>(source.error().code));
  });
  return wait_for(pid).exit_code();
}

constexpr int kOpened = 100;
constexpr int kNotEntered = 200;

TEST(NetlinkRefusals, SayThatAPidNamespaceIsNotTheFirst) {
  const auto enter = [] {
    if (unshare(CLONE_NEWPID) != 0) return false;
    const pid_t inner = fork();
    if (inner == 0) return true;
    int status = 0;
    waitpid(inner, &status, 0);
    _exit(WEXITSTATUS(status));
  };
  const int connector = error_after(enter, open_connector);
  if (connector == kNotEntered) GTEST_SKIP() << "no right to make a namespace";
  EXPECT_EQ(connector, static_cast<int>(ErrorCode::absent));
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::absent));
}

TEST(NetlinkRefusals, SayThatANetworkNamespaceIsNotTheFirst) {
  const auto enter = [] { return unshare(CLONE_NEWNET) == 0; };
  const int connector = error_after(enter, open_connector);
  if (connector == kNotEntered) GTEST_SKIP() << "no right to make a namespace";
  EXPECT_EQ(connector, static_cast<int>(ErrorCode::absent));
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::absent));
}

TEST(NetlinkRefusals, SayThatARightIsMissing) {
  if (geteuid() != 0) GTEST_SKIP() << "not root";
  const auto enter = [] { return setgid(65534) == 0 && setuid(65534) == 0; };
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::denied));
  const int connector = error_after(enter, open_connector);
  EXPECT_TRUE(connector == kOpened || connector == static_cast<int>(ErrorCode::denied)) << connector;
}

}  // namespace
}  // namespace tacho
