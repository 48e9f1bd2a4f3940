// SPDX-License-Identifier: Apache-2.0
// The limits that make fork and malloc fail, beside what is used of each.
// Reads  /proc/sys/kernel/{pid_max,threads-max}, /proc/sys/vm/{overcommit_memory,overcommit_ratio,
//        min_free_kbytes}, /proc/loadavg (1/80: tasks), /proc/meminfo (CommitLimit, Committed_AS)
//        /proc/PID/limits    Max processes             96365     96365     processes
//        /proc/PID/cgroup    8:pids:/job/1   or   0::/user.slice/...
//        CGROUP/pids.max     max | 1000;   CGROUP/pids.current   17
//        /proc/*/stat, of the command's user only, every 10 s: threads
// Units  counts, bytes. PID is the command's, or the recorder's own where there is no command.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/text.h"
#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "kernel/cgroup_mounts.h"
#include "kernel/fields.h"
#include "kernel/learned_names.h"
#include "kernel/reread_buffer.h"

namespace tacho::collector_limits {
namespace {

constexpr Column kColumns[] = {
    gauge("task_count", Unit::count, "Tasks (processes and threads) that exist."),
    gauge("task_limit", Unit::count, "The most tasks that may exist (kernel.threads-max).",
          "system.process.limit"),
    gauge("pid_limit", Unit::count, "The most process numbers (kernel.pid_max)."),
    gauge("overcommit_mode", Unit::none,
          "vm.overcommit_memory: 0 guesses, 1 always grants, 2 grants up to commit_limit."),
    gauge("overcommit_ratio", Unit::none, "vm.overcommit_ratio: percent of memory, for mode 2."),
    gauge("committed", Unit::bytes,
          "Memory promised to programs. Read every 10 s, and at every tick in overcommit mode 2; "
          "`memory` has it always."),
    gauge("commit_limit", Unit::bytes, "What may be promised in overcommit mode 2. As committed."),
    gauge("memory_reserve", Unit::bytes, "What the kernel keeps free (vm.min_free_kbytes)."),
    gauge("user", Unit::none, "Number of the command's user, else of the recorder's."),
    gauge("user_task_limit", Unit::count,
          "Soft limit of that user's tasks (RLIMIT_NPROC) as the command has it; null: unlimited. "
          "It does not hold for root."),
    gauge("user_task_count", Unit::count,
          "That user's tasks, counted every 10 s, null in between and for root."),
    text("cgroup", "The control group that limits the command's tasks."),
    gauge("cgroup_task_limit", Unit::count, "pids.max of that group; null: unlimited."),
    gauge("cgroup_task_count", Unit::count, "Tasks in that group and below it (pids.current).")};
enum : std::size_t { task_count, task_limit, pid_limit, overcommit_mode, overcommit_ratio,
                     committed, commit_limit, memory_reserve, user, user_task_limit,
                     user_task_count, cgroup, cgroup_task_limit, cgroup_task_count };

constexpr Table kLimits{.name = "limits",
                        .help = "The limits that make fork and malloc fail, beside what is used.",
                        .columns = kColumns};

constexpr std::string_view kMemoryNames[] = {"CommitLimit", "Committed_AS"};
// Walking over all processes costs about a microsecond for each; the tasks of a user are a sum that
// `process` gives at every tick as well.
constexpr Nanoseconds kSlow = std::chrono::seconds(10);

// Place of vm.overcommit_memory among the settings, and its value where commit_limit holds.
constexpr std::size_t kMode = 2;
constexpr std::int64_t kStrict = 2;

// The soft limit in the line "Max processes" of /proc/PID/limits; nothing for unlimited.
std::optional<std::int64_t> task_limit_of(std::string_view text) {
  constexpr std::string_view kLine = "Max processes";
  for (Lines lines(text); lines.next();)
    if (lines.line().starts_with(kLine)) return Fields(lines.line().substr(kLine.size())).number();
  return std::nullopt;
}

class Limits final : public Collector {
 public:
  explicit Limits(const CollectorEnvironment& environment)
      : root_(environment.root),
        subject_("proc/" + (environment.command == 0 ? std::string("self")
                                                     : std::to_string(environment.command))) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Limits>(environment);
    const Root& root = environment.root;
    self->tasks_ = TRY(root.share_file("proc/loadavg", Records::one_piece));
    self->memory_ = TRY(root.share_file("proc/meminfo", Records::one_piece));
    for (Setting& setting : self->settings_)
      if (auto file = root.open_file(setting.path, Records::one_piece))
        setting.file = std::move(file).value();
    if (auto file = root.open_file(self->subject_ + "/limits")) self->limits_ = std::move(*file);
    if (auto folder = root.open_folder("proc")) self->processes_ = std::move(*folder);
    self->mounts_ = CgroupMounts::read(root);
    self->follow_cgroup();
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    const bool slow = slow_.due(into);
    if (slow) {
      read_settings();
      follow_cgroup();  // the command may have been moved to another group
    }
    Rows& rows = into.rows();
    rows.start_row();
    const auto failed = read_machine(rows, slow);
    read_user(rows, slow);
    read_cgroup(rows);
    rows.finish_row();
    return failed;
  }

  void report_coverage(Coverage& coverage) const override {
    if (!cgroup_.empty()) return;
    coverage.add({.kind = CoverageNote::Kind::absent,
                  .table = "limits",
                  .what = "cgroup_task_limit and cgroup_task_count",
                  .why = "no control group with the pids controller limits the command's tasks",
                  .remedy = {}});
  }

