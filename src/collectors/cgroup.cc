// SPDX-License-Identifier: Apache-2.0
// Every control group: CPU, memory, I/O, tasks, pressure, and whose it is (container, unit, job).
// Reads  /proc/self/mountinfo once: version 2, version 1 (a hierarchy for each controller), or both
//        GROUP/cpu.stat, memory.current, io.stat ...   version 2, Linux 4.5 (see cgroup_sources.cc)
//        GROUP/cpuacct.usage, memory.usage_in_bytes ...  version 1
// A group that stands at the same path in several hierarchies has one row. All figures include the
// groups below it.
// Cost   a dozen files for each of hundreds of groups, most of which do nothing: where neither CPU
//        time, memory nor time waited for I/O moved since the last turn, only those three are read,
//        and the rest once a minute.
#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "collectors/cadence.h"
#include "collectors/cgroup_owner.h"
#include "collectors/cgroup_sources.h"
#include "collectors/collector.h"
#include "kernel/cgroup_mounts.h"
#include "kernel/reread_buffer.h"
#include "kernel/subfolders.h"

namespace tacho::collector_cgroup {

extern const CollectorInfo info;

namespace {

constexpr Column kColumns[] = {
    key("cgroup", "Path of the group; / is the top."),
    text("container", "The engine's id of the container.", "container.id"),
    text("engine", "docker, podman, containerd, cri-o or lxc.", "container.runtime.name"),
    text("pod", "Kubernetes' uid of the pod.", "k8s.pod.uid"),
    text("unit", "The innermost unit of systemd on the path.", "systemd.unit"),
    text("job", "Number of the Slurm job."),
    counter("cpu_time", Unit::nanoseconds, "CPU time.", "container.cpu.time"),
    counter("cpu_time_user", Unit::nanoseconds, "CPU time in programs.",
            "container.cpu.time{cpu.mode=user}"),
    counter("cpu_time_system", Unit::nanoseconds, "CPU time in the kernel.",
            "container.cpu.time{cpu.mode=system}"),
    counter("cpu_periods", Unit::count, "Periods of the CPU quota that passed."),
    counter("cpu_throttled_periods", Unit::count, "Periods in which the quota ran out."),
    counter("cpu_throttled_time", Unit::nanoseconds, "Time held because the quota had run out."),
    gauge("cpu_quota", Unit::nanoseconds, "CPU time allowed in each period; null: no limit."),
    gauge("cpu_quota_period", Unit::nanoseconds, "Length of the quota's period."),
    gauge("memory_usage", Unit::bytes, "Memory, file cache included.", "container.memory.usage"),
    gauge("memory_limit", Unit::bytes, "Hard limit of memory; null: none of its own."),
    gauge("memory_peak", Unit::bytes, "Most memory since it was made. Version 2: Linux 5.19."),
    gauge("memory_swap", Unit::bytes, "Swap."),
    gauge("memory_anonymous", Unit::bytes, "Program memory.", "container.memory.rss"),
    gauge("memory_file", Unit::bytes, "File cache."),
    gauge("memory_inactive_file", Unit::bytes,
          "File cache not used of late: memory_usage without it is the working set."),
    counter("memory_limit_hits", Unit::count, "Times that usage came to the hard limit."),
    counter("memory_high_hits", Unit::count, "Times that tasks were held at memory.high."),
    counter("memory_oom", Unit::count, "Times that no memory could be had below the limit."),
    counter("memory_oom_kill", Unit::count, "Processes killed for want of memory."),
    counter("io_read", Unit::bytes,
            "Read from block devices (a device made of others counts twice).",
            "container.disk.io{disk.io.direction=read}"),
    counter("io_write", Unit::bytes, "Written to block devices.",
            "container.disk.io{disk.io.direction=write}"),
    counter("operations_read", Unit::count, "Reads from block devices."),
    counter("operations_write", Unit::count, "Writes to block devices."),
    gauge("task_count", Unit::count, "Tasks (processes and threads)."),
    gauge("task_limit", Unit::count, "The most tasks; null: no limit."),
    counter("task_limit_hits", Unit::count, "Times that fork failed at task_limit."),
    counter("cpu_pressure_some", Unit::nanoseconds, "Time in which a task waited for a CPU."),
    counter("memory_pressure_some", Unit::nanoseconds, "Time in which a task waited for memory."),
    counter("memory_pressure_full", Unit::nanoseconds,
            "Time in which all tasks waited for memory."),
    counter("io_pressure_some", Unit::nanoseconds, "Time in which a task waited for I/O."),
    counter("io_pressure_full", Unit::nanoseconds, "Time in which all tasks waited for I/O.")};
enum : std::size_t { cgroup, container, engine, pod, unit, job, first_figure };
static_assert(std::size(kColumns) == first_figure + std::size_t{kFigures});

constexpr Table kCgroup{
    .name = "cgroup",
    .help = "Every control group, those below it included. Of a group that did nothing, limits and "
            "lesser figures may be a minute old.",
    .columns = kColumns};

constexpr Option kOptions[] = {
    {"interval", "5s", "Shortest time between readings."},
    {"max", "1000", "The most groups; the rest is counted in the coverage statement."}};

constexpr Nanoseconds kSlow = std::chrono::seconds(60);
// Descriptors kept open; the usual limit of a process is 1024, and processes need most of them.
constexpr std::size_t kMostOpen = 200;
// Looked at in one walk: a runaway that makes groups must not hold us.
constexpr std::size_t kMostWalked = 100'000;
constexpr std::size_t kLongestPath = 4096;

// A source in a hierarchy that this machine has.
struct Reader {
  const Source* source;
  std::size_t hierarchy;
};

struct Group {
  std::string path;                 // escaped
  CgroupOwner owner;                // texts escaped
  std::uint64_t seen = 0;           // the walk that saw it last
  std::uint32_t hierarchies = 0;    // a bit for each that has it
  std::vector<FileDescriptor> open; // by reader; mostly empty
  Figures figures;
};

class Cgroups final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    TRY(cadence_of(info, environment.settings));
    auto self = std::make_unique<Cgroups>();
    const auto most = parse_integer<std::size_t>(environment.settings.get("cgroup", "max", "1000"));
    if (!most || *most == 0)
      return Error{ErrorCode::invalid, "cgroup.max is a number of groups, for example 1000"};
    self->most_ = *most;
    self->mounts_ = CgroupMounts::read(environment.root);
    for (const CgroupMounts::Hierarchy& hierarchy : self->mounts_.hierarchies())
      self->add_hierarchy(environment.root, hierarchy);
    if (self->readers_.empty())
      return Error{ErrorCode::absent, "no control groups are mounted here"};
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    walk();
    const bool slow = slow_.due(into);
    for (auto& [path, group] : groups_) {
      read(path, group, slow);
      append(into.rows(), group);
    }
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    if (left_out_ > 0)
      coverage.add({.kind = CoverageNote::Kind::limited,
                    .table = "cgroup",
                    .what = std::to_string(left_out_) + " control groups beyond the first " +
                            std::to_string(most_),
                    .why = "more than cgroup.max",
                    .remedy = "--set cgroup.max=" + std::to_string(most_ + left_out_)});
    for (const char* controller : {"memory", "io", "pids"})
      if (!has_controller(controller))
        coverage.add({.kind = CoverageNote::Kind::absent,
                      .table = "cgroup",
                      .what = std::string(controller) + " of control groups",
                      .why = "the controller is not enabled",
                      .remedy = {}});
  }

