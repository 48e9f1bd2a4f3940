// SPDX-License-Identifier: Apache-2.0
// Every process, read from /proc.
// Reads  /proc/PID/schedstat  12345678 90123 456   ns on CPU and waiting for one, main thread only
//        /proc/PID/statm      2890 1024 800 1 0 500 0   pages: size, resident, ...
//        /proc/PID/{stat,status,io}                  when one of these says that something changed
//        /proc/PID/{fd,limits,oom_score,cgroup,cmdline,exe}  for new processes and key rows
// schedstat and statm stay open for those that live on: reading them costs 1.4 us for a process,
// opening and reading stat 6.7. They tell whether a single-threaded process ran or its memory
// changed (sleepers lose memory too); one with several threads is asked for its stat, kept open too.
// Of those that run at tick after tick stat, status and io stay open as well. Linux 2.6.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/command_usage.h"
#include "collectors/process_reader.h"
#include "collectors/process_tables.h"
#include "collectors/redact.h"
#include "collectors/users.h"
#include "kernel/fields.h"
#include "kernel/limits.h"

namespace tacho::collector_process {
namespace {

// A key row repeats a process whose figures do not change, so that a reader has not to look back
// further than this.
constexpr std::uint64_t kKeyTicks = 60;
constexpr Nanoseconds kKeyTime = std::chrono::seconds(60);
// The processes of the first tick have their first key rows within so many ticks.
constexpr std::uint64_t kFirstKeyTicks = 10;
// As much of a command line as is kept.
constexpr std::size_t kArgumentsLimit = 4096;
constexpr std::size_t kCgroupLimit = 1024;
// Descriptors left to everything else when those of processes are kept open.
constexpr std::int64_t kSpareDescriptors = 256;
// A kept descriptor costs 5 KiB of kernel memory: at most 160 MiB.
constexpr std::int64_t kMostKept = 32768;

using Living = std::unique_ptr<LivingProcess>;

std::uint64_t hash_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

bool same_figures(const ProcessStat& a, const ProcessStat& b) {
  return a.user_time == b.user_time && a.system_time == b.system_time &&
         a.faults_minor == b.faults_minor && a.resident_pages == b.resident_pages &&
         a.virtual_size == b.virtual_size && a.threads == b.threads && a.state == b.state &&
         a.nice == b.nice;
}

class Process final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Process>();
    self->reader_ = TRY(ProcessReader::create(environment.root));
    self->users_ = Users::read(environment.root);
    const auto delays = environment.root.read("proc/sys/kernel/task_delayacct");
    self->has_block_delay_ = delays && trimmed(*delays) == "1";
    const auto mounts = environment.root.read("proc/self/mountinfo");
    self->proc_is_hidden_ = mounts && mounts->find("hidepid=") != std::string::npos &&
                            mounts->find("hidepid=0") == std::string::npos;
    self->usage_ = environment.command_usage;
    self->command_ = environment.command;
    const auto ticks =
        static_cast<std::uint64_t>(kKeyTime / std::max(environment.interval, Nanoseconds(1)));
    self->key_ticks_ = std::clamp<std::uint64_t>(ticks, 1, kKeyTicks);
    self->most_kept_ =
        std::clamp<std::int64_t>(raise_descriptor_limit() - kSpareDescriptors, 0, kMostKept);
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    TRY(reader_.list(pids_));
    page_size_ = memory_page_size();
    now_ = into.rows().stamp();
    repeat_all_ = into.repeat_all();
    born_.clear();
    merge(into);
    connect_parents();
    for (const Living& process : living_)
      if (process->needs_info || repeat_all_) write_info(into.rows(1), *process);
    count_command();
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    coverage.add({.kind = CoverageNote::Kind::limited,
                  .table = "process",
                  .what = "processes that lived between two ticks",
                  .why = "processes are read from /proc at every tick; shorter ones are not seen",
                  .remedy = "a shorter --interval sees more of them"});
    coverage.add({.kind = CoverageNote::Kind::limited,
                  .table = "process_exit",
                  .what = "exit status, and the last moments of a process",
                  .why = "reading /proc tells only that a process is gone; its figures are those "
                         "of the tick before"});
    if (proc_is_hidden_)
      coverage.add({.kind = CoverageNote::Kind::denied,
                    .table = "process",
                    .what = "processes of other users",
                    .why = "/proc is mounted with hidepid",
                    .remedy = "sudo tacho ..."});
    const std::size_t denied = static_cast<std::size_t>(std::ranges::count_if(
        living_, [](const Living& process) { return process->io_denied; }));
    if (denied > 0)
      coverage.add({.kind = CoverageNote::Kind::denied,
                    .table = "process",
                    .what = "I/O, descriptors and executable of some processes",
                    .why = std::to_string(denied) + " of " + std::to_string(living_.size()) +
                           " belong to other users or are protected",
                    .remedy = geteuid() == 0 ? "" : "sudo tacho ..."});
    if (!has_block_delay_)
      coverage.add({.kind = CoverageNote::Kind::absent,
                    .table = "process",
                    .what = "delay_block",
                    .why = "the kernel does not count it (kernel.task_delayacct is 0)",
                    .remedy = "sudo sysctl kernel.task_delayacct=1"});
  }

