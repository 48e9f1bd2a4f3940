// SPDX-License-Identifier: Apache-2.0
// Every process: those that live on are read from /proc at every tick; births, execs and ends come
// from the kernel's events (src/ledger) where there are any.
// The reading is process_poller.h's, who is who process_ledger.h's, the rows are process_rows.h's.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/command_sums.h"
#include "collectors/process_ledger.h"
#include "collectors/process_poller.h"
#include "collectors/process_rows.h"
#include "collectors/process_walk.h"
#include "collectors/redact.h"

namespace tacho::collector_process {
namespace {

// How long the word of the kernel about the end of one that is gone is waited for, and a tick at least:
// exact figures follow when it has been freed.
constexpr std::int64_t kEndWait = 2'000'000'000;  // ns
// Walks that follow one another because more had changed than one has room for.
constexpr int kMostParts = 64;
// With walks, how often all processes are looked for.
constexpr int kSearchTicks = 60;

class Process final : public Collector {
 public:
  explicit Process(const CollectorEnvironment& environment)
      : ledger_(environment.command, environment.command_usage),
        sums_(environment.command == 0 ? nullptr : environment.command_usage),
        lives_(environment.lives),
        command_(environment.command) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Process>(environment);
    self->poller_ = TRY(ProcessPoller::create(environment));
    self->names_.users = Users::read(environment.root);
    const auto mounts = environment.root.read("proc/self/mountinfo");
    self->proc_is_hidden_ = mounts && mounts->find("hidepid=") != std::string::npos &&
                            mounts->find("hidepid=0") == std::string::npos;
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    now_ = into.rows().stamp();
    repeat_all_ = into.repeat_all();
    poller_->begin(now_, repeat_all_);
    // Listed first: an end that was before, of a pid that is not among them, leaves no zombie.
    listed_ = is_walking_ ? nullptr : TRY(poller_->list());
    take_lives(into);
    if (!walk(into)) merge(listed_ != nullptr ? *listed_ : *TRY(poller_->list()), into);
    if (lives_ != nullptr && into.is_last()) lives_->settle();
    // Who is gone has ended by now, and its event is there, or follows until the next tick when its
    // exact figures are still on their way.
    if (!ledger_.leaving.empty() || into.is_last()) take_lives(into);
    ledger_.connect_parents();
    // Nobody will see zombies reaped.
    if (into.is_last())
      ledger_.let_go([](const LivingProcess& process) { return process.end != nullptr; });
    bury_leaving(into);
    for (const auto& young : ledger_.ended) write_young(into, *young);
    ledger_.ended.clear();
    for (const Living& process : ledger_.living)
      if (process->needs_info || repeat_all_) write_info(into.rows(kInfo), *process);
    sums_.take_tick(ledger_.living, poller_->page_size(), now_.time);
    return {};
  }

  int wake_descriptor() const override { return lives_ == nullptr ? -1 : lives_->descriptor(); }

