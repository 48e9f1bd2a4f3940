// SPDX-License-Identifier: Apache-2.0
// The lives of processes as the kernel tells them: who was born of whom, what it became (exec) and
// its account at the end. A source says what it knows and nothing else: what it cannot know is
// absent, what got lost is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace tacho {

// What a process used in its whole life, all its threads together.
struct ProcessAccount {
  // ns. Where the source counts exactly, their sum is exact; the kernel samples the split.
  std::optional<std::int64_t> cpu_time_user, cpu_time_system;
  std::optional<std::int64_t> memory_peak;                         // bytes, highest resident
  std::optional<std::int64_t> disk_io_read, disk_io_write;         // bytes, of storage
  std::optional<std::int64_t> io_read, io_write;                   // bytes, through system calls
  std::optional<std::int64_t> paging_faults_minor, paging_faults_major;
  std::optional<std::int64_t> context_switches_voluntary, context_switches_involuntary;
  std::optional<std::int64_t> delay_cpu, delay_block;              // ns waited
  bool is_complete = false;  // as wait4 says it: the process was waited for, and the kernel let go of it
};

// Who it is, beside its pid; a process changes some of it in its life.
struct ProcessIdentity {
  std::optional<std::int64_t> user_id, group_id;       // effective
  std::optional<std::int64_t> process_group, session;  // in the recorder's pid namespace
  std::optional<std::int64_t> inner_pid;               // in its own pid namespace
};

struct LifeEvent {
  enum class Kind : std::uint8_t { fork, exec, exit };
  Kind kind = Kind::fork;
  // Of the process, never of a thread, in the recorder's pid namespace. Threads have no events.
  int pid = 0;
  std::int64_t boottime = 0;                    // when it happened, ns; of an exec at the latest
  std::string_view source;                      // name() of the source, a literal
  std::optional<std::int64_t> start_boottime;   // of the process, ns: with the pid its name for ever
  std::optional<int> parent_pid;                // fork: who forked it. Others: its parent now

  std::string_view command;                     // the kernel's name of it (comm), unescaped; may be empty
  ProcessIdentity identity;

  // exec
  std::string_view executable;                  // the path as it was given to exec
  std::string_view arguments;                   // as in /proc/PID/cmdline: each ends with a NUL
  bool arguments_cut = false;                   // there were more bytes than these

  // exit
  std::optional<int> exit_code;                 // when it ended by itself
  std::optional<int> signal;                    // when a signal ended it
  std::optional<bool> core_dumped;
  ProcessAccount account;
};

class ProcessWalker;  // ledger/walk.h

// A source of lives. `take` and the rest are called from one thread; a source that has to empty the
// kernel's buffers in between has a thread of its own, and bounded room for what waits.
class LifeSource {
 public:
  virtual ~LifeSource() = default;
  // "bpf", "taskstats" or "connector": what `process_exit.source` says.
  virtual std::string_view name() const = 0;
  // Hands over what has happened since the call before, oldest first. The views are valid during the
  // call. An error means that nothing will come any more (a right was taken away).
  virtual Result<void> take(const std::function<void(const LifeEvent&)>& each) = 0;
  // What is held back because more exact figures follow is handed over at the next `take`, as it is.
  virtual void settle() {}
  // Events that were lost since the beginning; nothing where the source cannot count them exactly.
  virtual std::optional<std::int64_t> lost() const = 0;
  // Whether something was lost that could not be counted.
  virtual bool lost_unknown() const { return false; }
  // Ended processes whose last moments a source did not learn in time that knows those of the others.
  virtual std::int64_t incomplete_accounts() const { return 0; }
  // A walk over the living that goes with this source, or nullptr. It goes when the source does, so it
  // is asked for at every tick, after `take`.
  virtual ProcessWalker* walker() { return nullptr; }
  // Readable when `take` should be called before its time, for much waits; -1: never.
  virtual int descriptor() const { return -1; }
};

}  // namespace tacho
