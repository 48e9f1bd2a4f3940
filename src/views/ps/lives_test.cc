// SPDX-License-Identifier: Apache-2.0
#include "views/ps/lives.h"

#include <gtest/gtest.h>

#include <map>

#include "query/testing.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

constexpr Column kFigureColumns[] = {
    process_number("process", ""), counter("cpu_time_user", Unit::nanoseconds, ""),
    gauge("memory_usage", Unit::bytes, ""), gauge("memory_peak", Unit::bytes, ""),
    counter("disk_io_read", Unit::bytes, "")};
constexpr Column kInfoColumns[] = {
    process_number("process", ""), key_number("pid", ""), gauge("start_time", Unit::nanoseconds, ""),
    text("command", ""), text("arguments", ""), text("job", "")};
constexpr Column kEndColumns[] = {
    process_number("process", ""), key_number("pid", ""), text("source", ""),
    gauge("exit_code", Unit::count, ""), gauge("signal", Unit::count, ""),
    gauge("exit_time", Unit::nanoseconds, ""), counter("cpu_time_user", Unit::nanoseconds, ""),
    gauge("memory_peak", Unit::bytes, "")};
constinit const Table kFigures{"process", "Each that changed.", kFigureColumns, "process"};
constinit const Table kInfo{"process_info", "Said once.", kInfoColumns, "process"};
constinit const Table kEnds{"process_exit", "Ends.", kEndColumns, "process"};

constexpr std::int64_t kSecond = RecordingWriter::kSecond;
std::int64_t at(double tick) {
  return RecordingWriter::kStartTime + static_cast<std::int64_t>(tick * static_cast<double>(kSecond));
}

// 1: older than the recording, works 100 ns a tick, sleeps from tick 100 to 199 but for its key rows.
// 2: older, ends at 50.5 without an account. 3: lives from 20.2 to 20.4, between two ticks. 4: born at
// 30.5, killed at 60.5. 5: no row after tick 40 and no end. Ends come a tick late. A new file at 150.
class Lives : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = RecordingWriter::create(path_, {&testing::kSystem, &kFigures, &kInfo, &kEnds});
    ASSERT_TRUE(writer);
    for (std::uint64_t tick = 0; tick < 300; ++tick) {
      if (tick == 150) {
        ASSERT_TRUE(writer->rotate());
      }
      writer->begin(tick);
      writer->rows(testing::kSystem).append(std::int64_t(tick));
      add(*writer, tick);
      ASSERT_TRUE(writer->commit());
    }
    ASSERT_TRUE(writer->finish(299));
  }

  static void add(RecordingWriter& writer, std::uint64_t tick) {
    const auto say = [&](std::uint64_t number, std::int64_t start, const char* command, const char* line) {
      writer.rows(kInfo).append(number, std::int64_t(1000 + number), start, command, line, "slurm:1");
    };
    const auto use = [&](std::uint64_t number, std::int64_t cpu, std::int64_t memory, std::int64_t peak) {
      writer.rows(kFigures).append(number, cpu, memory, peak, std::nullopt);
    };
    if (tick == 0 || tick == 150) say(1, at(-100), "one", "one --first");
    const std::uint64_t turns = tick < 100 ? tick : tick < 200 ? 99 : tick - 100;
    if (tick < 100 || tick >= 200 || tick % 50 == 0) use(1, 1000 + 100 * std::int64_t(turns), 10, 90);
    if (tick == 0) say(2, at(-50), "two", "two");
    if (tick == 0) use(2, 500, 20, 20);
    if (tick == 40) use(2, 800, 25, 30);
    const Figure none;
    if (tick == 51) end(writer, 2, "connector", none, none, at(50.5), none, none);
    if (tick == 21) say(3, at(20.2), "three", "/bin/three x");
    if (tick == 22) end(writer, 3, "bpf", 3, std::nullopt, at(20.4), 7, 70);
    if (tick == 31) say(4, at(30.5), "four", "four");
    if (tick >= 31 && tick < 60) use(4, std::int64_t(tick), 40, 44);
    if (tick == 61) end(writer, 4, "bpf", std::nullopt, 9, at(60.5), 65, 400);
    if (tick == 35) say(5, at(34.5), "five", "five");
    if (tick == 35 || tick == 40) use(5, 5, 5, 5);
  }

  static void end(RecordingWriter& writer, std::uint64_t number, const char* source, Figure code,
                  Figure signal, std::int64_t time, Figure cpu, Figure peak) {
    writer.rows(kEnds).append(number, std::int64_t(1000 + number), source, code, signal, time, cpu, peak);
  }

  std::map<std::uint64_t, ProcessLife> lives(const LivesWanted& wanted) {
    const auto recording = Recording::open(path_);
    EXPECT_TRUE(recording);
    std::map<std::uint64_t, ProcessLife> found;
    const auto done = each_life(*recording, wanted, [&](const ProcessLife& life) {
      EXPECT_FALSE(found.contains(life.number)) << life.number;
      found[life.number] = life;
    });
    EXPECT_TRUE(done);
    return found;
  }
  std::string numbers(const LivesWanted& wanted) {
    std::string text;
    for (const auto& [number, life] : lives(wanted)) text += std::to_string(number) + " ";
    return text;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.tacho";
  static constexpr auto kEnded = LivesWanted::Which::ended, kAll = LivesWanted::Which::all;
};

