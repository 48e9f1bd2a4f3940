// SPDX-License-Identifier: Apache-2.0
#include "views/process_tree.h"

#include <nlohmann/json.hpp>

#include "views/testing.h"

namespace tacho {
namespace {

using testing::BatchMaker;

constexpr std::int64_t kMiB = 1 << 20;

Batch some() {
  return BatchMaker()
      .numbers("pid", "", "key", {1, 30, 20, 7, 40})
      .numbers("parent_pid", "", "key", {0, 20, 1, 99, 20})
      .numbers("thread_count", "1", "gauge", {1, 4, 2, 1, 1})
      .numbers("cpu_time_user", "ns", "counter", {0, 1'000'000'000, 0, 0, 0})
      .numbers("cpu_time_system", "ns", "counter", {0, 500'000'000, 0, 0, 0})
      .numbers("memory_usage", "By", "gauge", {kMiB, 3 * kMiB, 2 * kMiB, std::nullopt, kMiB})
      .texts("state", {"S", "R", "S", "I", "Z"})
      .texts("user", {"root", "me", "me", "root", std::nullopt})
      .texts("command", {"init", "cc1plus", "Make", "kworker/0:1 x", "cc1plus"})
      .texts("arguments", {"/sbin/init", "cc1plus -quiet", "make -j4", std::nullopt, std::nullopt})
      .make();
}

TEST(ProcessTree, DrawsBranchesBelowRoots) {
  const ProcessTree tree = ProcessTree::from(*some());
  const std::string text =
      testing::written_by([&](Output& output) { print_tree(tree, tree.roots(), output); });
  EXPECT_EQ(text,
            "PID  USER  S  THR  CPU TIME    MEMORY  PROCESS\n"
            "  1  root  S    1       0 s  1.00 MiB  /sbin/init\n"
            " 20  me    S    2       0 s  2.00 MiB  └─ make -j4\n"
            " 30  me    R    4     1.5 s  3.00 MiB     ├─ cc1plus -quiet\n"
            " 40        Z    1       0 s  1.00 MiB     └─ [cc1plus]\n"
            "  7  root  I    1       0 s            [kworker/0:1 x]\n");
}

TEST(ProcessTree, FindsByNameCommandLineAndPid) {
  const ProcessTree tree = ProcessTree::from(*some());
  const auto pids = [&](std::string_view text) {
    std::vector<std::int64_t> found;
    for (const std::size_t index : tree.containing(text)) found.push_back(tree.all()[index].pid);
    return found;
  };
  EXPECT_EQ(pids("CC1"), (std::vector<std::int64_t>{30, 40}));
  EXPECT_EQ(pids("-j4"), (std::vector<std::int64_t>{20}));
  EXPECT_EQ(pids("20"), (std::vector<std::int64_t>{20}));
  EXPECT_TRUE(pids("nothing").empty());
  EXPECT_FALSE(tree.find(2));
  ASSERT_TRUE(tree.find(20));
  EXPECT_EQ(tree.below({*tree.find(20)}).size(), 3U);
}

TEST(ProcessTree, EndsWhereTwoAreEachOthersParents) {
  const auto damaged = BatchMaker()
                           .numbers("pid", "", "key", {1, 2, 3})
                           .numbers("parent_pid", "", "key", {2, 1, 3})
                           .texts("command", {"a", "b", "c"})
                           .make();
  const ProcessTree tree = ProcessTree::from(*damaged);
  EXPECT_EQ(tree.below({0}).size(), 2U);
  const std::string text =
      testing::written_by([&](Output& output) { print_tree(tree, {0}, output); });
  EXPECT_NE(text.find("[b]"), std::string::npos);
}

TEST(ProcessTree, HasTheFormOfProctreeAsJson) {
  const ProcessTree tree = ProcessTree::from(*some());
  const auto chosen = tree.below({*tree.find(20)});
  const auto json = nlohmann::json::parse(tree_json(tree, chosen, 20, false));
  EXPECT_EQ(json["root_pid"], 20);
  EXPECT_EQ(json["totals"]["total_processes"], 3);
  EXPECT_EQ(json["totals"]["total_threads"], 7);
  EXPECT_EQ(json["aggregated_by_command"][0]["command"], "cc1plus");
  EXPECT_EQ(json["aggregated_by_command"][0]["processes"], 2);
  EXPECT_EQ(json["aggregated_by_command"][0]["total_threads"], 5);
  EXPECT_EQ(json["processes"][0], (nlohmann::json{{"pid", 20}, {"ppid", 1}, {"name", "Make"}, {"threads", 2}}));
  const auto verbose = nlohmann::json::parse(tree_json(tree, chosen, std::nullopt, true));
  EXPECT_TRUE(verbose["root_pid"].is_null());
  EXPECT_EQ(verbose["processes"][1]["cpu_time"], 1'500'000'000);
  EXPECT_EQ(verbose["processes"][1]["memory_usage"], 3 * kMiB);
}

}  // namespace
}  // namespace tacho
