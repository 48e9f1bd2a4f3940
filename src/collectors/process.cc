// SPDX-License-Identifier: Apache-2.0
// Every process: those that live on are read from /proc at every tick; births, execs and ends come
// from the kernel's events (src/ledger) where there are any.
// Reads  /proc/PID/schedstat  12345678 90123 456   ns on CPU and waiting for one, main thread only
//        /proc/PID/statm      2890 1024 800 1 0 500 0   pages: size, resident, ...
//        /proc/PID/{stat,status,io}                  when one of these says that something changed
//        /proc/PID/{fd,limits,oom_score,cgroup,cmdline,exe,environ}  for new processes and key rows
// schedstat and statm stay open for those that live on: reading them costs 1.4 us for a process,
// opening and reading stat 6.7. They tell whether a single-threaded process ran or its memory
// changed; one with several threads is asked for its stat, kept open too. Of those that run at tick
// after tick stat, status and io stay open as well. Sleepers lose memory too: all are asked for statm
// when the kernel reclaimed, swapped, merged or collapsed pages since the last tick, and each at least
// every 8 ticks or 8 s for what others do to it (a mapped file cut short, process_madvise). Linux 2.6.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/command_sums.h"
#include "collectors/job_variables.h"
#include "collectors/process_ledger.h"
#include "collectors/process_reader.h"
#include "collectors/process_rows.h"
#include "collectors/redact.h"
#include "kernel/fields.h"
#include "kernel/limits.h"
#include "kernel/reclaim_watch.h"

namespace tacho::collector_process {
namespace {

// A key row repeats a process whose figures do not change, so that a reader has not to look back
// further than this.
constexpr std::uint64_t kKeyTicks = 60;
constexpr Nanoseconds kKeyTime = std::chrono::seconds(60);
// A sleeper is asked for its memory at least so often.
constexpr std::uint64_t kMemoryTicks = 8;
constexpr Nanoseconds kMemoryTime = std::chrono::seconds(8);
// How long the word of the kernel about the end of one that is gone is waited for, and a tick at least:
// exact figures follow when it has been freed.
constexpr std::int64_t kEndWait = 2'000'000'000;  // ns
// The processes of the first tick have their first key rows within so many ticks.
constexpr std::uint64_t kFirstKeyTicks = 10;
// As much of a command line as is kept.
constexpr std::size_t kArgumentsLimit = 4096;
constexpr std::size_t kCgroupLimit = 1024;
// Descriptors left to everything else when those of processes are kept open.
constexpr std::int64_t kSpareDescriptors = 256;
// A kept descriptor costs 5 KiB of kernel memory: at most 160 MiB.
constexpr std::int64_t kMostKept = 32768;

using Living = ProcessLedger::Living;

std::uint64_t hash_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

std::uint64_t ticks_within(Nanoseconds time, Nanoseconds interval, std::uint64_t most) {
  const auto ticks = static_cast<std::uint64_t>(time / std::max(interval, Nanoseconds(1)));
  return std::clamp<std::uint64_t>(ticks, 1, most);
}

bool same_figures(const ProcessStat& a, const ProcessStat& b) {
  return a.user_time == b.user_time && a.system_time == b.system_time &&
         a.faults_minor == b.faults_minor && a.resident_pages == b.resident_pages &&
         a.virtual_size == b.virtual_size && a.threads == b.threads && a.state == b.state &&
         a.nice == b.nice;
}

class Process final : public Collector {
 public:
  explicit Process(const CollectorEnvironment& environment)
      : ledger_(environment.command, environment.command_usage),
        sums_(environment.command == 0 ? nullptr : environment.command_usage),
        lives_(environment.lives),
        command_(environment.command) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Process>(environment);
    self->reader_ = TRY(ProcessReader::create(environment.root));
    self->users_ = Users::read(environment.root);
    self->reclaim_ = ReclaimWatch::create(environment.root);
    const auto delays = environment.root.read("proc/sys/kernel/task_delayacct");
    self->has_block_delay_ = delays && trimmed(*delays) == "1";
    const auto mounts = environment.root.read("proc/self/mountinfo");
    self->proc_is_hidden_ = mounts && mounts->find("hidepid=") != std::string::npos &&
                            mounts->find("hidepid=0") == std::string::npos;
    self->key_ticks_ = ticks_within(kKeyTime, environment.interval, kKeyTicks);
    self->memory_ticks_ = ticks_within(kMemoryTime, environment.interval, kMemoryTicks);
    self->most_kept_ =
        std::clamp<std::int64_t>(raise_descriptor_limit() - kSpareDescriptors, 0, kMostKept);
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    now_ = into.rows().stamp();
    repeat_all_ = into.repeat_all();
    page_size_ = memory_page_size();
    memory_moved_ = reclaim_.moved();
    take_lives();
    TRY(reader_.list(pids_));
    merge(into);
    if (lives_ != nullptr && into.is_last()) lives_->settle();
    // Who is gone has ended by now, and its event is there, or follows until the next tick when its
    // exact figures are still on their way.
    if (!ledger_.leaving.empty() || into.is_last()) take_lives();
    ledger_.connect_parents();
    bury_leaving(into);
    for (const YoungProcess& young : ledger_.ended) write_young(into, young);
    ledger_.ended.clear();
    for (const Living& process : ledger_.living)
      if (process->needs_info || repeat_all_) write_info(into.rows(kInfo), *process);
    sums_.take_tick(ledger_.living, page_size_, now_.time);
    return {};
  }

