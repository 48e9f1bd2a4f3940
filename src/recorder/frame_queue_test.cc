// SPDX-License-Identifier: Apache-2.0
#include "recorder/frame_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace tacho {
namespace {

FramePointer frame_of(FrameQueue& queue, std::size_t bytes, std::int64_t rows = 1) {
  FramePointer frame = queue.take_empty();
  frame->bytes.resize(bytes);
  frame->entries.push_back({.table = 0, .offset = 0, .size = bytes, .rows = rows});
  return frame;
}

TEST(FrameQueue, HandsFramesOverInOrder) {
  FrameQueue queue(1 << 20);
  for (std::int64_t rows = 1; rows <= 5; ++rows) {
    FramePointer frame = frame_of(queue, 10, rows);
    EXPECT_TRUE(queue.push(frame));
    EXPECT_EQ(frame, nullptr);
  }
  for (std::int64_t rows = 1; rows <= 5; ++rows) EXPECT_EQ(queue.pop(0)->rows_left(), rows);
  EXPECT_EQ(queue.pop(0), nullptr);
}

TEST(FrameQueue, RefusesWhatDoesNotFitAndLeavesItToTheCaller) {
  FrameQueue queue(10'000);
  FramePointer first = frame_of(queue, 5000), second = frame_of(queue, 5000);
  EXPECT_TRUE(queue.push(first));
  EXPECT_FALSE(queue.push(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->rows_left(), 1);
  // When the first is out there is room again.
  queue.give_back(queue.pop(0));
  EXPECT_TRUE(queue.push(second));
}

TEST(FrameQueue, CountsFramesThatHoldNothing) {
  FrameQueue queue(1000);
  int taken = 0;
  for (; taken < 100; ++taken) {
    FramePointer frame = queue.take_empty();
    if (!queue.push(frame)) break;
  }
  EXPECT_LT(taken, 10);
}

TEST(FrameQueue, AFramePutBackIsTheNextAndRemembersWhatIsDone) {
  FrameQueue queue(1 << 20);
  FramePointer first = frame_of(queue, 10, 7), second = frame_of(queue, 10, 8);
  first->entries.push_back({.table = 1, .offset = 0, .size = 10, .rows = 2});
  ASSERT_TRUE(queue.push(first) && queue.push(second));
  FramePointer popped = queue.pop(0);
  popped->done = 1;
  queue.put_back(std::move(popped));
  popped = queue.pop(0);
  EXPECT_EQ(popped->done, 1U);
  EXPECT_EQ(popped->rows_left(), 2);
  EXPECT_EQ(queue.pop(0)->rows_left(), 8);
}

TEST(FrameQueue, AFramePutBackCountsAgainstTheLimit) {
  FrameQueue queue(10'000);
  FramePointer first = frame_of(queue, 9000), second = frame_of(queue, 5000);
  ASSERT_TRUE(queue.push(first));
  queue.put_back(queue.pop(0));
  EXPECT_FALSE(queue.push(second));
}

TEST(FrameQueue, IsFinishedWhenClosedAndEverythingIsWritten) {
  FrameQueue queue(1 << 20);
  FramePointer frame = frame_of(queue, 10);
  ASSERT_TRUE(queue.push(frame));
  EXPECT_FALSE(queue.is_finished());
  queue.close();
  EXPECT_FALSE(queue.is_finished());
  FramePointer popped = queue.pop(0);
  EXPECT_FALSE(queue.is_finished()) << "it is still being written";
  queue.put_back(std::move(popped));
  EXPECT_FALSE(queue.is_finished());
  queue.give_back(queue.pop(0));
  EXPECT_TRUE(queue.is_finished());
  EXPECT_EQ(queue.pop(60'000), nullptr) << "and nobody waits for more";
}

TEST(FrameQueue, UsesAFrameAgainEmpty) {
  FrameQueue queue(1 << 20);
  FramePointer frame = frame_of(queue, 100);
  frame->facts = "facts";
  frame->begins_file = true;
  ASSERT_TRUE(queue.push(frame));
  frame = queue.pop(0);
  frame->done = 1;
  const Frame* address = frame.get();
  queue.give_back(std::move(frame));
  frame = queue.take_empty();
  EXPECT_EQ(frame.get(), address);
  EXPECT_TRUE(frame->bytes.empty() && frame->entries.empty() && frame->facts.empty());
  EXPECT_EQ(frame->done, 0U);
  EXPECT_FALSE(frame->begins_file);
  EXPECT_GE(frame->bytes.capacity(), 100U);
}

TEST(FrameQueue, NothingIsLostBetweenTwoThreads) {
  FrameQueue queue(4096);
  std::int64_t sum = 0, refused = 0;
  std::thread writer([&] {
    while (!queue.is_finished())
      if (FramePointer frame = queue.pop(10)) {
        sum += frame->rows_left();
        queue.give_back(std::move(frame));
      }
  });
  for (std::int64_t rows = 1; rows <= 2000; ++rows) {
    FramePointer frame = frame_of(queue, 100, rows);
    if (!queue.push(frame)) refused += rows;
  }
  queue.close();
  writer.join();
  EXPECT_EQ(sum + refused, 2000 * 2001 / 2);
}

}  // namespace
}  // namespace tacho