 private:
  struct Setting {
    const char* path;
    std::size_t column;
    std::int64_t scale;
    KernelFile file = {};
    std::optional<std::int64_t> value = {};
  };

  // What people set changes seldom: it is read every 10 s and stands in every row.
  void read_settings() {
    for (Setting& setting : settings_) {
      if (!setting.file) continue;
      const auto text = setting.file.reread();
      setting.value = text ? Fields(*text).number() : std::nullopt;
    }
    user_limit_ = std::nullopt;
    user_ = std::nullopt;
    if (!limits_ || !processes_) return;
    // The command is gone at some time: then the user's columns are null.
    const auto text = limits_.reread();
    if (!text) return;
    user_limit_ = task_limit_of(*text);
    user_ = uid_of(subject_.substr(subject_.find('/') + 1));
  }

  Result<void> read_machine(Rows& rows, bool slow) {
    for (const Setting& setting : settings_)
      if (setting.value) rows.set(setting.column, *setting.value * setting.scale);
    const std::string_view load = TRY(tasks_.reread());
    if (const std::size_t slash = load.find('/'); slash != std::string_view::npos)
      rows.set(task_count, Fields(load.substr(slash + 1)).number());
    if (!slow && settings_[kMode].value != kStrict) return {};
    const std::string_view memory = TRY(memory_.reread());
    each_named_number(memory, memory_names_, [&](std::size_t name, std::int64_t kibibytes) {
      rows.set(name == 0 ? commit_limit : committed, kibibytes * 1024);
    });
    return {};
  }

  void read_user(Rows& rows, bool slow) {
    rows.set(user_task_limit, user_limit_);
    if (!user_) return;
    rows.set(user, static_cast<std::int64_t>(*user_));
    if (slow && *user_ != 0) rows.set(user_task_count, count_tasks(*user_));
  }

  std::optional<uid_t> uid_of(const std::string& process) const {
    struct stat status {};
    if (fstatat(processes_.get(), process.c_str(), &status, 0) != 0) return std::nullopt;
    return status.st_uid;
  }

  std::optional<std::int64_t> count_tasks(uid_t owner) {
    const auto names = list_folder(processes_.get());
    if (!names) return std::nullopt;
    std::int64_t sum = 0;
    for (const std::string& name : *names) {
      if (name.front() < '1' || name.front() > '9' || uid_of(name) != owner) continue;
      const auto text = buffer_.read_at(processes_.get(), (name + "/stat").c_str());
      if (!text) continue;
      // "PID (name) S ...": the name may hold blanks and brackets; threads are the 18th after it.
      const std::size_t bracket = text->rfind(')');
      if (bracket == std::string_view::npos) continue;
      Fields fields(text->substr(bracket + 1));
      fields.skip(17);
      sum += fields.number().value_or(0);
    }
    return sum;
  }

  // Opens pids.max and pids.current of the nearest group, upwards, that has them (the top of v2 and
  // a group without the controller have none).
  void follow_cgroup() {
    const auto text = root_.read(subject_ + "/cgroup");
    if (!text) return;
    const CgroupPlace place = mounts_.place_of(*text, "pids");
    if (place.folder.empty() || place.path == followed_) return;
    followed_ = place.path;
    cgroup_.clear();
    for (std::string path = place.path;; path.resize(path.rfind('/'))) {
      auto most = root_.open_file(place.folder + path + "/pids.max", Records::one_piece);
      auto now = root_.open_file(place.folder + path + "/pids.current", Records::one_piece);
      if (most && now) {
        pids_max_ = std::move(*most);
        pids_current_ = std::move(*now);
        cgroup_ = path.empty() ? "/" : escaped(path);
        return;
      }
      if (path.rfind('/') == std::string::npos) return;
    }
  }

  void read_cgroup(Rows& rows) {
    if (cgroup_.empty()) return;
    const auto now = pids_current_.reread();
    if (!now) return;  // the group is gone
    rows.set(cgroup, cgroup_);
    rows.set(cgroup_task_count, Fields(*now).number());
    if (const auto most = pids_max_.reread()) rows.set(cgroup_task_limit, Fields(*most).number());
  }

  const Root& root_;
  const std::string subject_;  // proc/PID
  SharedKernelFile tasks_, memory_;
  KernelFile limits_, pids_max_, pids_current_;
  Setting settings_[5] = {{"proc/sys/kernel/threads-max", task_limit, 1},
                          {"proc/sys/kernel/pid_max", pid_limit, 1},
                          {"proc/sys/vm/overcommit_memory", overcommit_mode, 1},  // kMode
                          {"proc/sys/vm/overcommit_ratio", overcommit_ratio, 1},
                          {"proc/sys/vm/min_free_kbytes", memory_reserve, 1024}};
  LearnedNames memory_names_{kMemoryNames};
  FileDescriptor processes_;
  RereadBuffer buffer_;
  Cadence slow_{kSlow};
  std::optional<std::int64_t> user_limit_;
  std::optional<uid_t> user_;
  CgroupMounts mounts_;
  std::optional<std::string> followed_;  // the command's group; "" is the top
  std::string cgroup_;    // the group whose files are open, escaped; empty: none
};

constexpr const Table* kTables[] = {&kLimits};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Limits::create};

}  // namespace tacho::collector_limits