  int wake_descriptor() const override { return lives_ == nullptr ? -1 : lives_->descriptor(); }

  // Many processes ended since the last tick: their rows need not wait for the next one.
  Result<void> collect_between(Collection& into) override {
    now_ = into.rows().stamp();
    take_lives();
    TRY(reader_.list(pids_));
    // One that is still there waits as a zombie for its parent: the next tick finds it.
    std::erase_if(ledger_.ended, [&](const YoungProcess& young) {
      if (std::ranges::binary_search(pids_, young.pid)) return false;
      write_young(into, young);
      return true;
    });
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    if (proc_is_hidden_)
      coverage.add({.kind = CoverageNote::Kind::denied,
                    .table = "process",
                    .what = "processes of other users",
                    .why = "/proc is mounted with hidepid",
                    .remedy = "sudo tacho ..."});
    const std::size_t denied = static_cast<std::size_t>(std::ranges::count_if(
        ledger_.living, [](const Living& process) { return process->io_denied; }));
    if (denied > 0)
      coverage.add({.kind = CoverageNote::Kind::denied,
                    .table = "process",
                    .what = "I/O, descriptors and executable of some processes",
                    .why = std::to_string(denied) + " of " + std::to_string(ledger_.living.size()) +
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
  static constexpr std::size_t kInfo = 1, kExit = 2;  // of the collector's tables

  void take_lives() {
    if (lives_ == nullptr) return;
    // What went wrong with the source is told by the source's own events.
    (void)lives_->take([this](const LifeEvent& event) { ledger_.take(event); });
  }

  // Walks the pids that are there and the processes that were, both ascending.
  void merge(Collection& into) {
    next_.clear();
    std::vector<Living>& living = ledger_.living;
    std::vector<Living>& gone = ledger_.leaving;
    std::size_t at = 0;
    for (const int pid : pids_) {
      for (; at < living.size() && living[at]->pid < pid; ++at) gone.push_back(std::move(living[at]));
      if (at < living.size() && living[at]->pid == pid) {
        Living process = std::move(living[at++]);
        if (update(into, *process)) {
          next_.push_back(std::move(process));
          continue;
        }
        gone.push_back(std::move(process));
      }
      if (Living process = discover(into, pid)) next_.push_back(std::move(process));
    }
    for (; at < living.size(); ++at) gone.push_back(std::move(living[at]));
    living.swap(next_);
  }

  // A pid that was not there before, or belongs to another process now. Nothing when it is gone
  // already.
  Living discover(Collection& into, int pid) {
    int error = 0;
    const auto stat = parse_process_stat(reader_.read(pid, "stat", error));
    if (!stat) return nullptr;
    auto process = std::make_unique<LivingProcess>();
    process->pid = pid;
    take_stat(*process, *stat);  // before the next read: `command` lies in the reader's buffer
    ledger_.introduce(*process);
    keep_open(*process);
    if (process->schedstat) read_schedule(*process);
    if (process->statm) read_memory(*process);
    // At the first tick somebody waits, and all processes are new: what takes long follows in the
    // next ticks.
    const bool is_first = now_.tick == 0;
    write_row(into, *process, !is_first);
    if (is_first) {
      process->key_due = 1 + process->number % std::min(key_ticks_, kFirstKeyTicks);
      process->family.cgroup = read_cgroup(pid);
    }
    if (pid == command_) read_job(*process);
    process->needs_info = true;
    return process;
  }

  // Reads what tells whether something changed; writes a row when it did. False when the process is
  // gone.
  bool update(Collection& into, LivingProcess& process) {
    const bool key = now_.tick >= process.key_due;
    bool changed = !knows_when_unchanged(process);
    if (process.schedstat) {
      const Change change = read_schedule(process);
      if (change == Change::gone) return false;
      changed = changed || change == Change::yes;
    }
    if (process.statm && (changed || key || memory_moved_ || is_memory_turn(process))) {
      const Change change = read_memory(process);
      if (change == Change::gone) return false;
      changed = changed || change == Change::yes;
    }
    process.last_seen = now_.boottime;
    if (!changed && !key && !repeat_all_) return true;
    return update_stat(into, process, key, changed);
  }

  // The turns of the sleepers are spread over the ticks.
  bool is_memory_turn(const LivingProcess& process) const {
    return (now_.tick + process.number) % memory_ticks_ == 0;
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
      process.needs_info = true;
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
    // A thread of the kernel has no memory of its own.
    if (!process.is_kernel_thread()) process.statm = reader_.open(process.pid, "statm");
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
    set_process_figures(rows, process, page_size_, has_block_delay_);
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
    return process.schedstat && (process.statm || process.is_kernel_thread()) &&
           process.numbers.threads <= 1;
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
    const bool known = process.arguments_hash != 0 || !process.family.cgroup.empty();
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

  void read_job(LivingProcess& process) {
    process.knows_job = true;
    if (process.is_kernel_thread()) return;
    int error = 0;
    std::string job = job_of_environment(reader_.read(process.pid, "environ", error));
    if (job.empty() || job == process.family.job) return;
    process.family.job = std::move(job);
    process.needs_info = true;
  }

  std::string read_cgroup(int pid) {
    int error = 0;
    return escaped(parse_process_cgroup(reader_.read(pid, "cgroup", error)), kCgroupLimit);
  }

  void write_info(Rows& rows, LivingProcess& process) {
    const ProcessStat& stat = process.numbers;
    process.needs_info = false;
    ProcessDescription description = description_of(process);
    std::string path, command = escaped(process.command);
    description.command = command;
    RedactedArguments redacted;
    if (!process.is_kernel_thread()) {
      const auto target = reader_.link(process.pid, "exe");
      process.executable_denied = !target;
      if (target) description.executable = path = escaped(*target, kArgumentsLimit);
      int error = 0;
      const std::string_view line = reader_.read(process.pid, "cmdline", error);
      process.arguments_hash = hash_of(line);
      if (!line.empty()) {
        redacted = redact_arguments(line, kArgumentsLimit);
        description.arguments = redacted.text;
        description.arguments_cut = redacted.cut;
      }
    }
    description.process_group = stat.process_group;
    description.session = stat.session;
    write_description(rows, description, users_);
  }

  // What is known of it without reading: what events told, and its last stat and status.
  static ProcessDescription description_of(const LivingProcess& process) {
    ProcessDescription description{.number = process.number,
                                   .pid = process.pid,
                                   .parent_pid = process.numbers.parent,
                                   .inner_pid = process.status.inner_pid,
                                   .start_boottime = process.start_boottime(),
                                   .user_id = process.status.user,
                                   .group_id = process.status.group,
                                   .process_group = process.numbers.process_group,
                                   .session = process.numbers.session,
                                   .kernel_thread = process.is_kernel_thread(),
                                   .family = &process.family};
    if (process.told) {
      description.command = process.told->command;
      description.executable = process.told->executable;
      description.arguments = process.told->arguments;
      description.arguments_cut = process.told->arguments_cut;
    }
    return description;
  }

  void bury_leaving(Collection& into) {
    std::erase_if(ledger_.leaving, [&](const Living& process) {
      const bool is_recent = process->last_seen >= last_tick_boottime_ ||
                             now_.boottime - process->last_seen < kEndWait;
      if (lives_ != nullptr && !process->end && is_recent && !into.is_last()) return false;
      bury(into, *process);
      return true;
    });
    last_tick_boottime_ = now_.boottime;
  }

  void bury(Collection& into, const LivingProcess& process) {
    kept_ -= process.kept();
    // It called exec and ended, all since the last tick.
    if (process.needs_info && process.told)
      write_description(into.rows(kInfo), description_of(process), users_);
    sums_.take_end(process);
    write_exit(into.rows(kExit), process);
  }

  void write_young(Collection& into, const YoungProcess& young) {
    write_description(into.rows(kInfo), describe(young), users_);
    sums_.take_end(young);
    write_exit(into.rows(kExit), young);
  }

  ProcessLedger ledger_;
  CommandSums sums_;
  LifeSource* lives_;
  ProcessReader reader_;
  Users users_;
  std::vector<int> pids_;
  std::vector<Living> next_;
  ReclaimWatch reclaim_;
  Stamp now_;
  std::int64_t last_tick_boottime_ = 0;
  std::uint64_t key_ticks_ = kKeyTicks, memory_ticks_ = kMemoryTicks;
  std::int64_t page_size_ = 4096;
  std::int64_t kept_ = 0, most_kept_ = 0;
  int command_ = 0;
  bool repeat_all_ = false;
  bool memory_moved_ = true;
  bool has_block_delay_ = false;
  bool proc_is_hidden_ = false;
};

constexpr const Table* kTables[] = {&kProcessTable, &kProcessInfoTable, &kProcessExitTable};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Process::create};

}  // namespace tacho::collector_process