TEST_F(Lives, EndWithWhatWasSaidOfThem) {
  auto found = lives({.which = kEnded});
  ASSERT_EQ(found.size(), 3U);
  const ProcessLife& three = found[3];
  EXPECT_EQ(three.about.pid, 1003);
  EXPECT_EQ(three.about.label(), "/bin/three x");
  EXPECT_EQ(three.about.job, "slurm:1");
  EXPECT_EQ(three.about.start_time, at(20.2));
  EXPECT_EQ(three.end->time, at(20.4));
  EXPECT_EQ(three.end->exit_code, 3);
  EXPECT_TRUE(three.end->is_account);
  EXPECT_EQ(three.use.cpu_time, 7);
  EXPECT_EQ(three.use.memory_peak, 70);
  EXPECT_EQ(found[4].end->signal, 9);
  // What the source could not know, and what this recording has no column of.
  EXPECT_FALSE(found[2].use.cpu_time || found[2].end->exit_code || found[2].end->is_account);
  EXPECT_FALSE(three.use.io_read || three.end->core_dumped);
}

TEST_F(Lives, EndInTheSpanByTheirOwnTimeNotTheirRows) {
  EXPECT_EQ(numbers({.which = kEnded, .from = at(20.3), .to = at(20.5)}), "3 ");
  EXPECT_EQ(numbers({.which = kEnded, .from = at(20.4), .to = at(20.5)}), "3 ");
  EXPECT_EQ(numbers({.which = kEnded, .from = at(20.3), .to = at(20.4)}), "");
  EXPECT_EQ(numbers({.which = kEnded, .from = at(21), .to = at(60.6)}), "2 4 ");
  EXPECT_EQ(numbers({.which = kEnded, .from = at(160)}), "");
  EXPECT_EQ(numbers({.which = kEnded, .from = at(900)}), "");
}

TEST_F(Lives, CountWhatTheyUsedInTheRecordingOnly) {
  auto found = lives({.which = kAll});
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[1].use.cpu_time, 19900);
  EXPECT_FALSE(found[1].end);
  EXPECT_EQ(found[2].use.cpu_time, 300);  // 500 is from before; its end has no account
  EXPECT_EQ(found[2].use.memory_peak, 30);
  EXPECT_EQ(found[3].use.cpu_time, 7);
  EXPECT_EQ(found[4].use.cpu_time, 65);
  EXPECT_EQ(found[4].use.memory_peak, 400);
  EXPECT_EQ(found[5].use.cpu_time, 5);
  EXPECT_FALSE(found[5].end);
  EXPECT_FALSE(found[1].use.disk_read);
}

TEST_F(Lives, CountWhatTheyUsedInASpan) {
  auto found = lives({.which = kAll, .from = at(40), .to = at(50)});
  EXPECT_EQ(numbers({.which = kAll, .from = at(40), .to = at(50)}), "1 2 4 5 ");
  EXPECT_EQ(found[1].use.cpu_time, 1000);  // from tick 39 to 49
  EXPECT_EQ(found[1].use.memory_peak, 10);  // the peak of 90 is older
  EXPECT_EQ(found[2].use.cpu_time, 300);
  EXPECT_FALSE(found[2].end);  // that is later
  EXPECT_EQ(found[4].use.cpu_time, 10);
  // Idle in the span, which begins in another file than it was described in.
  found = lives({.which = kAll, .from = at(160), .to = at(190)});
  EXPECT_EQ(found[1].use.cpu_time, 0);
  EXPECT_EQ(found[1].about.command, "one");
}

TEST_F(Lives, CountWhatWasUsedBeforeWhenThatIsWanted) {
  auto found = lives({.which = kAll, .counts_before = true});
  EXPECT_EQ(found[1].use.cpu_time, 20900);
  EXPECT_EQ(found[2].use.cpu_time, 800);
}

TEST_F(Lives, AreFoundByNameLineAndPid) {
  const ProcessAbout about{.pid = 12, .command = "cc1plus", .arguments = "cc1plus -O2 A.cc"};
  EXPECT_TRUE(about.contains("CC1") && about.contains("a.CC") && about.contains("12") && about.contains(""));
  EXPECT_FALSE(about.contains("ld") || about.contains("13"));
  EXPECT_EQ((ProcessAbout{.command = "kthreadd"}.label()), "[kthreadd]");
  EXPECT_EQ(ProcessAbout().label(), "?");
}

TEST_F(Lives, NeedTheTableOfEnds) {
  const std::string path = folder_ / "b.tacho";
  auto writer = RecordingWriter::create(path, {&testing::kSystem});
  ASSERT_TRUE(writer && writer->finish(0));
  const auto recording = Recording::open(path);
  ASSERT_TRUE(recording);
  const auto done = each_life(*recording, {}, [](const ProcessLife&) {});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text.find("process_exit"), std::string::npos);
}

}  // namespace
}  // namespace tacho
