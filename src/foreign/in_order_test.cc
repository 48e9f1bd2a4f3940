// SPDX-License-Identifier: Apache-2.0
#include "foreign/in_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

namespace tacho {
namespace {

struct Ended {
  Result<void> outcome;
  std::vector<int> taken;
};

// Pieces 0 to 499. Every 7th takes long, so that others are ahead of it.
Ended run(unsigned threads, std::size_t ahead, const std::function<Result<int>(int)>& work,
          const std::function<bool(int)>& goes_on) {
  Ended ended;
  int next = 0;
  using Work = std::function<Result<int>(int)>;
  ended.outcome = in_order(
      threads, [&](Work&) -> Result<std::optional<int>> {
        return next == 500 ? std::optional<int>() : std::optional(next++);
      },
      [&] {
        return Work([&](int piece) {
          std::atomic<int> turns = 0;
          while (turns < (piece % 7 == 0 ? 20'000 : 10)) ++turns;
          return work(piece);
        });
      },
      [&](int result) -> Result<bool> {
        ended.taken.push_back(result);
        return goes_on(result);
      },
      ahead);
  return ended;
}

std::vector<int> up_to(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  for (int number = 0; number < count; ++number) all[static_cast<std::size_t>(number)] = number;
  return all;
}

TEST(InOrder, TakesAllResultsInTheOrderOfThePiecesAndEndsAtTheFirstThatFails) {
  const auto good = [](int piece) { return Result<int>(piece); };
  for (const unsigned threads : {1U, 2U, 4U})
    for (const std::size_t ahead : {0U, 1U, 32U}) {
      const Ended all = run(threads, ahead, good, [](int) { return true; });
      EXPECT_TRUE(all.outcome);
      EXPECT_EQ(all.taken, up_to(500));
      const Ended some = run(threads, ahead, good, [](int result) { return result < 100; });
      EXPECT_TRUE(some.outcome);
      EXPECT_EQ(some.taken, up_to(101));
      const Ended failed = run(
          threads, ahead,
          [](int piece) {
            return piece == 77 || piece == 78 ? Result<int>(Error{ErrorCode::io, std::to_string(piece)})
                                              : Result<int>(piece);
          },
          [](int) { return true; });
      ASSERT_FALSE(failed.outcome);
      EXPECT_EQ(failed.outcome.error().text, "77");
      EXPECT_EQ(failed.taken, up_to(77));
    }
}

}  // namespace
}  // namespace tacho
