// SPDX-License-Identifier: Apache-2.0
#include "views/ps/ending.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

CoverageNote limited(std::string table, std::string what, std::string why) {
  return {.kind = CoverageNote::Kind::limited,
          .table = std::move(table),
          .what = std::move(what),
          .why = std::move(why)};
}
RecordingFacts with(std::vector<CoverageNote> notes, std::string source = "bpf") {
  RecordingFacts facts;
  facts.process_source = std::move(source);
  facts.coverage = std::move(notes);
  return facts;
}

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

TEST(Ending, IsMissedAsOftenAsTheRecordingSays) {
  EXPECT_EQ(to_text(missed_of(with({}), false)), "none were missed");
  const auto lost = limited("process_exit", "12 births, execs and ends of processes", "they came too fast");
  EXPECT_EQ(missed_of(with({lost}), false).count, 12U);
  EXPECT_EQ(to_text(missed_of(with({lost}), false)),
            "12 births, execs or ends were missed in the whole recording: they came too fast");
  // Notes of other things say nothing of it.
  const auto other = limited("process_exit", "what a process used that ended in the first 120 ms", "x");
  EXPECT_EQ(missed_of(with({other, limited("disk", "12 disks", "y")}), false).count, 0U);
}

TEST(Ending, IsMissedAnUnknownNumberOfTimes) {
  const auto unknown = limited("process_exit", "how many births and ends were missed", "it changed");
  EXPECT_EQ(to_text(missed_of(with({unknown}), false)), "how many were missed is unknown: it changed");
  const auto polled = limited("process", "processes that lived between two ticks", "read at every tick");
  EXPECT_FALSE(missed_of(with({polled}), false).count);
  EXPECT_FALSE(missed_of(with({}, "proc"), false).count);
  EXPECT_FALSE(missed_of(with({}), true).count);
  EXPECT_EQ(missed_of(with({}), true).why, "the recorder dropped rows");
}

}  // namespace
}  // namespace tacho
