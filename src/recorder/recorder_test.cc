// SPDX-License-Identifier: Apache-2.0
// The recorder as a whole, in this process: a captured machine, a clock that the test moves.
#include "recorder/recorder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <fstream>

#include "recorder/late_mark.h"
#include "recorder/testing.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using testing::read_live;
using Ticks = std::vector<std::uint64_t>;

class RecorderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Nothing of the person who runs the tests is touched.
    setenv("XDG_STATE_HOME", folder.path().c_str(), 1);
    setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
    pthread_sigmask(SIG_SETMASK, nullptr, &signals_);
  }
  void TearDown() override {
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_RUNTIME_DIR");
    pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
  }

  // Three ticks at 0, 1 and 2 seconds and the last one; no memory is locked.
  RecorderOptions options() const {
    return {.root = TACHO_FIXTURES "/debian-vm",
            .output = folder / "x.tacho",
            .duration = 2500ms,
            .only = "memory",
            .is_temporary = true};
  }

  RecordingFacts facts() const {
    const auto facts = parse_facts(*read_file(folder / "x.tacho/recording.json"));
    EXPECT_TRUE(facts) << facts.error().text;
    return facts ? *facts : RecordingFacts();
  }
  testing::LiveRows live(const std::string& table) const {
    return read_live(folder / "x.tacho", table);
  }

  testing::ScratchFolder folder;
  testing::SteppingClock clock;
  sigset_t signals_{};
};

TEST_F(RecorderTest, TakesTicksOnTheGridAndEndsInGoodOrder) {
  const Instant start = clock.now();
  const auto recorded = record(options(), clock);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_EQ(recorded->lost_rows, 0);
  EXPECT_TRUE(recorded->late.empty());
  for (const char* table : {"system", "memory"}) {
    EXPECT_EQ(live(table).ticks, (Ticks{0, 1, 2, 3})) << table;
    EXPECT_EQ(live(table).damage, 0U);
  }
  EXPECT_EQ(facts().start_time, start.time.count());
  EXPECT_EQ(facts().end_time, (start.time + 2500ms).count());
  EXPECT_EQ(facts().interval, Nanoseconds(1s).count());
  EXPECT_FALSE(std::filesystem::exists(folder / "x.tacho/.reserve"));
}

TEST_F(RecorderTest, AnHoursStepEitherWayLosesAndDoublesNoTick) {
  for (const Nanoseconds step : {Nanoseconds(1h), Nanoseconds(-1h)}) {
    testing::SteppingClock stepped;
    stepped.plan(stepped.now().boottime + 1s, step, 0s);
    ASSERT_TRUE(record(options(), stepped));
    EXPECT_EQ(live("memory").ticks, (Ticks{0, 1, 2, 3}));
    const auto events = live("event");
    EXPECT_NE(events.bodies.find("clock.step"), std::string::npos);
    EXPECT_EQ(events.bodies.find("tick.missed"), std::string::npos);
    std::filesystem::remove_all(folder / "x.tacho");
  }
}

TEST_F(RecorderTest, ASuspendLeavesAGapThatIsSaid) {
  RecorderOptions wanted = options();
  wanted.duration = 3602500ms;
  clock.plan(clock.now().boottime + 2s, 0s, 1h);
  ASSERT_TRUE(record(wanted, clock));
  EXPECT_EQ(live("memory").ticks, (Ticks{0, 1, 2, 3602, 3603}));
  const auto events = live("event");
  EXPECT_NE(events.bodies.find("suspend"), std::string::npos);
  EXPECT_EQ(events.bodies.find("tick.missed"), std::string::npos);
}

TEST_F(RecorderTest, RotatesAllTablesTogether) {
  RecorderOptions wanted = options();
  wanted.duration = 300s;
  wanted.rotate_interval = 50s;
  ASSERT_TRUE(record(wanted, clock));
  const auto system = live("system"), memory = live("memory"), self = live("self");
  EXPECT_GE(system.files.size(), 2U);
  EXPECT_EQ(system.files, memory.files);
  EXPECT_EQ(system.files, self.files);
  Ticks all;
  for (std::uint64_t tick = 0; tick <= 300; ++tick) all.push_back(tick);
  EXPECT_EQ(memory.ticks, all);
}

