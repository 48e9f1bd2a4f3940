// SPDX-License-Identifier: Apache-2.0
#include "ledger/backlog.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <thread>

namespace tacho {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<std::string> taken_from(Backlog& backlog) {
  std::vector<std::string> all;
  backlog.take([&all](std::span<const std::byte> record) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(record.data()) % 8, 0U);
    all.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  });
  return all;
}

bool is_readable(int descriptor) {
  pollfd wait{descriptor, POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

TEST(Backlog, GivesRecordsOfAnySizeInTheirOrder) {
  const auto backlog = Backlog::create(1024).value();
  const std::vector<std::string> records{"", "a", "12345678", std::string(100, 'x') + "\n"};
  for (const std::string& record : records) EXPECT_TRUE(backlog->push(bytes_of(record)));
  EXPECT_EQ(taken_from(*backlog), records);
  EXPECT_TRUE(taken_from(*backlog).empty());
  EXPECT_EQ(backlog->dropped(), 0);
}

TEST(Backlog, TakesRecordsLargerThanItsPieces) {
  const auto backlog = Backlog::create(1 << 20).value();
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<std::string> records;
    for (const std::size_t size : {10, 200'000, 30'000, 40'000, 0, 65'536, 5})
      records.emplace_back(size, static_cast<char>('a' + size % 7));
    for (const std::string& record : records) EXPECT_TRUE(backlog->push(bytes_of(record)));
    EXPECT_EQ(taken_from(*backlog), records);
  }
}

TEST(Backlog, RefusesWhatIsBeyondItsRoomCountsItAndGoesOn) {
  const auto backlog = Backlog::create(64).value();
  EXPECT_TRUE(backlog->push(bytes_of(std::string(40, 'a'))));
  EXPECT_FALSE(backlog->push(bytes_of(std::string(16, 'b'))));
  EXPECT_TRUE(backlog->push(bytes_of(std::string(8, 'c'))));
  EXPECT_EQ(backlog->dropped(), 1);
  EXPECT_EQ(taken_from(*backlog).size(), 2U);
  EXPECT_TRUE(backlog->push(bytes_of(std::string(40, 'd'))));
}

TEST(Backlog, TellsWhenAQuarterOfItsRoomIsUsed) {
  const auto backlog = Backlog::create(256).value();
  backlog->push(bytes_of(std::string(40, 'a')));
  EXPECT_FALSE(is_readable(backlog->descriptor()));
  backlog->push(bytes_of(std::string(40, 'b')));
  EXPECT_TRUE(is_readable(backlog->descriptor()));
  taken_from(*backlog);
  EXPECT_FALSE(is_readable(backlog->descriptor()));
}

TEST(Backlog, LosesNothingBetweenTwoThreads) {
  const auto backlog = Backlog::create(1 << 20).value();
  std::jthread writer([&] {
    for (int number = 0; number < 20'000; ++number) backlog->push(bytes_of(std::to_string(number)));
  });
  int next = 0;
  while (next < 20'000)
    for (const std::string& record : taken_from(*backlog)) ASSERT_EQ(record, std::to_string(next++));
}

}  // namespace
}  // namespace tacho
