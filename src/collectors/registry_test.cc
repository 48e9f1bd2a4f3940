// SPDX-License-Identifier: Apache-2.0
#include "collectors/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace tacho {
namespace {

const std::string kRepository = TACHO_FIXTURES "/../../";

TEST(Registry, KnowsEveryCollectorThatIsWritten) {
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kRepository + "src/collectors")) {
    if (entry.path().extension() != ".cc") continue;
    const auto text = read_file(entry.path());
    ASSERT_TRUE(text);
    if (text->find("constinit const CollectorInfo info{") == std::string::npos) continue;
    const std::string name = entry.path().stem();
    if (name.ends_with("_test")) continue;
    ++found;
    EXPECT_NE(std::ranges::find(all_collectors(), name, &CollectorInfo::name),
              all_collectors().end())
        << "no line TACHO_COLLECTOR(" << name << ") in collectors.def";
  }
  EXPECT_EQ(found, all_collectors().size());
}

TEST(Registry, SelectsByTableAndKeepsWhatARecordingNeeds) {
  const auto only = select_collectors("cpu,process_exit", "");
  ASSERT_TRUE(only);
  std::vector<std::string_view> names;
  for (const CollectorInfo* info : *only) names.push_back(info->name());
  EXPECT_EQ(names, (std::vector<std::string_view>{"system", "cpu", "process", "event", "self"}));
  const auto without = select_collectors("", "cpu,self");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->size(), all_collectors().size() - 1);
}

TEST(Registry, NamesTheTablesWhenOneIsUnknown) {
  const auto wrong = select_collectors("cpus", "");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid);
  EXPECT_NE(wrong.error().text.find("there is no table cpus"), std::string::npos);
  EXPECT_NE(wrong.error().text.find("memory"), std::string::npos);
}

TEST(Registry, ChecksSettings) {
  Settings settings;
  EXPECT_FALSE(settings.set("filesystem=3"));
  ASSERT_TRUE(settings.set("filesystem.interval=30s"));
  EXPECT_TRUE(check_settings(settings));
  ASSERT_TRUE(settings.set("filesystem.colour=red"));
  EXPECT_NE(check_settings(settings).error().text.find("it has: interval"), std::string::npos);
}

// The file that a block of the page is from stands in the line before it, "`path`:".
TEST(HowtoAddACollector, ShowsTheCodeAsItIs) {
  const auto page = read_file(kRepository + "docs/HOWTO-add-a-collector.md");
  ASSERT_TRUE(page);
  std::string path;
  std::size_t blocks = 0;
  for (std::size_t at = 0; at < page->size();) {
    const std::size_t end = page->find('\n', at);
    const std::string line = page->substr(at, end - at);
    at = end + 1;
    if (line.starts_with("`") && line.ends_with("`:")) path = line.substr(1, line.size() - 3);
    if (line != "```cpp") continue;
    const std::size_t close = page->find("\n```\n", at);
    ASSERT_NE(close, std::string::npos);
    const std::string block = page->substr(at, close + 1 - at);
    const auto code = read_file(kRepository + path);
    ASSERT_TRUE(code) << path;
    EXPECT_NE(code->find(block), std::string::npos) << path << " is not what the page shows";
    at = close + 5;
    ++blocks;
  }
  EXPECT_EQ(blocks, 3u);
}

}  // namespace
}  // namespace tacho
