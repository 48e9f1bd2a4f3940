// SPDX-License-Identifier: Apache-2.0
#include "ledger/connector.h"

#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>

#include <cstring>
#include <vector>

namespace tacho {
namespace {

using Kind = ConnectorEvent::Kind;

std::vector<std::byte> payload_of(const proc_event& event, std::uint16_t length = sizeof(proc_event),
                                  std::uint32_t subject = CN_IDX_PROC) {
  const cn_msg message{.id = {.idx = subject, .val = CN_VAL_PROC}, .len = length};
  std::vector<std::byte> payload(sizeof message + sizeof event);
  std::memcpy(payload.data(), &message, sizeof message);
  std::memcpy(payload.data() + sizeof message, &event, sizeof event);
  return payload;
}

proc_event event_of(decltype(proc_event::what) what) {
  proc_event event{};
  event.what = what;
  event.cpu = 1;
  event.timestamp_ns = 123'456'789'012;
  return event;
}

proc_event exit_of(int thread, int process, std::uint32_t status) {
  proc_event event = event_of(proc_event::PROC_EVENT_EXIT);
  event.event_data.exit.process_pid = thread;
  event.event_data.exit.process_tgid = process;
  event.event_data.exit.exit_code = status;
  event.event_data.exit.parent_tgid = 7;
  return event;
}

TEST(Connector, ReadsBirthsExecsAndExits) {
  proc_event fork = event_of(proc_event::PROC_EVENT_FORK);
  fork.event_data.fork = {.parent_pid = 43, .parent_tgid = 42, .child_pid = 50, .child_tgid = 50};
  const auto born = parse_connector(payload_of(fork)).value();
  EXPECT_EQ(born.kind, Kind::fork);
  EXPECT_EQ(born.pid, 50);
  EXPECT_EQ(born.parent_pid, 42);
  EXPECT_EQ(born.monotonic, 123'456'789'012);

  proc_event exec = event_of(proc_event::PROC_EVENT_EXEC);
  exec.event_data.exec = {.process_pid = 51, .process_tgid = 50};
  EXPECT_EQ(parse_connector(payload_of(exec))->kind, Kind::exec);
  EXPECT_EQ(parse_connector(payload_of(exec))->pid, 50);

  const auto leader = parse_connector(payload_of(exit_of(50, 50, 0x700))).value();
  EXPECT_EQ(leader.kind, Kind::leader_exit);
  EXPECT_EQ(leader.status, 0x700U);
  EXPECT_EQ(leader.parent_pid, 7);
  const auto thread = parse_connector(payload_of(exit_of(51, 50, 0))).value();
  EXPECT_EQ(thread.kind, Kind::thread_exit);
  EXPECT_EQ(thread.pid, 50);
  EXPECT_EQ(thread.thread, 51);
}

TEST(Connector, IgnoresThreadsBornAndEverythingElse) {
  proc_event fork = event_of(proc_event::PROC_EVENT_FORK);
  fork.event_data.fork = {.parent_pid = 42, .parent_tgid = 42, .child_pid = 51, .child_tgid = 50};
  EXPECT_FALSE(parse_connector(payload_of(fork)));
  for (const auto what : {proc_event::PROC_EVENT_NONE, proc_event::PROC_EVENT_UID, proc_event::PROC_EVENT_COMM,
                          proc_event::PROC_EVENT_COREDUMP, static_cast<decltype(proc_event::what)>(0x800)})
    EXPECT_FALSE(parse_connector(payload_of(event_of(what))));
  EXPECT_FALSE(parse_connector(payload_of(exit_of(50, 50, 0), sizeof(proc_event), CN_IDX_CIFS)));
  EXPECT_FALSE(parse_connector(payload_of(exit_of(0, 0, 0))));
  EXPECT_FALSE(parse_connector(payload_of(exit_of(-1, -1, 0))));
}

TEST(Connector, IgnoresMessagesThatAreShorterThanTheySay) {
  const std::vector<std::byte> whole = payload_of(exit_of(50, 50, 0));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse_connector(cut)) << size;
  }
  EXPECT_FALSE(parse_connector(payload_of(exit_of(50, 50, 0), 4)));
  EXPECT_FALSE(parse_connector(payload_of(exit_of(50, 50, 0), UINT16_MAX)));
}

TEST(Connector, ReadsTheExitsOfKernelsThatSayNoParentAndOfLongerEvents) {
  proc_event event = exit_of(50, 50, 9);
  event.event_data.exit.parent_tgid = 0;
  EXPECT_FALSE(parse_connector(payload_of(event))->parent_pid);
  std::vector<std::byte> longer = payload_of(exit_of(50, 50, 9), sizeof(proc_event) + 32);
  longer.resize(longer.size() + 32);
  EXPECT_EQ(parse_connector(longer)->status, 9U);
}

}  // namespace
}  // namespace tacho
