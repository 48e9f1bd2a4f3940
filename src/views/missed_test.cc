// SPDX-License-Identifier: Apache-2.0
#include "views/missed.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

RecordingFacts with(std::optional<MissedProcesses> missed) {
  RecordingFacts facts;
  facts.process_source = "bpf";
  facts.processes_missed = std::move(missed);
  return facts;
}

TEST(Missed, IsWhatTheRecordingSays) {
  EXPECT_EQ(to_text(missed_of(with(MissedProcesses{.count = 0, .why = ""}), false)), "none were missed");
  const auto some = with(MissedProcesses{.count = 12, .why = "they came too fast"});
  EXPECT_EQ(missed_of(some, false).count, 12);
  EXPECT_EQ(to_text(missed_of(some, false)),
            "12 births, execs or ends were missed in the whole recording: they came too fast");
  const auto unknown = with(MissedProcesses{.count = {}, .why = "it changed"});
  EXPECT_EQ(to_text(missed_of(unknown, false)), "how many were missed is unknown: it changed");
}

TEST(Missed, IsUnknownWhereNothingIsSaidOrRowsWereDropped) {
  EXPECT_FALSE(missed_of(with({}), false).count);
  EXPECT_EQ(missed_of(with({}), false).why, "the recording does not say");
  const auto some = with(MissedProcesses{.count = 12, .why = "they came too fast"});
  EXPECT_FALSE(missed_of(some, true).count);
  EXPECT_EQ(missed_of(some, true).why, "the recorder dropped rows");
}

TEST(Missed, GoesThroughTheFactsOfARecording) {
  for (const auto& missed : {MissedProcesses{.count = 0, .why = ""}, MissedProcesses{.count = 7, .why = "storm"},
                             MissedProcesses{.count = {}, .why = "nobody counts"}}) {
    const auto facts = parse_facts(to_json(with(missed)));
    ASSERT_TRUE(facts) << facts.error().text;
    ASSERT_TRUE(facts->processes_missed);
    EXPECT_EQ(facts->processes_missed->count, missed.count);
    EXPECT_EQ(facts->processes_missed->why, missed.why);
  }
  EXPECT_FALSE(parse_facts(to_json(with({})))->processes_missed);
  // Somebody else's: an error, not a number.
  const auto odd = parse_facts(R"({"format": {"name": "tacho", "major": 1, "minor": 0},
                                   "processes_missed": {"count": "many"}})");
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace tacho
