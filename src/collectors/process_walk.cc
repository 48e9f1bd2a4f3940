// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_walk.h"

#include <cstdlib>
#include <cstring>

#include "ledger/cpu_split.h"

namespace tacho {
namespace {

std::optional<std::int64_t> known(std::int64_t value) {
  return value < 0 ? std::nullopt : std::optional(value);
}

template <class Value>
bool replace(Value& place, const Value& value) {
  const bool differs = place != value;
  place = value;
  return differs;
}

}  // namespace

bool is_same_process(const LivingProcess& process, const WalkedProcess& walked) {
  return std::abs(walked.start_boottime / kNanosecondsPerTick - process.numbers.start_ticks) <= 1;
}

bool take_figures(LivingProcess& process, const WalkedProcess& walked, std::int64_t page_size) {
  ProcessStat& stat = process.numbers;
  const CpuSplit cpu = following({stat.user_time, stat.system_time},
                                 {walked.cpu_time_user, walked.cpu_time_system});
  bool differs = replace(stat.user_time, cpu.user);
  differs |= replace(stat.system_time, cpu.system);
  differs |= replace(stat.state, static_cast<char>(walked.state));
  differs |= replace(stat.virtual_size, walked.memory_virtual);
  differs |= replace(stat.threads, walked.thread_count);
  differs |= replace(stat.nice, walked.nice);
  differs |= replace(process.resident_pages, walked.memory_usage / page_size);
  differs |= replace(process.status.swap, known(walked.memory_swap));
  differs |= replace(process.io.read_bytes, known(walked.disk_io_read));
  differs |= replace(process.io.write_bytes, known(walked.disk_io_write));
  stat.priority = walked.priority;
  stat.faults_minor = walked.paging_faults_minor;
  stat.faults_major = walked.paging_faults_major;
  stat.block_delay = walked.delay_block;
  process.run_time = walked.cpu_time_main_thread;
  process.run_delay = walked.delay_cpu;
  process.has_schedule = true;
  process.status.resident_peak = known(walked.memory_peak);
  process.status.switches_voluntary = known(walked.context_switches_voluntary);
  process.status.switches_involuntary = known(walked.context_switches_involuntary);
  process.io.read_characters = known(walked.io_read);
  process.io.write_characters = known(walked.io_write);
  process.io_denied = false;
  process.walked_oom_score_adj = walked.oom_score_adj;
  process.walked_descriptors = known(walked.file_descriptor_count);
  process.walked_descriptor_limit = known(walked.file_descriptor_limit);
  const std::string_view command(walked.command, strnlen(walked.command, sizeof walked.command));
  if (stat.parent != walked.parent_pid || process.command != command) {
    stat.parent = walked.parent_pid;
    process.command = command;
    process.needs_info = true;
  }
  return differs;
}

}  // namespace tacho
