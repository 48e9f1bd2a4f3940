// SPDX-License-Identifier: Apache-2.0
// What is known of a process: one that is looked at tick by tick, and one of which only the kernel's
// events told. Plain data; the collector owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "collectors/process_files.h"
#include "ledger/life.h"

namespace tacho {

// As much of a command line, and of a path, as is kept; bytes.
inline constexpr std::size_t kArgumentsLimit = 4096;
// Of a command line, to see that it is another one.
inline std::uint64_t hash_of(std::string_view arguments) {
  return std::hash<std::string_view>{}(arguments);
}

// The source of an end that nobody told: when, and how, is not known.
inline constexpr std::string_view kPolledEnd = "poll";

// Its end, as the kernel told it. `account` may be empty.
struct ToldEnd {
  std::string_view source;  // a literal
  std::int64_t boottime = 0;  // kPolledEnd: when it was last known to live
  std::optional<int> exit_code, signal;
  std::optional<bool> core_dumped;
  ProcessAccount account;
};

// What events told of it, texts escaped and without secrets.
struct ToldProcess {
  std::optional<std::int64_t> start_boottime;
  std::string command, executable, arguments;
  bool arguments_cut = false;
  ProcessIdentity identity;
};

// Who it belongs to; inherited until more is known.
struct ProcessFamily {
  std::optional<std::uint64_t> parent_number;
  bool in_command = false;  // the command of `tacho run` or its descendant
  std::string cgroup;       // escaped
  std::string job;
};

// Known from events alone: born, and perhaps ended, between two ticks.
struct YoungProcess {
  int pid = 0;
  std::uint64_t number = 0;
  std::optional<int> parent_pid;
  std::int64_t born_boottime = 0;  // when the first event of it came
  ToldProcess told;
  ProcessFamily family;
  std::optional<ToldEnd> end;
};

// Looked at tick by tick.
struct LivingProcess {
  int pid = 0;
  std::uint64_t number = 0;
  // Kept open while descriptors last: what says whether something changed, and the rest of one that runs
  // at tick after tick.
  FileDescriptor schedstat, statm, stat, io_file, status_file;
  int kept() const {
    return static_cast<bool>(schedstat) + static_cast<bool>(statm) + static_cast<bool>(stat) +
           static_cast<bool>(io_file) + static_cast<bool>(status_file);
  }

  // As last read, or walked over.
  std::optional<std::int64_t> cpu_time;  // ns, all threads, by its clock
  bool has_schedule = false;  // the three that follow are known
  std::int64_t run_time = 0, run_delay = 0, slices = 0;     // of the main thread, ns
  std::int64_t virtual_pages = 0, resident_pages = 0;
  ProcessStat numbers;        // its `command` view is not valid later
  std::string command;
  ProcessStatus status;
  ProcessIo io;
  std::uint64_t arguments_hash = 0;
  ProcessFamily family;
  std::unique_ptr<ToldProcess> told;  // by events, where there were any
  std::unique_ptr<ToldEnd> end;       // it has ended; its parent has not asked yet

  bool is_walked = false;      // its figures come from walks: nothing is kept open for it
  std::uint64_t key_due = 0;   // tick of the next key row
  std::uint64_t ran_tick = 0;  // the last tick in which it was seen to have changed
  bool runs_often = false;     // that was so at two ticks one after the other
  // What its last key row said. It stays so while it does not run and keeps its memory.
  bool changed_since_key = true;
  std::optional<std::int64_t> walked_oom_score_adj, walked_descriptors, walked_descriptor_limit;
  std::optional<std::int64_t> descriptor_count, oom_score, oom_score_adj;
  bool had_key = false;
  bool needs_info = false;     // to be described in this turn
  bool had_arguments = false;  // when it was described
  bool knows_job = false;      // its environment was looked at
  std::int64_t last_seen = 0;  // boottime, ns
  bool io_denied = false, descriptors_denied = false, executable_denied = false;

  bool is_kernel_thread() const { return (numbers.flags & kKernelThreadFlag) != 0; }
  // Since boot; exact where events told.
  std::int64_t start_boottime() const {
    return told && told->start_boottime ? *told->start_boottime
                                        : numbers.start_ticks * kNanosecondsPerTick;
  }
};

// One in a list by pid, or nobody. The pid stands beside the pointer: who searches the list goes to nobody else.
class Living {
 public:
  Living() = default;
  Living(std::unique_ptr<LivingProcess> process)
      : pid_(process ? process->pid : 0), process_(std::move(process)) {}
  int pid() const { return pid_; }
  LivingProcess* get() const { return process_.get(); }
  LivingProcess& operator*() const { return *process_; }
  LivingProcess* operator->() const { return process_.get(); }
  explicit operator bool() const { return process_ != nullptr; }

 private:
  int pid_ = 0;
  std::unique_ptr<LivingProcess> process_;
};

}  // namespace tacho
