// SPDX-License-Identifier: Apache-2.0
// For tests of the lives that BPF tells, with the real kernel.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "ledger/bpf_lives.h"
#include "ledger/bpf_testing.h"
#include "ledger/life_testing.h"

namespace tacho {

class BpfLives : public testing::Test {
 protected:
  // Loaded once for all tests: it takes a tenth of a second of CPU.
  static void SetUpTestSuite() {
    auto objects = load_bpf(BpfPart::lives);
    auto made = objects ? make_bpf_lives(std::move(*objects)) : std::move(objects).error();
    if (made) {
      lives_ = std::move(*made);
    } else {
      trouble_ = made.error();
    }
  }
  static void TearDownTestSuite() { lives_.reset(); }
  void SetUp() override {
    if (lives_) return;
    if (is_missing_here(trouble_)) GTEST_SKIP() << trouble_.text;
    FAIL() << trouble_.text;
  }

  static std::vector<Told> take() {
    std::vector<Told> told;
    const auto taken = lives_->take([&](const LifeEvent& event) {
      told.emplace_back(event);
    });
    EXPECT_TRUE(taken);
    return told;
  }
  // Takes until there is an exit of each of `pids`, at most ten seconds.
  static std::vector<Told> until_exits(std::set<int> pids) {
    std::vector<Told> all;
    for (int round = 0; round < 1000 && !pids.empty(); ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      for (Told& told : take()) {
        if (told.event.kind == LifeEvent::Kind::exit) pids.erase(told.event.pid);
        all.push_back(std::move(told));
      }
    }
    EXPECT_TRUE(pids.empty()) << pids.size() << " ended without being seen";
    return all;
  }

  static inline std::unique_ptr<LifeSource> lives_;
  static inline Error trouble_;
};

inline std::int64_t cpu_of(const LifeEvent& event) {
  return event.account.cpu_time_user.value_or(-1) + event.account.cpu_time_system.value_or(-1);
}

}  // namespace tacho
