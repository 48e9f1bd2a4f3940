// SPDX-License-Identifier: Apache-2.0
#include "views/report/process_totals.h"

#include <malloc.h>

#include "views/testing.h"

namespace tacho {
namespace {

using testing::RecordingWriter;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kMiB = 1 << 20;

constexpr Column kInfoColumns[] = {process_number("process", ""), key_number("pid", ""),
                                   gauge("start_boottime", Unit::nanoseconds, ""), text("command", ""),
                                   gauge("in_command", Unit::count, "")};
constexpr Column kExitColumns[] = {
    process_number("process", ""), counter("cpu_time_user", Unit::nanoseconds, ""),
    counter("cpu_time_system", Unit::nanoseconds, ""), gauge("memory_peak", Unit::bytes, ""),
    counter("disk_io_read", Unit::bytes, ""), counter("disk_io_write", Unit::bytes, "")};
constexpr Column kProcessColumns[] = {process_number("process", ""),
                                      counter("cpu_time_user", Unit::nanoseconds, ""),
                                      gauge("memory_usage", Unit::bytes, "")};
constexpr Table kInfo{"process_info", "", kInfoColumns}, kExit{"process_exit", "", kExitColumns},
    kProcess{"process", "", kProcessColumns};

void check(const Result<void>& result) { ASSERT_TRUE(result) << result.error().text; }

std::vector<std::uint64_t> numbers_of(const LargestProcesses& largest) {
  std::vector<std::uint64_t> numbers;
  for (const ReportedProcess& process : largest.list()) numbers.push_back(process.number);
  return numbers;
}

void describe(RecordingWriter& writer, std::uint64_t number, bool in_command = false) {
  writer.rows(kInfo).append(number, static_cast<std::int64_t>(number % 32768 + 1),
                            RecordingWriter::kStartBoottime + 1, "true", in_command ? 1 : 0);
}

// What is in use on the heap; the columns of batches are not.
std::size_t heap() {
  const auto use = mallinfo2();
  return use.uordblks + use.hblkhd;
}

TEST(ProcessTotals, KeepTheLargestOfManyAndTheSumsOfAll) {
  constexpr std::uint64_t kTicks = 300, kEach = 1000, kAll = kTicks * kEach;
  testing::TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "r.tacho", {&testing::kSystem, &kInfo, &kExit});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < kTicks; ++tick) {
    writer->begin(tick);
    writer->rows(testing::kSystem).append(0);
    for (std::uint64_t number = 1 + tick * kEach; number <= (tick + 1) * kEach; ++number) {
      describe(*writer, number);
      // Every 100,000th used most CPU time, the 7th had the highest peak, the 9th wrote most.
      writer->rows(kExit).append(number, (number % 100'000 == 0 ? 900 : 1) * kMillisecond, kMillisecond,
                                 (number == 7 ? 900 : 1) * kMiB, std::int64_t{0},
                                 (number == 9 ? 900 : 1) * kMiB);
    }
    check(writer->commit());
  }
  check(writer->finish(kTicks - 1));
  const auto recording = Recording::open(folder / "r.tacho");
  ASSERT_TRUE(recording) << recording.error().text;
  const std::size_t before = heap();
  std::size_t most = before, looks = 0;
  const auto found = read_processes({.recording = *recording, .progress = [&](std::string_view) {
                                       most = std::max(most, heap());
                                       ++looks;
                                     }});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->command.count, 0U);
  const ProcessGroup& all = found->others;
  EXPECT_EQ(all.count, kAll);
  EXPECT_EQ(all.cpu, static_cast<std::int64_t>(2 * kAll + 3 * 899) * kMillisecond);
  EXPECT_EQ(all.written, static_cast<std::int64_t>(kAll + 899) * kMiB);
  EXPECT_FALSE(all.misses_io);
  // Equal ones in the order of their birth.
  EXPECT_EQ(numbers_of(all.by_cpu), (std::vector<std::uint64_t>{100'000, 200'000, 300'000, 1, 2, 3, 4, 5}));
  EXPECT_EQ(numbers_of(all.by_peak), (std::vector<std::uint64_t>{7, 1, 2}));
  EXPECT_EQ(numbers_of(all.by_io), (std::vector<std::uint64_t>{9, 1, 2}));
  EXPECT_GT(looks, 5U);
  EXPECT_LT(most - before, std::size_t{8} << 20);  // a hundred bytes for each were 30 MB
}

TEST(ProcessTotals, ForgetOneWhoseEndWasLostAndCountIt) {
  constexpr std::uint64_t kTicks = 500;
  testing::TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "r.tacho", {&testing::kSystem, &kInfo, &kProcess});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < kTicks; ++tick) {
    writer->begin(tick);
    writer->rows(testing::kSystem).append(0);
    if (tick < 2) describe(*writer, tick + 1, true);
    if (tick == 0) writer->rows(kProcess).append(std::uint64_t{1}, 5 * kMillisecond, 100 * kMiB);
    writer->rows(kProcess).append(std::uint64_t{2}, static_cast<std::int64_t>(tick) * kMillisecond,
                                  (tick == kTicks - 1 ? 150 : 10) * kMiB);
    check(writer->commit());
  }
  check(writer->finish(kTicks - 1));
  const auto recording = Recording::open(folder / "r.tacho");
  ASSERT_TRUE(recording) << recording.error().text;
  const auto found = read_processes({.recording = *recording});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->command.count, 2U);
  EXPECT_EQ(found->command.cpu, static_cast<std::int64_t>(5 + kTicks - 1) * kMillisecond);
  // Its memory is not added to that of those who lived later: 110 MiB at first, 150 at the end.
  EXPECT_EQ(found->highest_memory, 150 * kMiB);
}

TEST(ProcessTotals, OfAPartAreOfThoseWhoLivedInIt) {
  testing::TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "r.tacho", {&testing::kSystem, &kInfo, &kExit, &kProcess});
  ASSERT_TRUE(writer) << writer.error().text;
  const auto end = [&](std::uint64_t number, std::int64_t cpu) {
    writer->rows(kExit).append(number, cpu * kMillisecond, std::int64_t{0}, kMiB, std::int64_t{0}, std::int64_t{0});
  };
  for (std::uint64_t tick = 0; tick < 10; ++tick) {
    writer->begin(tick);
    writer->rows(testing::kSystem).append(0);
    if (tick == 0)
      for (std::uint64_t number = 1; number <= 3; ++number) describe(*writer, number, true);
    if (tick == 2) end(1, 50);  // before the part
    writer->rows(kProcess).append(std::uint64_t{2}, static_cast<std::int64_t>(tick) * kMillisecond, kMiB);
    if (tick == 5) end(3, 70);  // born before it, and no tick saw where the part began
    if (tick == 9) end(2, 9);   // after the part
    check(writer->commit());
  }
  check(writer->finish(9));
  const auto recording = Recording::open(folder / "r.tacho");
  ASSERT_TRUE(recording) << recording.error().text;
  Range range;
  range.from = RecordingWriter::kStartTime + 4 * RecordingWriter::kSecond;
  range.to = RecordingWriter::kStartTime + 8 * RecordingWriter::kSecond;
  const auto found = read_processes({.recording = *recording, .range = range});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->command.count, 1U);
  EXPECT_EQ(found->command.cpu, 3 * kMillisecond);  // from tick 4 to tick 7
  ASSERT_EQ(numbers_of(found->command.by_cpu), std::vector<std::uint64_t>{2});
  EXPECT_EQ(found->command.by_cpu.list()[0].pid, 3);
}

}  // namespace
}  // namespace tacho