 private:
  // Walks the pids that are there and the processes that were, both ascending.
  void merge(Collection& into) {
    next_.clear();
    std::size_t at = 0;
    for (const int pid : pids_) {
      for (; at < living_.size() && living_[at]->pid < pid; ++at)
        bury(into.rows(2), std::move(living_[at]));
      if (at < living_.size() && living_[at]->pid == pid) {
        Living process = std::move(living_[at++]);
        if (update(into, *process)) {
          next_.push_back(std::move(process));
          continue;
        }
        bury(into.rows(2), std::move(process));
      }
      if (Living process = discover(into, pid)) next_.push_back(std::move(process));
    }
    for (; at < living_.size(); ++at) bury(into.rows(2), std::move(living_[at]));
    living_.swap(next_);
  }

  // A pid that was not there before, or belongs to another process now. Nothing when it is gone
  // already.
  Living discover(Collection& into, int pid) {
    int error = 0;
    const auto stat = parse_process_stat(reader_.read(pid, "stat", error));
    if (!stat) return nullptr;
    auto process = std::make_unique<LivingProcess>();
    process->pid = pid;
    process->number = next_number_++;
    process->in_command = pid == command_ && command_ != 0;
    take_stat(*process, *stat);  // before the next read: `command` lies in the reader's buffer
    keep_open(*process);
    if (process->schedstat) read_schedule(*process);
    if (process->statm) read_memory(*process);
    // At the first tick somebody waits, and all processes are new: what takes long follows in the
    // next ticks.
    const bool is_first = now_.tick == 0;
    write_row(into, *process, !is_first);
    if (is_first) {
      process->key_due = 1 + process->number % std::min(key_ticks_, kFirstKeyTicks);
      process->cgroup = read_cgroup(pid);
    }
    describe_again(*process);
    return process;
  }

  // What was said of it is to be said in this turn, its parent looked up.
  void describe_again(LivingProcess& process) {
    if (!process.needs_info) born_.push_back(&process);
    process.needs_info = true;
  }

  // Reads what tells whether something changed; writes a row when it did. False when the process is
  // gone.
  bool update(Collection& into, LivingProcess& process) {
    const bool key = now_.tick >= process.key_due;
    bool changed = !process.schedstat || !process.statm || process.numbers.threads > 1;
    if (process.schedstat) {
      const Change change = read_schedule(process);
      if (change == Change::gone) return false;
      changed = changed || change == Change::yes;
    }
    if (process.statm) {
      const Change change = read_memory(process);
      if (change == Change::gone) return false;
      changed = changed || change == Change::yes;
    }
    process.last_seen = now_.boottime;
    if (!changed && !key && !repeat_all_) return true;
    return update_stat(into, process, key, changed);
  }

  // Reads one of its files, kept open from now on if it is read often: opening and closing it is half
  // of the cost.
  std::string_view read_often(LivingProcess& process, FileDescriptor& kept, const char* name,
                              bool often, int& error) {
    if (!kept && often && may_keep(1)) {
      kept = reader_.open(process.pid, name);
      kept_ += static_cast<bool>(kept);
    }
    return kept ? reader_.read(kept, error) : reader_.read(process.pid, name, error);
  }

