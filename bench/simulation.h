// SPDX-License-Identifier: Apache-2.0
// Processes as they are on a machine, simulated from a fixed seed: 5 % of them active at a tick.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "collectors/process_tables.h"
#include "store/testing.h"

namespace tacho {

// One hour at 1 s.
inline constexpr std::uint64_t kTicksPerFile = 3600;

struct Simulated {
  bool is_busy =
      false;  // active at most ticks, like a daemon or a compiler; the others now and then
  std::int64_t user = 0, system = 0, main = 0, resident = 0, peak = 0, address = 0, written = 0,
               read = 0;
  std::int64_t minor = 0, voluntary = 0, involuntary = 0, wait = 0, threads = 1;
};

class Simulation {
 public:
  explicit Simulation(int processes) : all_(static_cast<std::size_t>(processes)) {
    for (Simulated& one : all_) {
      one.is_busy = chance(0.03);
      one.resident = between(500, 60'000) * 4096;
      one.peak = one.resident + between(0, 2'000) * 4096;
      one.address = one.peak + between(10'000, 500'000) * 4096;
      one.threads = between(1, 20);
    }
  }

  void fill(testing::RecordingWriter& writer, std::uint64_t tick) {
    const bool is_first = tick % kTicksPerFile == 0;
    stamp(writer.rows(kProcessTable));
    for (std::size_t index = 0; index < all_.size(); ++index) {
      const bool is_active = chance(all_[index].is_busy ? 0.9 : 0.023);
      const bool is_key = is_first || (tick + index) % 60 == 0;
      if (is_active) run(all_[index]);
      if (is_active || is_key) put(writer.rows(kProcessTable), index, is_active, is_key);
      if (is_first) put_info(writer.rows(kProcessInfoTable), index);
    }
  }

 private:
  bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  // The thread wakes up to 100 us late, and reads one clock a moment after the other.
  void stamp(Rows& rows) {
    Stamp stamp = rows.stamp();
    const std::int64_t late = between(20'000, 120'000);
    stamp.time += late;
    stamp.boottime += late + between(30, 300);
    rows.restamp(stamp);
  }

  void run(Simulated& one) {
    const std::int64_t spent = between(20'000, one.is_busy ? 40'000'000 : 2'000'000);
    one.main += spent;
    if (chance(double(spent) / 1e7)) (chance(0.7) ? one.user : one.system) += 10'000'000;
    if (chance(0.15)) one.resident += between(-8, 16) * 4096;
    one.peak = std::max(one.peak, one.resident);
    if (chance(0.2)) one.minor += between(1, 200);
    one.voluntary += between(1, 30);
    if (chance(0.2)) one.involuntary += between(1, 5);
    one.wait += between(1'000, 200'000);
    if (chance(0.2)) one.written += between(1, 100) * 4096;
    if (chance(0.3)) one.read += between(1, 30'000);
  }

  void put(Rows& rows, std::size_t index, bool is_active, bool is_key) {
    namespace column = process_column;
    const Simulated& one = all_[index];
    rows.start_row();
    rows.set(column::process, std::uint64_t(index + 1));
    rows.set(column::pid, std::int64_t(index + 300));
    rows.set(column::state, is_active && one.is_busy ? "R" : "S");
    rows.set(column::cpu_time_user, one.user);
    rows.set(column::cpu_time_system, one.system);
    rows.set(column::cpu_time_main_thread, one.main);
    rows.set(column::memory_usage, one.resident);
    rows.set(column::memory_peak, one.peak);
    rows.set(column::memory_virtual, one.address);
    rows.set(column::memory_swap, std::int64_t{0});
    rows.set(column::disk_io_read, std::int64_t{0});
    rows.set(column::disk_io_write, one.written);
    rows.set(column::io_read, one.read);
    rows.set(column::io_write, one.written);
    rows.set(column::paging_faults_minor, one.minor);
    rows.set(column::paging_faults_major, std::int64_t{0});
    rows.set(column::context_switches_voluntary, one.voluntary);
    rows.set(column::context_switches_involuntary, one.involuntary);
    rows.set(column::thread_count, one.threads);
    if (is_key) {
      rows.set(column::file_descriptor_count, std::int64_t(10 + index % 50));
      rows.set(column::file_descriptor_limit, std::int64_t{1024});
      rows.set(column::oom_score, std::int64_t(index % 700));
      rows.set(column::oom_score_adj, std::int64_t{0});
    }
    rows.set(column::nice, std::int64_t{0});
    rows.set(column::priority, std::int64_t{20});
    rows.set(column::delay_cpu, one.wait);
    rows.finish_row();
  }

  static void put_info(Rows& rows, std::size_t index) {
    namespace column = process_info_column;
    const std::string name = "program-" + std::to_string(index % 300);
    rows.start_row();
    rows.set(column::process, std::uint64_t(index + 1));
    rows.set(column::pid, std::int64_t(index + 300));
    rows.set(column::parent_process, std::uint64_t{1});
    rows.set(column::start_time, std::int64_t(1'700'000'000'000'000'000 + index * 10'000'000));
    rows.set(column::command, name);
    rows.set(column::executable, "/usr/lib/programs/" + name);
    rows.set(column::arguments, name + " --serve --port " + std::to_string(2000 + index));
    rows.set(column::user, "user");
    rows.set(column::cgroup, "/system.slice/" + name + ".service");
    rows.finish_row();
  }

  std::mt19937_64 random_{1};
  std::vector<Simulated> all_;
};

}  // namespace tacho