 private:
  void add_hierarchy(const Root& root, const CgroupMounts::Hierarchy& hierarchy) {
    // A bit for each in Group::hierarchies; version 1 has fourteen controllers at most.
    if (folders_.size() >= 32) return;
    auto folder = root.open_folder(hierarchy.folder);
    if (!folder) return;
    bool used = false;
    for (const Source& source : all_sources()) {
      const bool fits = source.controller.empty()
                            ? hierarchy.version_2
                            : std::ranges::find(hierarchy.controllers, source.controller) !=
                                  hierarchy.controllers.end();
      if (!fits) continue;
      readers_.push_back({&source, folders_.size()});
      used = true;
    }
    if (used) folders_.push_back(std::move(*folder));
  }

  // Whether any group tells a figure of the controller.
  bool has_controller(std::string_view controller) const {
    const Figure figure = controller == "memory" ? memory_usage
                          : controller == "io"   ? io_read
                                                 : task_count;
    return std::ranges::any_of(groups_, [&](const auto& entry) {
      return entry.second.figures[figure].has_value();
    });
  }

  // Finds the groups that came and forgets those that went.
  void walk() {
    ++walk_;
    left_out_ = 0;
    for (std::size_t hierarchy = 0; hierarchy < folders_.size(); ++hierarchy) walk_one(hierarchy);
    for (auto entry = groups_.begin(); entry != groups_.end();) {
      if (entry->second.seen == walk_) {
        ++entry;
        continue;
      }
      for (const FileDescriptor& file : entry->second.open) open_ -= file ? 1 : 0;
      entry = groups_.erase(entry);
    }
  }

