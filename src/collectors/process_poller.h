// SPDX-License-Identifier: Apache-2.0
// Reads processes from /proc at every tick, at the least cost, and writes their rows of `process`. Where
// the kernel walks over them for us (ledger/walk.h), takes what the walk says instead.
// Reads  the CPU clock of a process               12345678   ns on CPU, all threads (clock_gettime)
//        /proc/PID/statm      2890 1024 800 1 0 500 0   pages: size, resident, ...
//        /proc/PID/{stat,status,io,schedstat}        when one of these says that something changed
//        /proc/PID/{fd,limits,oom_score,cgroup,cmdline,environ}  with key rows
// The clock tells whether a process ran, and makes the 10 ms of its stat exact: 1 us for a sleeper whose
// memory is in no cache, where reading a file that is open takes 2.2 and opening stat 6.7. Where /proc shows
// processes of another pid namespace its pids are not those of system calls: schedstat, kept open,
// tells the same of the main thread, and one with several threads is asked for its stat. Of those that
// run at tick after tick all files stay open, of the others statm: sleepers lose memory too. All are asked
// for it when the kernel reclaimed, swapped, merged or collapsed pages since the last tick, and each at
// least every 8 ticks or 8 s for what others do to it (a mapped file cut short, process_madvise).
// Linux 2.6.12.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.h"
#include "collectors/process_reader.h"
#include "collectors/process_record.h"
#include "kernel/reclaim_watch.h"
#include "ledger/walk.h"

namespace tacho {

class ProcessPoller {
 public:
  static Result<std::unique_ptr<ProcessPoller>> create(const CollectorEnvironment& environment);

  // Begins a tick.
  void begin(const Stamp& now, bool repeat_all);
  // All pids, ascending; valid until the next call.
  Result<const std::vector<int>*> list();

  // The process that has this pid now, or nothing when it is gone: its `pid`, `numbers`, `command`.
  std::unique_ptr<LivingProcess> find(int pid);
  // One that was found and has its number: its first row, and descriptors for the next ones.
  void welcome(LivingProcess& process, Rows& rows);
  // The same of one that a walk met.
  void welcome(LivingProcess& process, const WalkedProcess& walked, Rows& rows);
  // What a walk says of one that is known; `is_turn`: the walk says it of idle ones in their turn.
  void take_walked(LivingProcess& process, const WalkedProcess& walked, bool is_turn, Rows& rows);
  // Reads what tells whether something changed; writes a row when it did. False when the process is
  // gone, or another one has its pid.
  bool update(LivingProcess& process, Rows& rows);
  // Gives up what is kept for one that is gone.
  void release(const LivingProcess& process);
  // Looks for the job in its environment.
  void read_job(LivingProcess& process);

  ProcessReader& reader() { return reader_; }
  // Sleepers may have lost memory since the tick before.
  bool memory_moved() const { return memory_moved_; }
  std::int64_t page_size() const { return page_size_; }
  bool has_block_delay() const { return has_block_delay_; }

 private:
  enum class Change : std::uint8_t { no, yes, gone };

  void leave_to_walks(LivingProcess& process);
  bool update_stat(LivingProcess& process, Rows& rows, bool key, bool changed);
  bool is_memory_turn(const LivingProcess& process) const;
  std::string_view read_often(LivingProcess& process, FileDescriptor& kept, const char* name,
                              bool often, int& error);
  bool knows_when_unchanged(const LivingProcess& process) const;
  // Since the look before. No where nothing tells.
  Change look_whether_it_ran(LivingProcess& process);
  Change read_schedule(LivingProcess& process);
  Change read_memory(LivingProcess& process);
  bool may_keep(int descriptors) const { return kept_ + descriptors <= most_kept_; }
  void keep_open(LivingProcess& process);
  void write_row(LivingProcess& process, Rows& rows, bool key);
  void read_status(LivingProcess& process);
  void set_slow_figures(Rows& rows, LivingProcess& process);
  void look_for_new_identity(LivingProcess& process);
  std::string read_cgroup(int pid);

  ProcessReader reader_;
  ReclaimWatch reclaim_;
  std::vector<int> pids_;
  Stamp now_;
  std::uint64_t key_ticks_ = 1, memory_ticks_ = 1;
  std::int64_t page_size_ = 4096;
  std::int64_t kept_ = 0, most_kept_ = 0;
  bool repeat_all_ = false;
  bool memory_moved_ = true;
  bool has_block_delay_ = false;
};

}  // namespace tacho