TEST_F(RecorderTest, ASignalEndsItInGoodOrder) {
  RecorderOptions wanted = options();
  wanted.duration = 24h;
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  pthread_kill(pthread_self(), SIGTERM);  // waits until the recorder looks
  const auto recorded = record(wanted, clock);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_EQ(live("memory").ticks, (Ticks{0, 1}));
  EXPECT_TRUE(facts().end_time);
}

TEST_F(RecorderTest, TheCallersMistakesAreToldBeforeAnythingIsMade) {
  RecorderOptions wanted = options();
  const auto expect_refused = [&](const RecorderOptions& wrong, const std::string& word) {
    const auto recorded = record(wrong, clock);
    ASSERT_FALSE(recorded);
    EXPECT_EQ(recorded.error().code, ErrorCode::invalid);
    EXPECT_NE(recorded.error().text.find(word), std::string::npos) << recorded.error().text;
    EXPECT_FALSE(std::filesystem::exists(folder / "x.tacho"));
  };
  wanted.interval = 9ms;
  expect_refused(wanted, "10ms");
  wanted.interval = 2h;
  expect_refused(wanted, "1h");
  wanted = options();
  wanted.only = "memory,nonsense";
  expect_refused(wanted, "nonsense");
  wanted = options();
  wanted.settings = {"memory.nonsense=1"};
  expect_refused(wanted, "nonsense");
}

TEST_F(RecorderTest, RowsThatNobodyTakesAreCountedWhenMemoryIsFull) {
  // Memory holds a few ticks.
  RecorderOptions wanted = options();
  wanted.duration = 20s;
  wanted.memory_limit = 8 << 10;
  signal(SIGXFSZ, SIG_IGN);
  // recording.json fits, a journal does not.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{16 << 10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto recorded = record(wanted, clock);
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_GT(recorded->lost_rows, 0);
  EXPECT_TRUE(live("memory").ticks.empty());
}

// --- marks on what has ended --------------------------------------------------------------------

TEST_F(RecorderTest, ALateMarkIsAFileOfItsOwn) {
  ASSERT_TRUE(record(options(), clock));
  const RecordingFacts known = facts();
  const std::int64_t at = known.start_time + Nanoseconds(1500ms).count();
  const auto marked = add_late_mark(folder / "x.tacho", known, {.text = "that was it", .time = at});
  ASSERT_TRUE(marked) << marked.error().text;
  const auto events = live("event");
  EXPECT_EQ(events.files.back(), "live-000002.arrows");
  EXPECT_EQ(events.ticks.back(), 1U);
  EXPECT_NE(events.bodies.find("that was it"), std::string::npos);
}

TEST_F(RecorderTest, ALateMarkOutsideOfTheRecordingIsRefused) {
  ASSERT_TRUE(record(options(), clock));
  const RecordingFacts known = facts();
  for (const std::int64_t time : {known.start_time - 1, *known.end_time + 1}) {
    const auto marked = add_late_mark(folder / "x.tacho", known, {.text = "x", .time = time});
    ASSERT_FALSE(marked);
    EXPECT_EQ(marked.error().code, ErrorCode::invalid);
  }
  EXPECT_LE(live("event").files.size(), 1U);
}

TEST_F(RecorderTest, ALateMarkLeavesARecordingThatIsBeingWrittenAlone) {
  ASSERT_TRUE(record(options(), clock));
  const FileDescriptor held(open((folder / "x.tacho").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.get(), LOCK_EX), 0);
  const auto marked = add_late_mark(folder / "x.tacho", facts(), {.text = "x"});
  ASSERT_FALSE(marked);
  EXPECT_EQ(marked.error().code, ErrorCode::exhausted);
  EXPECT_LE(live("event").files.size(), 1U);
}

TEST_F(RecorderTest, ALateMarkFollowsNoPlantedLink) {
  ASSERT_TRUE(record(options(), clock));
  std::filesystem::create_directories(folder / "target");
  std::filesystem::remove_all(folder / "x.tacho/event");
  std::filesystem::create_directory_symlink(folder / "target", folder / "x.tacho/event");
  EXPECT_FALSE(add_late_mark(folder / "x.tacho", facts(), {.text = "x"}));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "target"));
}

}  // namespace
}  // namespace tacho