  // Breadth first, so that the limit leaves out the deepest.
  void walk_one(std::size_t hierarchy) {
    std::size_t size = 0;
    const auto push = [&](std::string_view above, std::string_view name) {
      if (size >= kMostWalked || above.size() + name.size() + 1 > kLongestPath) return;
      if (size == queue_.size()) queue_.emplace_back();
      std::string& path = queue_[size++];
      path.assign(above);
      if (!name.empty()) path.append("/").append(name);
    };
    push("", "");
    for (std::size_t next = 0; next < size; ++next) {
      if (!see(queue_[next], hierarchy)) ++left_out_;
      // A copy: the queue may move while it grows.
      path_ = queue_[next];
      const char* folder = path_.empty() ? "." : path_.c_str() + 1;
      // A group that went meanwhile has no groups.
      (void)each_subfolder(folders_[hierarchy].get(), folder,
                           [&](std::string_view name) { push(path_, name); });
    }
  }

  bool see(const std::string& path, std::size_t hierarchy) {
    auto found = groups_.find(path);
    if (found == groups_.end()) {
      if (groups_.size() >= most_) return false;
      found = groups_.emplace(path, Group{}).first;
      describe(found->second, path);
    }
    Group& group = found->second;
    if (group.seen != walk_) group.hierarchies = 0;
    group.seen = walk_;
    group.hierarchies |= std::uint32_t{1} << hierarchy;
    return true;
  }

  void describe(Group& group, const std::string& path) const {
    group.path = path.empty() ? "/" : escaped(path, kLongestPath);
    group.owner = owner_of_cgroup(path);
    for (std::string* text : {&group.owner.container, &group.owner.pod, &group.owner.unit,
                              &group.owner.job})
      *text = escaped(*text);
    group.open.resize(readers_.size());
  }

  void read(const std::string& path, Group& group, bool slow) {
    using Change = Source::Change;
    const auto cpu = group.figures[cpu_time], memory = group.figures[memory_usage],
               waited = group.figures[io_some];
    const bool is_new = !cpu && !memory;
    read_all(path, group, Change::activity);
    const bool active = cpu != group.figures[cpu_time] || memory != group.figures[memory_usage] ||
                        waited != group.figures[io_some];
    if (active || is_new || slow) read_all(path, group, Change::figure);
    if (!is_new && !slow) return;
    // A limit that was lifted must not stand there any more.
    for (const Figure limit : {cpu_quota, memory_limit, task_limit})
      group.figures[limit] = std::nullopt;
    read_all(path, group, Change::setting);
  }

  void read_all(const std::string& path, Group& group, Source::Change change) {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      const Reader& reader = readers_[i];
      if (reader.source->change != change) continue;
      if ((group.hierarchies >> reader.hierarchy & 1) == 0) continue;
      if (const auto text = text_of(path, group, i)) reader.source->take(*text, group.figures);
    }
  }

  // A controller that is not enabled for the group has no such file.
  Result<std::string_view> text_of(const std::string& path, Group& group, std::size_t reader) {
    FileDescriptor& file = group.open[reader];
    if (file) {
      auto text = buffer_.read(file.get());
      if (text) return text;
      // Another group of the same name may have come instead.
      file = FileDescriptor();
      --open_;
    }
    path_ = path.empty() ? path : path.substr(1) + "/";
    path_ += readers_[reader].source->file;
    FileDescriptor opened(openat(folders_[readers_[reader].hierarchy].get(), path_.c_str(),
                                 O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened) return last_system_error("open", path_);
    auto text = buffer_.read(opened.get());
    if (text && open_ < kMostOpen) {
      file = std::move(opened);
      ++open_;
    }
    return text;
  }

  static void append(Rows& rows, const Group& group) {
    rows.start_row();
    rows.set(cgroup, group.path);
    const auto set_text = [&](std::size_t column, std::string_view text) {
      if (!text.empty()) rows.set(column, text);
    };
    set_text(container, group.owner.container);
    set_text(engine, group.owner.engine);
    set_text(pod, group.owner.pod);
    set_text(unit, group.owner.unit);
    set_text(job, group.owner.job);
    for (std::size_t figure = 0; figure < kFigures; ++figure)
      rows.set(first_figure + figure, group.figures[figure]);
    rows.finish_row();
  }

  std::size_t most_ = 0;
  CgroupMounts mounts_;
  std::vector<FileDescriptor> folders_;  // of hierarchies
  std::vector<Reader> readers_;
  std::map<std::string, Group, std::less<>> groups_;  // by path, "" for the top
  RereadBuffer buffer_;
  Cadence slow_{kSlow};
  std::uint64_t walk_ = 0;
  std::size_t open_ = 0, left_out_ = 0;
  std::vector<std::string> queue_;
  std::string path_;
};

constexpr const Table* kTables[] = {&kCgroup};

}  // namespace

// The kernel sums a group's figures over all CPUs when they are read: that can be milliseconds.
constinit const CollectorInfo info{.tables = kTables,
                                   .cadence = std::chrono::seconds(5),
                                   .runs = CollectorInfo::Runs::in_own_thread,
                                   .options = kOptions,
                                   .create = Cgroups::create};

}  // namespace tacho::collector_cgroup
