// SPDX-License-Identifier: Apache-2.0
#include "ledger/taskstats.h"

#include <gtest/gtest.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace tacho {
namespace {

constexpr int kThread = 51;
constexpr int kProcess = 50;

taskstats stats_of_thread() {
  taskstats stats{};
  stats.version = 13;
  stats.ac_exitcode = 0x700;
  stats.ac_flag = AGROUP;
  stats.ac_tgid = kProcess;
  stats.ac_tgetime = 9'000;
  stats.ac_etime = 8'000;
  stats.ac_ppid = 7;
  std::strcpy(stats.ac_comm, "compiler");
  stats.cpu_run_virtual_total = 5'000'000;
  stats.cpu_delay_total = 1'000'000;
  stats.blkio_delay_total = 2'000'000;
  stats.ac_utime = 3'000;
  stats.ac_stime = 1'000;
  stats.hiwater_rss = 20'480;
  stats.read_bytes = 4096;
  stats.write_bytes = 8192;
  stats.read_char = 1024;
  stats.read_syscalls = 3;
  stats.ac_minflt = 11;
  stats.ac_majflt = 12;
  stats.nvcsw = 13;
  stats.nivcsw = 14;
  return stats;
}

// The first `size` bytes of the struct, zeros behind what we know of it.
void append_aggregate(std::vector<std::byte>& payload, std::uint16_t type, std::uint16_t pid_type,
                      std::uint32_t pid, const taskstats& stats, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::memcpy(bytes.data(), &stats, std::min(size, sizeof stats));
  std::vector<std::byte> nested;
  append_attribute(nested, pid_type, std::as_bytes(std::span(&pid, 1)));
  append_attribute(nested, TASKSTATS_TYPE_NULL, {});
  append_attribute(nested, TASKSTATS_TYPE_STATS, bytes);
  append_attribute(payload, type, nested);
}

std::vector<std::byte> record_of(const taskstats& stats, std::size_t size = sizeof(taskstats)) {
  const genlmsghdr header{.cmd = TASKSTATS_CMD_NEW, .version = 1};
  std::vector<std::byte> payload(sizeof header);
  std::memcpy(payload.data(), &header, sizeof header);
  append_aggregate(payload, TASKSTATS_TYPE_AGGR_PID, TASKSTATS_TYPE_PID, kThread, stats, size);
  return payload;
}

TEST(Taskstats, ReadsAThreadsAccount) {
  const TaskRecord record = parse_taskstats(record_of(stats_of_thread())).value();
  EXPECT_EQ(record.pid, kThread);
  EXPECT_EQ(record.process, kProcess);
  EXPECT_TRUE(record.is_last);
  EXPECT_FALSE(record.sum);
  EXPECT_EQ(record.parent_pid, 7);
  EXPECT_EQ(record.status, 0x700U);
  EXPECT_EQ(record.command, "compiler");
  EXPECT_EQ(record.age, 9'000'000);
  EXPECT_EQ(record.cpu, 5'000'000);
  EXPECT_EQ(record.user, 3'000);
  EXPECT_EQ(record.system, 1'000);
  EXPECT_EQ(record.memory_peak, 20 << 20);
  EXPECT_EQ(record.disk_io_read, 4096);
  EXPECT_EQ(record.disk_io_write, 8192);
  EXPECT_EQ(record.io_read, 1024);
  EXPECT_EQ(record.calls_read, 3);
  EXPECT_EQ(record.faults_minor, 11);
  EXPECT_EQ(record.faults_major, 12);
  EXPECT_EQ(record.switches_voluntary, 13);
  EXPECT_EQ(record.switches_involuntary, 14);
  EXPECT_EQ(record.delay_cpu, 1'000'000);
  EXPECT_EQ(record.delay_block, 2'000'000);
}

TEST(Taskstats, TakesTheAgeForTheCpuTimeOfAThreadThatNeverSlept) {
  taskstats stats = stats_of_thread();
  stats.nvcsw = 0;
  EXPECT_EQ(parse_taskstats(record_of(stats))->cpu, 8'000'000 - 1'000'000);
  stats.ac_etime = 60'000;  // more than a tick from what is counted: it was frozen, or the like
  EXPECT_EQ(parse_taskstats(record_of(stats))->cpu, 5'000'000);
  stats.ac_etime = 1'000;
  EXPECT_EQ(parse_taskstats(record_of(stats))->cpu, 5'000'000);
}

TEST(Taskstats, ReadsLongerStructsOfNewerKernels) {
  taskstats stats = stats_of_thread();
  stats.version = 99;
  const auto record = parse_taskstats(record_of(stats, sizeof stats + 400));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->cpu, 5'000'000);
  EXPECT_EQ(record->process, kProcess);
}

TEST(Taskstats, SaysNotWhoseThreadItWasWhereTheKernelDoesNot) {
  taskstats stats = stats_of_thread();
  stats.version = 10;
  stats.ac_exitcode = 0;  // which only a process's first thread has there
  const auto record = parse_taskstats(record_of(stats, offsetof(taskstats, ac_tgid)));
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->process);
  EXPECT_FALSE(record->is_last);
  EXPECT_FALSE(record->status);
  EXPECT_EQ(record->age, 8'000'000);
  EXPECT_EQ(record->switches_involuntary, 14);
  // Of a version that has it, but cut before it.
  stats.version = 12;
  EXPECT_FALSE(parse_taskstats(record_of(stats, offsetof(taskstats, ac_tgid)))->process);
  EXPECT_FALSE(parse_taskstats(record_of(stats, offsetof(taskstats, nivcsw))));
}

TEST(Taskstats, ReadsTheKernelsSumOfAProcess) {
  std::vector<std::byte> payload = record_of(stats_of_thread());
  taskstats sum{};
  sum.cpu_run_virtual_total = 77;
  sum.cpu_delay_total = 78;
  append_aggregate(payload, TASKSTATS_TYPE_AGGR_TGID, TASKSTATS_TYPE_TGID, kProcess, sum, sizeof sum);
  const auto record = parse_taskstats(payload);
  ASSERT_TRUE(record && record->sum);
  EXPECT_EQ(record->pid, kThread);
  EXPECT_EQ(record->sum->pid, kProcess);
  EXPECT_EQ(record->sum->cpu, 77);
  EXPECT_EQ(record->cpu, 5'000'000);
}

TEST(Taskstats, IgnoresWhatIsCutOrForeign) {
  const std::vector<std::byte> whole = record_of(stats_of_thread());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse_taskstats(cut)) << size;
  }
  std::vector<std::byte> other = whole;
  other.front() = std::byte{TASKSTATS_CMD_GET};
  EXPECT_FALSE(parse_taskstats(other));
}

}  // namespace
}  // namespace tacho
