// SPDX-License-Identifier: Apache-2.0
// Every mounted real file system: space and inodes.
// Reads  /proc/self/mountinfo, and statvfs of each mount point
// Line   27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
// Units  bytes, counts. Linux 2.6.26.
// A device that is mounted at several places has one row, for the first place that shows the whole of
// it. A file system on a network, or in a program (FUSE), may never answer: it is asked in a thread
// that may hang, while the others go on.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/text.h"
#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "kernel/fields.h"
#include "kernel/mount_table.h"

namespace tacho::collector_filesystem {

extern const CollectorInfo info;

namespace {

constexpr Column kColumns[] = {
    key("mountpoint", "Where it is mounted.", "system.filesystem.mountpoint"),
    text("device", "What is mounted.", "system.device"),
    text("type", "ext4, xfs, tmpfs ...", "system.filesystem.type"),
    text("mode", "rw or ro; an error can turn one into the other.", "system.filesystem.mode"),
    gauge("limit", Unit::bytes, "Its size.", "system.filesystem.limit"),
    gauge("usage_used", Unit::bytes, "In use.",
          "system.filesystem.usage{system.filesystem.state=used}"),
    gauge("usage_free", Unit::bytes, "Free for everybody.",
          "system.filesystem.usage{system.filesystem.state=free}"),
    gauge("usage_reserved", Unit::bytes, "Free for root only.",
          "system.filesystem.usage{system.filesystem.state=reserved}"),
    gauge("inodes_limit", Unit::count, "Inodes; null where their number has no limit."),
    gauge("inodes_free", Unit::count, "Free inodes for everybody.")};

constexpr Table kFilesystem{.name = "filesystem",
                            .help = "Every mounted real file system. One that does not answer has a "
                                    "row without figures.",
                            .columns = kColumns};

constexpr Option kOptions[] = {{"interval", "10s", "Shortest time between readings."}};

// Nothing is stored in these; asking autofs would mount what is behind it.
constexpr std::string_view kNotReal[] = {
    "autofs",  "binfmt_misc", "bpf",         "cgroup",     "cgroup2", "configfs",   "debugfs",
    "devpts",  "devtmpfs",    "efivarfs",    "fusectl",    "mqueue",  "hugetlbfs",  "nsfs",
    "proc",    "pstore",      "rpc_pipefs",  "securityfs", "sysfs",   "selinuxfs",  "smackfs",
    "tracefs", "ramfs",       "fuse.lxcfs",  "fuse.portal", "fuse.gvfsd-fuse"};
// These wait for another machine.
constexpr std::string_view kRemote[] = {"9p",    "afs",      "beegfs",    "ceph", "cifs", "coda",
                                        "davfs", "gfs2",     "glusterfs", "gpfs", "lustre", "ncpfs",
                                        "nfs",   "nfs4",     "ocfs2",     "orangefs", "smb3", "smbfs",
                                        "virtiofs"};
// All remote file systems together may take this long at a turn; what answers later is in the next.
constexpr auto kPatience = std::chrono::seconds(1);
// A host of containers has hundreds of mounts, most of them of the same devices.
constexpr std::size_t kMostMounts = 1024;

struct Figures {
  std::int64_t limit = 0, used = 0, free = 0, reserved = 0;
  std::optional<std::int64_t> inodes_limit, inodes_free;
};

struct Answer {
  enum class Kind : std::uint8_t { none, figures, denied, not_there } kind = Kind::none;
  Figures figures;
};

// stat gives every btrfs subvolume a number that mountinfo does not know: nothing to compare.
constexpr dev_t kAnyNumber = 0;

struct Mount {
  std::string path;                             // for the system, with the root's prefix
  std::string point, device, type, mode;        // escaped
  dev_t number = 0;                             // as mountinfo has it
  std::string root;
  bool remote = false;
  dev_t expected() const { return type == "btrfs" ? kAnyNumber : number; }
};

bool is_one_of(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// `number` is the device that must be found there.
Answer ask(const std::string& path, dev_t number) {
  struct stat status {};
  struct statvfs space {};
  if (stat(path.c_str(), &status) != 0 || statvfs(path.c_str(), &space) != 0)
    return {.kind = errno == EACCES ? Answer::Kind::denied : Answer::Kind::none};
  // Another mount may stand on top of this one (nobody can reach it then), or nothing is stored in it.
  if (number != kAnyNumber && status.st_dev != number) return {.kind = Answer::Kind::not_there};
  if (space.f_blocks == 0) return {.kind = Answer::Kind::not_there};
  const auto unit = static_cast<std::int64_t>(space.f_frsize);
  const auto blocks = [&](fsblkcnt_t count) { return static_cast<std::int64_t>(count) * unit; };
  Figures figures{.limit = blocks(space.f_blocks),
                  .used = blocks(space.f_blocks - space.f_bfree),
                  .free = blocks(space.f_bavail),
                  .reserved = blocks(space.f_bfree - space.f_bavail)};
  if (space.f_files > 0) {
    figures.inodes_limit = static_cast<std::int64_t>(space.f_files);
    figures.inodes_free = static_cast<std::int64_t>(space.f_favail);
  }
  return {.kind = Answer::Kind::figures, .figures = figures};
}

// A file system that may not answer. The thread that asks shares it, so that it may outlive us.
class Question {
 public:
  // Asks, unless the last one is still waiting for its answer.
  static void put(const std::shared_ptr<Question>& question, const std::string& path, dev_t number) {
    {
      const std::scoped_lock lock(question->mutex_);
      if (question->asking_) return;
      question->asking_ = true;
    }
    try {
      std::thread([question, path, number] { question->finish(ask(path, number)); }).detach();
    } catch (const std::system_error&) {  // no more threads: no answer this time
      question->finish({});
    }
  }

  // The answer; none when it has not come by `until`.
  Answer wait(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    if (!answered_.wait_until(lock, until, [this] { return !asking_; })) return {};
    return answer_;
  }

 private:
  void finish(const Answer& answer) {
    const std::scoped_lock lock(mutex_);
    answer_ = answer;
    asking_ = false;
    answered_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable answered_;
  bool asking_ = false;
  Answer answer_;
};

class Filesystem final : public Collector {
 public:
  explicit Filesystem(const Root& root)
      : prefix_(root.prefix().ends_with('/') ? root.prefix().substr(0, root.prefix().size() - 1)
                                             : root.prefix()) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    TRY(cadence_of(info, environment.settings));
    auto self = std::make_unique<Filesystem>(environment.root);
    self->file_ = TRY(environment.root.open_file("proc/self/mountinfo"));
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    const std::string_view text = TRY(file_.reread());
    if (text != last_) learn(text);
    for (std::size_t i = 0; i < mounts_.size(); ++i)
      if (questions_[i]) Question::put(questions_[i], mounts_[i].path, mounts_[i].expected());
    const auto until = std::chrono::steady_clock::now() + kPatience;
    denied_ = silent_ = 0;
    for (std::size_t i = 0; i < mounts_.size(); ++i)
      append(into.rows(), mounts_[i],
             questions_[i] ? questions_[i]->wait(until) : ask(mounts_[i].path, mounts_[i].expected()));
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    const auto add = [&](CoverageNote::Kind kind, std::string what, const char* why,
                         const char* remedy) {
      coverage.add({kind, "filesystem", std::move(what), why, remedy});
    };
    if (denied_ > 0)
      add(CoverageNote::Kind::denied, "figures of " + std::to_string(denied_) + " file systems",
          "their mount points are closed to us", "run as root");
    if (silent_ > 0)
      add(CoverageNote::Kind::limited, "figures of " + std::to_string(silent_) + " file systems",
          "they did not answer", "");
    if (too_many_)
      add(CoverageNote::Kind::limited, "file systems beyond the first 1024", "more than are read", "");
  }

 private:
  // What is mounted has changed.
  void learn(std::string_view text) {
    last_ = text;
    const std::vector<Mount> before = std::move(mounts_);
    const std::vector<std::shared_ptr<Question>> asked = std::move(questions_);
    mounts_.clear();
    questions_.clear();
    too_many_ = false;
    for (Lines lines(text); lines.next();) {
      MountLine line;
      if (parse_mount_line(lines.line(), line) && !is_one_of(kNotReal, line.type)) keep(line);
    }
    // A question that still waits for its answer is not asked by a second thread.
    for (const Mount& mount : mounts_) {
      const auto same = std::ranges::find(before, mount.path, &Mount::path);
      auto& question = questions_.emplace_back();
      if (!mount.remote) continue;
      const auto old = same == before.end() ? nullptr : asked[same - before.begin()];
      question = old ? old : std::make_shared<Question>();
    }
  }

  void keep(const MountLine& line) {
    Mount mount{.number = makedev(static_cast<unsigned>(line.major), static_cast<unsigned>(line.minor)),
                .root = std::string(line.root),
                .remote = line.type.starts_with("fuse") || is_one_of(kRemote, line.type)};
    const bool subvolumes = line.type == "btrfs";
    const auto same = std::ranges::find_if(mounts_, [&](const Mount& other) {
      return other.number == mount.number && (!subvolumes || other.root == mount.root);
    });
    std::string raw;
    append_mount_text(raw, line.point);
    mount.path = prefix_ + raw;
    mount.point = escaped(raw);
    raw.clear();
    append_mount_text(raw, line.source);
    mount.device = escaped(raw);
    mount.type = escaped(line.type);
    mount.mode = has_option(line.options, "ro") || has_option(line.super_options, "ro") ? "ro" : "rw";
    if (same != mounts_.end()) {
      if (same->root != "/" && mount.root == "/") *same = std::move(mount);
    } else if (mounts_.size() < kMostMounts) {
      mounts_.push_back(std::move(mount));
    } else {
      too_many_ = true;
    }
  }

  void append(Rows& rows, const Mount& mount, const Answer& answer) {
    if (answer.kind == Answer::Kind::not_there) return;
    if (answer.kind == Answer::Kind::denied) ++denied_;
    if (answer.kind == Answer::Kind::none) ++silent_;
    if (answer.kind == Answer::Kind::figures) {
      const Figures& of = answer.figures;
      rows.append(mount.point, mount.device, mount.type, mount.mode, of.limit, of.used, of.free,
                  of.reserved, of.inodes_limit, of.inodes_free);
    } else {
      rows.append(mount.point, mount.device, mount.type, mount.mode, std::nullopt, std::nullopt,
                  std::nullopt, std::nullopt, std::nullopt, std::nullopt);
    }
  }

  const std::string prefix_;
  KernelFile file_;
  std::string last_;
  std::vector<Mount> mounts_;
  std::vector<std::shared_ptr<Question>> questions_;  // beside mounts_; null: asked directly
  std::size_t denied_ = 0, silent_ = 0;
  bool too_many_ = false;
};

constexpr const Table* kTables[] = {&kFilesystem};

}  // namespace

constinit const CollectorInfo info{.tables = kTables,
                                   .cadence = std::chrono::seconds(10),
                                   .runs = CollectorInfo::Runs::in_own_thread,
                                   .options = kOptions,
                                   .create = Filesystem::create};

}  // namespace tacho::collector_filesystem