  // Many processes ended since the last tick: their rows need not wait for the next one.
  Result<void> collect_between(Collection& into) override {
    now_ = into.rows().stamp();
    listed_ = TRY(poller_->list());
    take_lives(into);
    // One that is still there waits as a zombie for its parent: the next tick finds it.
    std::erase_if(ledger_.ended, [&](const auto& young) {
      if (!is_reaped(young->pid, young->end->boottime)) return false;
      write_young(into, *young);
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
    if (!poller_->has_block_delay())
      coverage.add({.kind = CoverageNote::Kind::absent,
                    .table = "process",
                    .what = "delay_block",
                    .why = "the kernel does not count it (kernel.task_delayacct is 0)",
                    .remedy = "sudo sysctl kernel.task_delayacct=1"});
  }

 private:
  static constexpr std::size_t kInfo = 1, kExit = 2;  // of the collector's tables

  void take_lives(Collection& into) {
    if (lives_ == nullptr) return;
    // What went wrong with the source is told by the source's own events.
    (void)lives_->take([&](const LifeEvent& event) {
      ledger_.take(event, is_end_of_reaped(event));
      if (!ledger_.gone) return;
      write_young(into, *ledger_.gone);
      ledger_.gone.reset();
    });
  }

  bool is_end_of_reaped(const LifeEvent& event) const {
    if (event.kind != LifeEvent::Kind::exit) return false;
    return event.account.is_complete || is_reaped(event.pid, event.boottime);
  }
  // Of one that ended then.
  bool is_reaped(int pid, std::int64_t boottime) const {
    return listed_ != nullptr && boottime < now_.boottime && !std::ranges::binary_search(*listed_, pid);
  }

  // Takes the tick from a walk in the kernel, where there is one. A walk tells of those that ran, not
  // of those that are gone: their ends are told, and now and then all are looked for.
  bool walk(Collection& into) {
    ProcessWalker* walker = lives_ == nullptr ? nullptr : lives_->walker();
    if (walker == nullptr) {
      is_walking_ = false;
      return false;
    }
    bool all = repeat_all_ || !is_walking_ || poller_->memory_moved();
    const bool is_turn = !all;
    for (int part = 0; part < kMostParts; ++part) {
      const auto walked = walker->walk(all);
      if (!walked) return is_walking_ = false;
      for (const WalkedProcess& process : walked->changed) take_walked(process, is_turn, into);
      ledger_.insert(std::move(next_));
      if (walked->complete) break;
      all = false;
    }
    if (!is_walking_ || --ticks_to_search_ == 0 || lives_->lost() != lost_) {
      search_for_gone();
    } else {
      std::erase_if(ledger_.ending, [this](int pid) {
        if (poller_->reader().exists(pid)) return false;  // a zombie
        if (Living process = ledger_.remove(pid)) ledger_.leaving.push_back(std::move(process));
        return true;
      });
    }
    return is_walking_ = true;
  }

  void take_walked(const WalkedProcess& walked, bool is_turn, Collection& into) {
    const int pid = static_cast<int>(walked.pid);
    if (LivingProcess* known = ledger_.find(pid)) {
      if (is_same_process(*known, walked)) return poller_->take_walked(*known, walked, is_turn, into.rows());
      ledger_.leaving.push_back(ledger_.remove(pid));
    }
    Living process = poller_->find(pid);
    if (!process || !is_same_process(*process, walked)) return;
    ledger_.introduce(*process);
    poller_->welcome(*process, walked, into.rows());
    next_.push_back(std::move(process));
  }

  // Who is not listed any more is gone, whether its end was told or that got lost.
  void search_for_gone() {
    const auto pids = poller_->list();
    if (!pids) return;
    ticks_to_search_ = kSearchTicks;
    lost_ = lives_->lost();
    ledger_.let_go([&](const LivingProcess& process) {
      return !std::ranges::binary_search(**pids, process.pid);
    });
    std::erase_if(ledger_.ending, [&](int pid) { return !std::ranges::binary_search(**pids, pid); });
    end_lost(**pids);
  }

  // Those that /proc hides from us are not listed and live.
  void end_lost(const std::vector<int>& pids) {
    const bool may_miss = lives_ != nullptr && lives_->lost() != 0;
    if (may_miss && !proc_is_hidden_) ledger_.end_lost(pids, now_.boottime - kEndWait);
  }

  // Walks the pids that are there and the processes that were, both ascending.
  void merge(const std::vector<int>& pids, Collection& into) {
    std::vector<Living>& living = ledger_.living;
    std::vector<Living>& gone = ledger_.leaving;
    ledger_.ending.clear();
    std::size_t at = 0;
    for (const int pid : pids) {
      for (; at < living.size() && living[at].pid() < pid; ++at) gone.push_back(std::move(living[at]));
      if (at < living.size() && living[at].pid() == pid) {
        Living process = std::move(living[at++]);
        if (poller_->update(*process, into.rows())) {
          next_.push_back(std::move(process));
          continue;
        }
        gone.push_back(std::move(process));
      }
      if (Living process = discover(into, pid)) next_.push_back(std::move(process));
    }
    for (; at < living.size(); ++at) gone.push_back(std::move(living[at]));
    living.swap(next_);
    next_.clear();  // of what was moved out of
    end_lost(pids);
  }

  // A pid that was not there before, or belongs to another process now. Nothing when it is gone
  // already.
  Living discover(Collection& into, int pid) {
    Living process = poller_->find(pid);
    if (!process) return {};
    ledger_.introduce(*process);
    poller_->welcome(*process, into.rows());
    if (pid == command_) poller_->read_job(*process);
    return process;
  }

  void write_info(Rows& rows, LivingProcess& process) {
    process.needs_info = false;
    ProcessDescription description = description_of(process);
    std::string path, command = escaped(process.command);
    description.command = command;
    RedactedArguments redacted;
    if (!process.is_kernel_thread()) {
      const auto target = poller_->reader().link(process.pid, "exe");
      process.executable_denied = !target;
      if (target) description.executable = path = escaped(*target, kArgumentsLimit);
      int error = 0;
      const std::string_view line = poller_->reader().read(process.pid, "cmdline", error);
      // One that has ended has no command line any more; what was said of it stands.
      if (line.empty() && process.had_arguments && !process.told && !repeat_all_) return;
      process.had_arguments = process.had_arguments || !line.empty();
      process.arguments_hash = hash_of(line);
      if (!line.empty()) {
        redacted = redact_arguments(line, kArgumentsLimit);
        description.arguments = redacted.text;
        description.arguments_cut = redacted.cut;
      }
    }
    write_description(rows, description, names_);
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
    poller_->release(process);
    // It called exec and ended, all since the last tick.
    if (process.needs_info && process.told)
      write_description(into.rows(kInfo), description_of(process), names_);
    sums_.take_end(process);
    write_exit(into.rows(kExit), process);
  }

  void write_young(Collection& into, const YoungProcess& young) {
    write_description(into.rows(kInfo), describe(young), names_);
    sums_.take_end(young);
    write_exit(into.rows(kExit), young);
  }

  ProcessLedger ledger_;
  CommandSums sums_;
  LifeSource* lives_;
  std::unique_ptr<ProcessPoller> poller_;
  ProcessNames names_;
  std::vector<Living> next_;
  Stamp now_;
  const std::vector<int>* listed_ = nullptr;  // the pids there were after now_, or not known
  std::int64_t last_tick_boottime_ = 0;
  int command_ = 0;
  std::optional<std::int64_t> lost_;
  int ticks_to_search_ = kSearchTicks;
  bool is_walking_ = false;
  bool repeat_all_ = false;
  bool proc_is_hidden_ = false;
};

constexpr const Table* kTables[] = {&kProcessTable, &kProcessInfoTable, &kProcessExitTable};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Process::create};

}  // namespace tacho::collector_process
