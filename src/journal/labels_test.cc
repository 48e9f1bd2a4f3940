// SPDX-License-Identifier: Apache-2.0
#include "journal/labels.h"

#include <gtest/gtest.h>

#include "journal/facts.h"

namespace tacho {
namespace {

TEST(Labels, AreKeysWithValues) {
  Labels labels;
  for (const char* text : {"stage=nightly", "url=http://x/?a=b", "empty=", "team.name-2=\x1b[31m", "stage=daily"})
    ASSERT_TRUE(add_label(labels, text)) << text;
  EXPECT_EQ(labels, (Labels{{"stage", "daily"},
                            {"url", "http://x/?a=b"},
                            {"empty", ""},
                            {"team.name-2", "\\x1b[31m"}}));
  EXPECT_EQ(text_of({{"a", "1"}, {"b", "2"}}), "a=1, b=2");
}

TEST(Labels, OthersAreRefusedWithAnExample) {
  for (const std::string& text :
       {std::string("nightly"), std::string("=x"), std::string("1a=x"), std::string("a b=x"),
        std::string(65, 'k') + "=x", "k=" + std::string(257, 'v'), std::string("k\n=x")}) {
    Labels labels;
    const auto added = add_label(labels, text);
    ASSERT_FALSE(added) << text;
    EXPECT_NE(added.error().text.find("--label stage=nightly"), std::string::npos);
    EXPECT_TRUE(labels.empty());
  }
  Labels labels;
  for (std::size_t key = 0; key < kMostLabels; ++key)
    ASSERT_TRUE(add_label(labels, "k" + std::to_string(key) + "=x"));
  EXPECT_FALSE(add_label(labels, "more=x"));
}

TEST(Labels, AreInTheFacts) {
  RecordingFacts facts;
  facts.labels = {{"ci", "github"}, {"stage", "\"quoted\""}};
  const auto read = parse_facts(to_json(facts));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->labels, facts.labels);
  EXPECT_EQ(to_json(RecordingFacts()).find("labels"), std::string::npos);
}

}  // namespace
}  // namespace tacho