  bool update_stat(Collection& into, LivingProcess& process, bool key, bool changed) {
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
      describe_again(process);
    take_stat(process, *stat);
    write_row(into, process, key);
    return true;
  }

  enum class Change : std::uint8_t { no, yes, gone };

  Change read_schedule(LivingProcess& process) {
    int error = 0;
    Fields fields(reader_.read(process.schedstat, error));
    if (error != 0) return Change::gone;
    const std::int64_t run_time = fields.number().value_or(0);
    const std::int64_t run_delay = fields.number().value_or(0);
    const std::int64_t slices = fields.number().value_or(0);
    const bool same = run_time == process.run_time && slices == process.slices;
    process.run_time = run_time;
    process.run_delay = run_delay;
    process.slices = slices;
    return same ? Change::no : Change::yes;
  }

  Change read_memory(LivingProcess& process) {
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

  bool may_keep(int descriptors) const { return kept_ + descriptors <= most_kept_; }

  void keep_open(LivingProcess& process) {
    if (!may_keep(2)) return;
    process.schedstat = reader_.open(process.pid, "schedstat");
    process.statm = reader_.open(process.pid, "statm");
    kept_ += static_cast<bool>(process.schedstat) + static_cast<bool>(process.statm);
  }

  static void take_stat(LivingProcess& process, const ProcessStat& stat) {
    process.command = stat.command;
    process.numbers = stat;
    process.numbers.command = {};
    if (!process.statm) {
      process.resident_pages = stat.resident_pages;
      process.virtual_pages = 0;
    }
  }

  void write_row(Collection& into, LivingProcess& process, bool key) {
    process.last_seen = now_.boottime;
    // What neither ran nor lost memory has the I/O, switches and memory of its last row.
    if (process.changed_since_key) read_status(process);
    Rows& rows = into.rows();
    rows.start_row();
    set_figures(rows, process);
    if (key) {
      // The first time at a tick of the process's own, so that key rows are spread over the ticks.
      const std::uint64_t period = process.had_key ? key_ticks_ : 1 + process.number % key_ticks_;
      process.key_due = now_.tick + period;
      process.had_key = true;
      set_slow_figures(rows, process);
      look_for_new_identity(process);
      process.changed_since_key = !knows_when_unchanged(process);
    }
    rows.finish_row();
  }

  // schedstat is the main thread's alone, and without descriptors there is nothing to go by.
  static bool knows_when_unchanged(const LivingProcess& process) {
    return process.schedstat && process.statm && process.numbers.threads <= 1;
  }

  void read_status(LivingProcess& process) {
    int error = 0;
    const std::string_view io =
        read_often(process, process.io_file, "io", process.runs_often, error);
    process.io_denied = error == EACCES || error == EPERM;
    if (error == 0) process.io = parse_process_io(io);
    const std::string_view status =
        read_often(process, process.status_file, "status", process.runs_often, error);
    if (error == 0) process.status = parse_process_status(status);
  }

  void set_figures(Rows& rows, const LivingProcess& process) const {
    using namespace process_column;
    const ProcessStat& stat = process.numbers;
    rows.set(process_column::process, process.number);
    rows.set(pid, process.pid);
    rows.set(state, std::string_view(&stat.state, 1));
    rows.set(cpu_time_user, stat.user_time);
    rows.set(cpu_time_system, stat.system_time);
    if (process.schedstat) {
      rows.set(cpu_time_main_thread, process.run_time);
      rows.set(delay_cpu, process.run_delay);
    }
    rows.set(memory_usage, process.resident_pages * page_size_);
    // The kernel updates the peak lazily: what is resident now is never above it.
    if (process.status.resident_peak)
      rows.set(memory_peak,
               std::max(*process.status.resident_peak, process.resident_pages * page_size_));
    rows.set(memory_virtual, stat.virtual_size);
    rows.set(memory_swap, process.status.swap);
    rows.set(disk_io_read, process.io.read_bytes);
    rows.set(disk_io_write, process.io.write_bytes);
    rows.set(io_read, process.io.read_characters);
    rows.set(io_write, process.io.write_characters);
    rows.set(paging_faults_minor, stat.faults_minor);
    rows.set(paging_faults_major, stat.faults_major);
    rows.set(context_switches_voluntary, process.status.switches_voluntary);
    rows.set(context_switches_involuntary, process.status.switches_involuntary);
    rows.set(thread_count, stat.threads);
    rows.set(nice, stat.nice);
    rows.set(priority, stat.priority);
    if (has_block_delay_) rows.set(delay_block, stat.block_delay);
  }

  void set_slow_figures(Rows& rows, LivingProcess& process) {
    using namespace process_column;
    int error = 0;
    const auto adjustment = Fields(reader_.read(process.pid, "oom_score_adj", error)).number();
    // The score is made of memory and of the adjustment, which others may set.
    if (process.changed_since_key || adjustment != process.oom_score_adj)
      process.oom_score = Fields(reader_.read(process.pid, "oom_score", error)).number();
    process.oom_score_adj = adjustment;
    if (process.changed_since_key) {
      process.descriptor_count = reader_.count_descriptors(process.pid);
      process.descriptors_denied = !process.descriptor_count;
    }
    rows.set(file_descriptor_count, process.descriptor_count);
    rows.set(file_descriptor_limit, reader_.descriptor_limit(process.pid));
    rows.set(oom_score, process.oom_score);
    rows.set(oom_score_adj, process.oom_score_adj);
  }

  // A process that called exec under the same name, or was moved to another group, is described
  // anew.
  void look_for_new_identity(LivingProcess& process) {
    int error = 0;
    const bool known = process.arguments_hash != 0 || !process.cgroup.empty();
    const std::uint64_t arguments = process.changed_since_key || !known
                                        ? hash_of(reader_.read(process.pid, "cmdline", error))
                                        : process.arguments_hash;
    std::string cgroup = read_cgroup(process.pid);
    if (known && (arguments != process.arguments_hash || cgroup != process.cgroup))
      describe_again(process);
    process.arguments_hash = arguments;
    process.cgroup = std::move(cgroup);
  }

  std::string read_cgroup(int pid) {
    int error = 0;
    return escaped(parse_process_cgroup(reader_.read(pid, "cgroup", error)), kCgroupLimit);
  }

  void write_info(Rows& rows, LivingProcess& process) {
    using namespace process_info_column;
    const ProcessStat& stat = process.numbers;
    process.needs_info = false;
    rows.start_row();
    rows.set(process_info_column::process, process.number);
    rows.set(pid, process.pid);
    if (process.has_parent_number) rows.set(parent_process, process.parent_number);
    rows.set(parent_pid, stat.parent);
    if (process.status.inner_pid != process.pid) rows.set(inner_pid, process.status.inner_pid);
    const std::int64_t started = stat.start_ticks * kNanosecondsPerTick;
    rows.set(start_time, now_.time - now_.boottime + started);
    rows.set(start_boottime, started);
    rows.set(command, escaped(process.command));
    const auto path = reader_.link(process.pid, "exe");
    const bool is_kernel_thread = (stat.flags & kKernelThreadFlag) != 0;
    process.executable_denied = !path && !is_kernel_thread;
    if (path) rows.set(executable, escaped(*path, kArgumentsLimit));
    int error = 0;
    const std::string_view line = reader_.read(process.pid, "cmdline", error);
    process.arguments_hash = hash_of(line);
    if (!line.empty()) {
      const RedactedArguments redacted = redact_arguments(line, kArgumentsLimit);
      rows.set(arguments, redacted.text);
      rows.set(arguments_cut, redacted.cut ? 1 : 0);
    }
    if (process.status.user) {
      rows.set(user_id, *process.status.user);
      if (const std::string* name = users_.name_of(*process.status.user)) rows.set(user, *name);
    }
    rows.set(group_id, process.status.group);
    rows.set(process_group, stat.process_group);
    rows.set(session, stat.session);
    if (!process.cgroup.empty()) rows.set(cgroup, process.cgroup);
    rows.set(kernel_thread, is_kernel_thread ? 1 : 0);
    rows.set(in_command, process.in_command ? 1 : 0);
    rows.finish_row();
  }

  void bury(Rows& rows, Living process) {
    using namespace process_exit_column;
    kept_ -= process->kept();
    if (process->in_command && usage_ != nullptr) {
      ended_.cpu_time += cpu_time_of(*process);
      ended_.read_bytes += process->io.read_bytes.value_or(0);
      ended_.write_bytes += process->io.write_bytes.value_or(0);
    }
    const ProcessStat& stat = process->numbers;
    rows.start_row();
    rows.set(process_exit_column::process, process->number);
    rows.set(pid, process->pid);
    rows.set(source, "poll");
    rows.set(last_boottime, process->last_seen);
    rows.set(cpu_time_user, stat.user_time);
    rows.set(cpu_time_system, stat.system_time);
    rows.set(memory_peak, process->status.resident_peak);
    rows.set(disk_io_read, process->io.read_bytes);
    rows.set(disk_io_write, process->io.write_bytes);
    rows.set(paging_faults_minor, stat.faults_minor);
    rows.set(paging_faults_major, stat.faults_major);
    rows.set(context_switches_voluntary, process->status.switches_voluntary);
    rows.set(context_switches_involuntary, process->status.switches_involuntary);
    rows.finish_row();
  }

  LivingProcess* find(std::int64_t pid) const {
    const auto found = std::ranges::lower_bound(
        living_, pid, {}, [](const Living& process) { return std::int64_t{process->pid}; });
    return found != living_.end() && (*found)->pid == pid ? found->get() : nullptr;
  }

  // Descent: who was born of the command's processes belongs to it, and still does when its parent
  // is gone. A chain of newborns needs one pass for each generation; pids mostly ascend with them.
  void connect_parents() {
    std::ranges::sort(born_, {}, &LivingProcess::number);
    bool again = true;
    for (int generation = 0; again && generation < 64; ++generation) {
      again = false;
      for (LivingProcess* born : born_) {
        const LivingProcess* parent = find(born->numbers.parent);
        if (parent == nullptr) continue;
        born->parent_number = parent->number;
        born->has_parent_number = true;
        if (parent->in_command && !born->in_command) born->in_command = again = true;
      }
    }
  }

  static std::int64_t cpu_time_of(const LivingProcess& process) {
    const std::int64_t by_ticks = process.numbers.user_time + process.numbers.system_time;
    return process.numbers.threads <= 1 ? std::max(by_ticks, process.run_time) : by_ticks;
  }

  void count_command() {
    if (usage_ == nullptr || command_ == 0) return;
    for (const LivingProcess* born : born_)
      if (born->in_command && born->number >= counted_) ++usage_->processes_seen;
    counted_ = next_number_;
    CommandUsage sum = ended_;
    for (const Living& process : living_) {
      if (!process->in_command) continue;
      sum.cpu_time += cpu_time_of(*process);
      sum.memory_usage += process->resident_pages * page_size_;
      sum.read_bytes += process->io.read_bytes.value_or(0);
      sum.write_bytes += process->io.write_bytes.value_or(0);
      sum.unreadable += process->io_denied;
    }
    usage_->cpu_time = sum.cpu_time;
    usage_->memory_usage = sum.memory_usage;
    usage_->read_bytes = sum.read_bytes;
    usage_->write_bytes = sum.write_bytes;
    usage_->unreadable = std::max(usage_->unreadable, sum.unreadable);
    if (sum.memory_usage > usage_->memory_usage_highest) {
      usage_->memory_usage_highest = sum.memory_usage;
      usage_->highest_time = now_.time;
    }
  }

  ProcessReader reader_;
  Users users_;
  std::vector<int> pids_;
  std::vector<Living> living_, next_;
  std::vector<LivingProcess*> born_;  // to be described in this turn
  CommandUsage* usage_ = nullptr;
  CommandUsage ended_;                // sums of the command's processes that are gone
  Stamp now_;
  std::uint64_t next_number_ = 1;
  std::uint64_t counted_ = 1;         // numbers below it are in usage_->processes_seen
  std::uint64_t key_ticks_ = kKeyTicks;
  std::int64_t page_size_ = 4096;
  std::int64_t kept_ = 0, most_kept_ = 0;
  int command_ = 0;
  bool repeat_all_ = false;
  bool has_block_delay_ = false;
  bool proc_is_hidden_ = false;
};

constexpr const Table* kTables[] = {&kProcessTable, &kProcessInfoTable, &kProcessExitTable};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Process::create};

}  // namespace tacho::collector_process
