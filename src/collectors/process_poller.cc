// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_poller.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "collectors/job_variables.h"
#include "collectors/process_rows.h"
#include "collectors/process_walk.h"
#include "kernel/fields.h"
#include "kernel/limits.h"
#include "ledger/cpu_split.h"

namespace tacho {
namespace {

// A sleeper is asked for its memory at least so often.
constexpr std::uint64_t kMemoryTicks = 8;
constexpr Nanoseconds kMemoryTime = std::chrono::seconds(8);
// The processes of the first tick have their first key rows within so many ticks.
constexpr std::uint64_t kFirstKeyTicks = 10;
constexpr std::size_t kCgroupLimit = 1024;
// Descriptors left to everything else when those of processes are kept open.
constexpr std::int64_t kSpareDescriptors = 256;
// A kept descriptor costs 5 KiB of kernel memory: at most 160 MiB.
constexpr std::int64_t kMostKept = 32768;

bool same_figures(const ProcessStat& a, const ProcessStat& b) {
  return a.user_time == b.user_time && a.system_time == b.system_time &&
         a.faults_minor == b.faults_minor && a.resident_pages == b.resident_pages &&
         a.virtual_size == b.virtual_size && a.threads == b.threads && a.state == b.state &&
         a.nice == b.nice;
}

void take_stat(LivingProcess& process, const ProcessStat& stat) {
  process.command = stat.command;
  process.numbers = stat;
  process.numbers.command = {};
  if (!process.statm) {
    process.resident_pages = stat.resident_pages;
    process.virtual_pages = 0;
  }
}

// Of one that was read from /proc until now.
bool ran_since_read(const LivingProcess& process, const WalkedProcess& walked) {
  return !process.has_schedule || walked.thread_count > 1 ||
         walked.cpu_time_main_thread != process.run_time;
}

// stat's own steps are 10 ms.
void make_times_exact(LivingProcess& process, CpuSplit before) {
  if (!process.cpu_time) return;
  ProcessStat& stat = process.numbers;
  const CpuSplit now =
      following(before, split_cpu_time(*process.cpu_time, stat.user_time, stat.system_time));
  stat.user_time = now.user;
  stat.system_time = now.system;
}

}  // namespace

Result<std::unique_ptr<ProcessPoller>> ProcessPoller::create(const CollectorEnvironment& environment) {
  auto self = std::make_unique<ProcessPoller>();
  self->reader_ = TRY(ProcessReader::create(environment.root));
  self->reclaim_ = ReclaimWatch::create(environment.root);
  const auto delays = environment.root.read("proc/sys/kernel/task_delayacct");
  self->has_block_delay_ = delays && trimmed(*delays) == "1";
  self->key_ticks_ = process_key_ticks(environment.interval);
  self->memory_ticks_ = ticks_within(kMemoryTime, environment.interval, kMemoryTicks);
  self->most_kept_ =
      std::clamp<std::int64_t>(raise_descriptor_limit() - kSpareDescriptors, 0, kMostKept);
  return self;
}

void ProcessPoller::begin(const Stamp& now, bool repeat_all) {
  now_ = now;
  repeat_all_ = repeat_all;
  page_size_ = memory_page_size();
  memory_moved_ = reclaim_.moved();
}

Result<const std::vector<int>*> ProcessPoller::list() {
  TRY(reader_.list(pids_));
  return &pids_;
}

void ProcessPoller::release(const LivingProcess& process) { kept_ -= process.kept(); }

std::unique_ptr<LivingProcess> ProcessPoller::find(int pid) {
  int error = 0;
  const auto stat = parse_process_stat(reader_.read(pid, "stat", error));
  if (!stat) return nullptr;
  auto process = std::make_unique<LivingProcess>();
  process->pid = pid;
  take_stat(*process, *stat);  // before the next read: `command` lies in the reader's buffer
  return process;
}

void ProcessPoller::welcome(LivingProcess& process, Rows& rows) {
  keep_open(process);
  look_whether_it_ran(process);
  make_times_exact(process, {});
  if (process.statm) read_memory(process);
  // At the first tick somebody waits, and all processes are new: what takes long follows in the
  // next ticks.
  const bool is_first = now_.tick == 0;
  write_row(process, rows, !is_first);
  if (is_first) {
    process.key_due = 1 + process.number % std::min(key_ticks_, kFirstKeyTicks);
    process.family.cgroup = read_cgroup(process.pid);
  }
  process.needs_info = true;
}

void ProcessPoller::welcome(LivingProcess& process, const WalkedProcess& walked, Rows& rows) {
  read_status(process);  // its user
  process.is_walked = true;
  process.key_due = now_.tick;
  process.needs_info = true;
  take_walked(process, walked, true, rows);
}

// Nothing is kept open for it any more.
void ProcessPoller::leave_to_walks(LivingProcess& process) {
  release(process);
  process.schedstat = {};
  process.statm = {};
  process.stat = {};
  process.io_file = {};
  process.status_file = {};
  process.is_walked = true;
}

void ProcessPoller::take_walked(LivingProcess& process, const WalkedProcess& walked, bool is_turn,
                                Rows& rows) {
  const bool is_first = !process.is_walked;
  const bool ran = is_first && ran_since_read(process, walked);
  if (is_first) leave_to_walks(process);
  process.last_seen = now_.boottime;
  const bool changed = take_figures(process, walked, page_size_);
  // The first walk is more exact than /proc was: that alone is no change of the process.
  if (is_first ? ran : changed) process.changed_since_key = true;
  const bool key = now_.tick >= process.key_due || (is_turn && !changed);
  if (changed || key || repeat_all_) write_row(process, rows, key);
}

bool ProcessPoller::update(LivingProcess& process, Rows& rows) {
  if (process.is_walked) {  // the walker is gone
    process.is_walked = false;
    keep_open(process);
  }
  const bool key = now_.tick >= process.key_due;
  const Change ran = look_whether_it_ran(process);
  if (ran == Change::gone) return false;
  bool changed = ran == Change::yes || !knows_when_unchanged(process);
  if (process.statm && (changed || key || memory_moved_ || is_memory_turn(process))) {
    const Change change = read_memory(process);
    if (change == Change::gone) return false;
    changed = changed || change == Change::yes;
  }
  process.last_seen = now_.boottime;
  if (!changed && !key && !repeat_all_) return true;
  return update_stat(process, rows, key, changed);
}

// The turns of the sleepers are spread over the ticks.
bool ProcessPoller::is_memory_turn(const LivingProcess& process) const {
  return (now_.tick + process.number) % memory_ticks_ == 0;
}

// Reads one of its files, kept open from now on if it is read often: opening and closing it is half
// of the cost.
std::string_view ProcessPoller::read_often(LivingProcess& process, FileDescriptor& kept,
                                           const char* name, bool often, int& error) {
  if (!kept && often && may_keep(1)) {
    kept = reader_.open(process.pid, name);
    if (!kept) {
      error = errno;
      return {};
    }
    ++kept_;
  }
  return kept ? reader_.read(kept, error) : reader_.read(process.pid, name, error);
}

bool ProcessPoller::update_stat(LivingProcess& process, Rows& rows, bool key, bool changed) {
  int error = 0;
  const bool often = process.runs_often || process.numbers.threads > 1;
  const std::string_view text = read_often(process, process.stat, "stat", often, error);
  const auto stat = parse_process_stat(text);
  if (!stat || stat->start_ticks != process.numbers.start_ticks) return false;
  const bool single_and_kept = knows_when_unchanged(process);
  const bool same = same_figures(process.numbers, *stat);
  if (same && !key && !repeat_all_ && !single_and_kept) return true;
  if (single_and_kept ? changed : !same) {
    process.runs_often = process.runs_often || process.ran_tick + 1 == now_.tick;
    process.ran_tick = now_.tick;
  }
  process.changed_since_key = process.changed_since_key || changed;
  if (process.command != stat->command || process.numbers.parent != stat->parent)
    process.needs_info = true;
  const CpuSplit before{process.numbers.user_time, process.numbers.system_time};
  take_stat(process, *stat);
  make_times_exact(process, before);
  write_row(process, rows, key);
  return true;
}

// Without clocks schedstat tells, of the main thread alone, and without descriptors there is nothing to go by.
bool ProcessPoller::knows_when_unchanged(const LivingProcess& process) const {
  if (!process.statm && !process.is_kernel_thread()) return false;
  return reader_.has_clocks() || (process.schedstat && process.numbers.threads <= 1);
}

ProcessPoller::Change ProcessPoller::look_whether_it_ran(LivingProcess& process) {
  if (!reader_.has_clocks()) return process.schedstat ? read_schedule(process) : Change::no;
  const auto time = reader_.cpu_time(process.pid);
  // Who is there without a clock has its stat read.
  if (!time) return reader_.exists(process.pid) ? Change::yes : Change::gone;
  if (time == process.cpu_time) return Change::no;
  process.cpu_time = time;
  read_schedule(process);
  return Change::yes;
}

ProcessPoller::Change ProcessPoller::read_schedule(LivingProcess& process) {
  int error = 0;
  Fields fields(read_often(process, process.schedstat, "schedstat", process.runs_often, error));
  if (error != 0) return Change::gone;
  const std::int64_t run_time = fields.number().value_or(0);
  const std::int64_t run_delay = fields.number().value_or(0);
  const std::int64_t slices = fields.number().value_or(0);
  const bool same = run_time == process.run_time && slices == process.slices;
  process.run_time = run_time;
  process.run_delay = run_delay;
  process.slices = slices;
  process.has_schedule = true;
  return same ? Change::no : Change::yes;
}

ProcessPoller::Change ProcessPoller::read_memory(LivingProcess& process) {
  int error = 0;
  Fields fields(reader_.read(process.statm, error));
  if (error != 0) return Change::gone;
  const std::int64_t size = fields.number().value_or(0);
  const std::int64_t resident = fields.number().value_or(0);
  const bool same = size == process.virtual_pages && resident == process.resident_pages;
  process.virtual_pages = size;
  process.resident_pages = resident;
  return same ? Change::no : Change::yes;
}

void ProcessPoller::keep_open(LivingProcess& process) {
  if (!may_keep(2)) return;
  if (!reader_.has_clocks()) process.schedstat = reader_.open(process.pid, "schedstat");
  // A thread of the kernel has no memory of its own.
  if (!process.is_kernel_thread()) process.statm = reader_.open(process.pid, "statm");
  kept_ += static_cast<bool>(process.schedstat) + static_cast<bool>(process.statm);
}

void ProcessPoller::write_row(LivingProcess& process, Rows& rows, bool key) {
  process.last_seen = now_.boottime;
  // What neither ran nor lost memory has the I/O, switches and memory of its last row.
  if (process.changed_since_key && !process.is_walked) read_status(process);
  rows.start_row();
  set_process_figures(rows, process, page_size_, has_block_delay_);
  if (key) {
    // The first time at a tick of the process's own, so that key rows are spread over the ticks.
    const std::uint64_t period = process.had_key ? key_ticks_ : 1 + process.number % key_ticks_;
    process.key_due = now_.tick + period;
    process.had_key = true;
    set_slow_figures(rows, process);
    look_for_new_identity(process);
    process.changed_since_key = !process.is_walked && !knows_when_unchanged(process);
  } else if (process.is_walked && process.walked_descriptors != process.descriptor_count) {
    process.descriptor_count = process.walked_descriptors;
    rows.set(process_column::file_descriptor_count, process.descriptor_count);
  }
  rows.finish_row();
}

void ProcessPoller::read_status(LivingProcess& process) {
  int error = 0;
  // Who is denied it once is asked again with key rows.
  if (!process.io_denied || now_.tick >= process.key_due) {
    const std::string_view io =
        read_often(process, process.io_file, "io", process.runs_often, error);
    process.io_denied = error == EACCES || error == EPERM;
    if (error == 0) process.io = parse_process_io(io);
  }
  const std::string_view status =
      read_often(process, process.status_file, "status", process.runs_often, error);
  if (error != 0) return;
  const auto peak = process.status.resident_peak;
  process.status = parse_process_status(status);
  // A zombie has no memory any more, and had its peak all the same.
  if (!process.status.resident_peak) process.status.resident_peak = peak;
}

void ProcessPoller::set_slow_figures(Rows& rows, LivingProcess& process) {
  using namespace process_column;
  int error = 0;
  const auto adjustment = process.is_walked
                              ? process.walked_oom_score_adj
                              : Fields(reader_.read(process.pid, "oom_score_adj", error)).number();
  // The score is made of memory and of the adjustment, which others may set.
  if (process.changed_since_key || adjustment != process.oom_score_adj)
    process.oom_score = Fields(reader_.read(process.pid, "oom_score", error)).number();
  process.oom_score_adj = adjustment;
  if (process.is_walked) {
    process.descriptor_count = process.walked_descriptors;
  } else if (process.changed_since_key) {
    process.descriptor_count = reader_.count_descriptors(process.pid);
    process.descriptors_denied = !process.descriptor_count;
  }
  rows.set(file_descriptor_count, process.descriptor_count);
  rows.set(file_descriptor_limit, process.is_walked ? process.walked_descriptor_limit
                                                    : reader_.descriptor_limit(process.pid));
  rows.set(oom_score, process.oom_score);
  rows.set(oom_score_adj, process.oom_score_adj);
}

// A process that called exec under the same name, or was moved to another group, is described
// anew.
void ProcessPoller::look_for_new_identity(LivingProcess& process) {
  int error = 0;
  const bool known = process.arguments_hash != 0 || !process.family.cgroup.empty();
  // Events tell of an exec; of who did not run since its last key row nothing else is asked.
  if (process.is_walked && known && !process.changed_since_key && process.knows_job) return;
  const bool may_differ = (process.changed_since_key || !known) && !process.is_kernel_thread();
  const std::uint64_t arguments =
      may_differ ? hash_of(reader_.read(process.pid, "cmdline", error)) : process.arguments_hash;
  std::string cgroup = read_cgroup(process.pid);
  if (known && (arguments != process.arguments_hash || cgroup != process.family.cgroup))
    process.needs_info = true;
  process.arguments_hash = arguments;
  process.family.cgroup = std::move(cgroup);
  if (!process.knows_job) read_job(process);
}

void ProcessPoller::read_job(LivingProcess& process) {
  process.knows_job = true;
  if (process.is_kernel_thread()) return;
  int error = 0;
  std::string job = job_of_environment(reader_.read(process.pid, "environ", error));
  if (job.empty() || job == process.family.job) return;
  process.family.job = std::move(job);
  process.needs_info = true;
}

std::string ProcessPoller::read_cgroup(int pid) {
  int error = 0;
  return escaped(parse_process_cgroup(reader_.read(pid, "cgroup", error)), kCgroupLimit);
}

}  // namespace tacho
