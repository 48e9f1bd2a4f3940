// SPDX-License-Identifier: Apache-2.0
// For tests of the walk, with the real kernel.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "ledger/bpf_testing.h"
#include "ledger/bpf_walk.h"
#include "ledger/life_testing.h"

namespace tacho {

// No process has a key row of itself in these tests but where one asks for it.
inline constexpr std::uint64_t kNever = 1'000'000'000;

class BpfWalker : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto objects = load_bpf(BpfPart::walk);
    auto made = objects ? make_bpf_walker(std::move(*objects), kNever) : std::move(objects).error();
    if (made) {
      walker_ = std::move(*made);
    } else {
      trouble_ = made.error();
    }
  }
  static void TearDownTestSuite() { walker_.reset(); }
  void SetUp() override {
    if (walker_) return;
    if (is_missing_here(trouble_)) GTEST_SKIP() << trouble_.text;
    FAIL() << trouble_.text;
  }

  static std::map<std::int64_t, WalkedProcess> walk(bool all) {
    std::map<std::int64_t, WalkedProcess> found;
    for (bool complete = false; !complete; all = false) {
      const auto walked = walker_->walk(all);
      EXPECT_TRUE(walked) << walked.error().text;
      if (!walked) break;
      for (const WalkedProcess& process : walked->changed) found[process.pid] = process;
      complete = walked->complete;
    }
    return found;
  }

  static inline std::unique_ptr<ProcessWalker> walker_;
  static inline Error trouble_;
};

// A child that does something, says so, and sleeps.
class Child {
 public:
  // With a pid where one is given, which must be free.
  explicit Child(const std::function<void()>& work, pid_t pid = 0) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const auto live = [&] {
      work();
      if (write(ends[1], "x", 1) == 1)
        for (;;) pause();
      _exit(1);
    };
    pid_ = pid == 0 ? start(live) : start_again(pid, live);
    close(ends[1]);
    if (pid_ < 0) {
      close(ends[0]);
      return;
    }
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    // Until it sleeps.
    while (stat_field(3) != "S") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  bool is_alive() const { return pid_ > 0; }  // or the kernel refused
  int pid() const { return pid_; }

  // Counted from 1, as proc(5) does; the name has no blank in these tests.
  std::string stat_field(int number) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string word;
    for (int i = 0; i < number; ++i) file >> word;
    return word;
  }
  std::int64_t stat_number(int number) const { return std::stoll(stat_field(number)); }
  // The number behind NAME: in a file of its folder.
  std::int64_t number(const std::string& file, const std::string& name) const {
    std::ifstream lines("/proc/" + std::to_string(pid_) + "/" + file);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
    return -99;
  }
  std::int64_t run_time() const {
    std::int64_t time = -99;
    std::ifstream("/proc/" + std::to_string(pid_) + "/schedstat") >> time;
    return time;
  }
  std::int64_t descriptors() const {
    const std::filesystem::directory_iterator folder("/proc/" + std::to_string(pid_) + "/fd");
    return std::distance(begin(folder), end(folder));
  }
  std::int64_t wait_time() const {
    std::int64_t time = -99;
    std::ifstream("/proc/" + std::to_string(pid_) + "/schedstat") >> time >> time;
    return time;
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace tacho
