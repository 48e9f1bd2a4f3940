// SPDX-License-Identifier: Apache-2.0
// For the tests of sealing and verifying alone: a small recording, and all that is in one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/columns.h"
#include "store/segment_reader.h"
#include "store/testing.h"

namespace tacho::testing {

// Two tables, `files` files of ten ticks; four CPUs that differ.
inline void write_recording(const std::string& path, std::uint64_t files) {
  auto writer = RecordingWriter::create(path, {&kSystem, &kCpu});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < files * 10; ++tick) {
    if (tick > 0 && tick % 10 == 0) {
      ASSERT_TRUE(writer->rotate());
    }
    writer->begin(tick);
    writer->rows(kSystem).append(std::int64_t(tick) * 100);
    for (std::int64_t cpu = 0; cpu < 4; ++cpu)
      writer->rows(kCpu)
          .append(cpu, std::int64_t(tick) * 1000 + cpu,
                  cpu == 0 ? std::nullopt : std::optional<double>(1e9 + double(tick)));
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(files * 10 - 1));
}

struct Content {
  std::uint64_t rows = 0, digest = 0;
  std::vector<Finding> findings;
  bool operator==(const Content& other) const {
    return rows == other.rows && digest == other.digest && findings.size() == other.findings.size();
  }
};

// All rows of all tables, whatever the files; what could not be read is in `findings`.
inline Content content_of(const std::string& path) {
  Content content;
  auto recording = RecordingFolder::open(path);
  EXPECT_TRUE(recording) << recording.error().text;
  if (!recording) return content;
  const auto log = std::make_shared<FindingLog>();
  for (const Finding& finding : recording->findings()) log->add(finding);
  for (const TableFolder& table : recording->tables())
    for (const Segment& segment : table.segments) {
      auto reader = open_segment(table, segment, log);
      if (!reader) {
        log->add({.table = table.name, .file = segment.name, .what = reader.error().text});
        continue;
      }
      while (true) {
        auto batch = (*reader)->next({});
        if (!batch)
          log->add({.table = table.name, .file = segment.name, .what = batch.error().text});
        if (!batch || !*batch) break;
        content.rows += static_cast<std::uint64_t>((*batch)->num_rows());
        content.digest += digest_of_rows(**batch);
      }
    }
  content.findings = log->all();
  return content;
}

inline std::string part_in(const std::string& folder) {
  const auto names = names_in(folder, "part-");
  EXPECT_EQ(names.size(), 1U);
  return folder + "/" + (names.empty() ? "" : names.front());
}

}  // namespace tacho::testing
