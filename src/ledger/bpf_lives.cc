// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_lives.h"

#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ledger/backlog.h"
#include "ledger/bpf/life_record.h"
#include "ledger/bpf_ring.h"
#include "ledger/cpu_split.h"

namespace tacho {
namespace {

// A second of 5,000 processes is 3 MiB.
constexpr std::size_t kBacklogBytes = std::size_t{4} << 20;
// What is handed over right from the ring, which is not emptied meanwhile: the rest of it has room for
// 200 ms of 5,000 processes a second. More is copied to the backlog first.
constexpr std::size_t kReadInPlace = kLifeRingBytes / 4;
// A second with some hundred processes.
constexpr std::size_t kKeptBytes = std::size_t{64} << 10;
// How long an exit waits for its exact account: the kernel frees a task some milliseconds after it was
// reaped, and later on a busy machine. Longer than that waits a zombie.
constexpr std::int64_t kFreeWait = 1'000'000'000;  // ns

constexpr std::string_view kName = "bpf";
constexpr std::array kNames = {"fork", "exec", "exit"};
static_assert(kLifeFork == 0 && kLifeExec == 1 && kLifeExit == 2);

std::optional<std::int64_t> known(std::int64_t value) {
  return value < 0 ? std::nullopt : std::optional(value);
}

template <class Record>
const Record* record_in(std::span<const std::byte> bytes) {
  return bytes.size() < sizeof(Record) ? nullptr : reinterpret_cast<const Record*>(bytes.data());
}

// The part that every record begins with, or nothing for one that is too short to be ours.
const LifeKey* key_in(std::span<const std::byte> bytes) { return record_in<LifeKey>(bytes); }

LifeEvent event_of(const LifeRecord& record, LifeEvent::Kind kind) {
  LifeEvent event;
  event.kind = kind;
  event.source = kName;
  event.pid = record.pid;
  event.boottime = static_cast<std::int64_t>(record.boottime);
  event.start_boottime = static_cast<std::int64_t>(record.key.start_boottime);
  if (record.parent_pid > 0) event.parent_pid = record.parent_pid;
  event.command = std::string_view(record.command, strnlen(record.command, sizeof record.command));
  ProcessIdentity& identity = event.identity;
  identity.user_id = record.user_id;
  identity.group_id = record.group_id;
  if (record.process_group > 0) identity.process_group = record.process_group;
  if (record.session > 0) identity.session = record.session;
  if (record.inner_pid > 0) identity.inner_pid = record.inner_pid;
  identity.cgroup_id = record.cgroup_id;
  return event;
}

LifeEvent exec_event(const LifeExecRecord& record) {
  LifeEvent event = event_of(record.life, LifeEvent::Kind::exec);
  event.executable = std::string_view(record.bytes, record.executable_size);
  event.arguments = std::string_view(record.bytes + record.executable_size, record.arguments_size);
  event.arguments_cut = record.arguments_are_cut != 0;
  return event;
}

bool is_whole(std::span<const std::byte> bytes) {
  const std::size_t fixed = offsetof(LifeExecRecord, bytes);
  if (bytes.size() < fixed) return false;
  const auto* record = reinterpret_cast<const LifeExecRecord*>(bytes.data());
  return bytes.size() - fixed >= std::size_t{record->executable_size} + record->arguments_size;
}

LifeEvent exit_event(const LifeExitRecord& record, const LifeTotals& totals) {
  static const std::int64_t page = sysconf(_SC_PAGESIZE);
  LifeEvent event = event_of(record.life, LifeEvent::Kind::exit);
  if (WIFSIGNALED(record.status)) {
    event.signal = WTERMSIG(record.status);
    event.core_dumped = WCOREDUMP(record.status);
  } else {
    event.exit_code = WEXITSTATUS(record.status);
    event.core_dumped = false;
  }
  ProcessAccount& account = event.account;
  const CpuSplit split = split_cpu_time(totals.cpu_time, totals.user_time, totals.system_time);
  account.cpu_time_user = split.user;
  account.cpu_time_system = split.system;
  if (record.peak_pages >= 0) account.memory_peak = record.peak_pages * page;
  account.disk_io_read = known(totals.storage_read);
  account.disk_io_write = known(totals.storage_written);
  account.io_read = known(totals.read);
  account.io_write = known(totals.written);
  account.paging_faults_minor = totals.faults_minor;
  account.paging_faults_major = totals.faults_major;
  account.context_switches_voluntary = totals.switches_voluntary;
  account.context_switches_involuntary = totals.switches_involuntary;
  account.delay_cpu = known(record.delay_cpu);
  account.delay_block = known(record.delay_block);
  return event;
}

// Joins the records of one life: an exit waits for the free of the same process, everything else goes
// on at once. The order of each pid is kept.
class Joiner {
 public:
  using Each = std::function<void(const LifeEvent&)>;

  // The next batch waits for nothing.
  void settle() { is_settling_ = true; }
  void begin(const Each& each) {
    each_ = &each;
    empty(batch_);
    empty(frees_);
  }
  void add(std::span<const std::byte> record) {
    const LifeKey* key = key_in(record);
    if (key == nullptr) return;
    if (key->kind != kLifeFree) {
      batch_.push_back(record);
    } else if (const auto* free = record_in<LifeFreeRecord>(record)) {
      frees_.push_back(free);
    }
  }
  void finish() {
    std::ranges::sort(frees_, [](const auto* a, const auto* b) { return is_before(a->key, b->key); });
    hand_over_waiting();
    for (const auto& record : batch_) hand_over(record);
    is_settling_ = false;
  }

 private:
  // What a storm made large and calm times do not need goes back to the system.
  template <class T>
  static void empty(std::vector<T>& vector) {
    vector.clear();
    if (vector.capacity() * sizeof(T) > kKeptBytes) vector.shrink_to_fit();
  }
  static bool is_before(const LifeKey& a, const LifeKey& b) {
    return a.kernel_pid != b.kernel_pid ? a.kernel_pid < b.kernel_pid
                                        : a.start_boottime < b.start_boottime;
  }
  const LifeFreeRecord* free_of(const LifeKey& key) const {
    const auto found = std::ranges::lower_bound(
        frees_, key, is_before, [](const LifeFreeRecord* free) -> const LifeKey& { return free->key; });
    return found == frees_.end() || is_before(key, (*found)->key) ? nullptr : *found;
  }

  // Of the takes before: they are older than everything in this batch.
  void hand_over_waiting() {
    empty(ready_);
    if (waiting_.empty()) return;
    const std::int64_t now = SystemClock().now().boottime.count();
    for (const auto& [pid, record] : waiting_) {
      const bool is_late = now - static_cast<std::int64_t>(record.life.boottime) >= kFreeWait;
      if (is_settling_ || is_late || free_of(record.life.key) != nullptr) ready_.push_back(record);
    }
    std::ranges::sort(ready_, {}, [](const LifeExitRecord& record) { return record.life.boottime; });
    for (const LifeExitRecord& record : ready_) {
      const LifeFreeRecord* free = free_of(record.life.key);
      (*each_)(exit_event(record, free == nullptr ? record.totals : free->totals));
      waiting_.erase(record.life.key.kernel_pid);
    }
  }

  void hand_over(std::span<const std::byte> bytes) {
    const auto* record = record_in<LifeRecord>(bytes);
    if (record == nullptr) return;
    hand_over_predecessor(*record);
    if (record->key.kind == kLifeFork) {
      (*each_)(event_of(*record, LifeEvent::Kind::fork));
    } else if (record->key.kind == kLifeExec && is_whole(bytes)) {
      (*each_)(exec_event(*reinterpret_cast<const LifeExecRecord*>(bytes.data())));
    } else if (const auto* exit = record_in<LifeExitRecord>(bytes);
               exit != nullptr && record->key.kind == kLifeExit) {
      hand_over_exit(*exit);
    }
  }

  void hand_over_exit(const LifeExitRecord& record) {
    const LifeFreeRecord* free = free_of(record.life.key);
    if (free != nullptr || is_settling_) {
      (*each_)(exit_event(record, free == nullptr ? record.totals : free->totals));
    } else {
      waiting_.insert_or_assign(record.life.key.kernel_pid, record);
    }
  }

  // The pid is in use again: the one that had it goes first.
  void hand_over_predecessor(const LifeRecord& record) {
    if (waiting_.empty()) return;
    const auto found = waiting_.find(record.key.kernel_pid);
    if (found == waiting_.end()) return;
    const LifeExitRecord& before = found->second;
    const LifeFreeRecord* free = free_of(before.life.key);
    (*each_)(exit_event(before, free == nullptr ? before.totals : free->totals));
    waiting_.erase(found);
  }

  const Each* each_ = nullptr;
  bool is_settling_ = false;
  std::vector<std::span<const std::byte>> batch_;
  std::vector<const LifeFreeRecord*> frees_;  // sorted by key
  std::vector<LifeExitRecord> ready_;
  std::unordered_map<std::uint32_t, LifeExitRecord> waiting_;  // by the kernel's pid
};

// Runs of a program that the kernel left out because it was running already on that CPU; no right to
// ask, or a kernel that does not count them: none are known.
std::int64_t runs_left_out(int program) {
  bpf_prog_info info{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<__u32>(program);
  attributes.info.info_len = sizeof info;
  attributes.info.info = reinterpret_cast<__u64>(&info);
  if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attributes, sizeof attributes) != 0) return 0;
  return static_cast<std::int64_t>(info.recursion_misses);
}

class StatePage {
 public:
  static Result<StatePage> create(int map) {
    void* place = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, map, 0);
    if (place == MAP_FAILED) return last_system_error("map", "the state of the BPF programs");
    return StatePage(static_cast<const LifeState*>(place));
  }
  StatePage(StatePage&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StatePage& operator=(StatePage&&) = delete;
  ~StatePage() {
    if (state_ != nullptr) munmap(const_cast<LifeState*>(state_), kBytes);
  }
  std::int64_t lost(int kind) const {
    return static_cast<std::int64_t>(__atomic_load_n(&state_->lost[kind], __ATOMIC_RELAXED));
  }

 private:
  // The counters stand at its beginning; the rest is the kernel's side's own.
  static constexpr std::size_t kBytes = sizeof(LifeState::lost);

  explicit StatePage(const LifeState* state) : state_(state) {}
  const LifeState* state_;
};

class BpfLives final : public LifeSource {
 public:
  static Result<std::unique_ptr<LifeSource>> create(BpfObjects objects) {
    const int ring_map = TRY(objects.find("ring"));
    const int state_map = TRY(objects.find("state"));
    StatePage state = TRY(StatePage::create(state_map));
    auto ring = TRY(BpfRing::create(ring_map, kLifeRingBytes));
    auto backlog = TRY(Backlog::create(kBacklogBytes));
    std::unique_ptr<BpfLives> self(
        new BpfLives(std::move(objects), std::move(state), std::move(ring), std::move(backlog)));
    for (std::size_t kind = 0; kind < kNames.size(); ++kind)
      self->programs_[kind] = TRY(self->objects_.find(std::string("program ") + kNames[kind]));
    TRY(self->start(ring_map));
    return std::unique_ptr<LifeSource>(std::move(self));
  }

  ~BpfLives() override {
    eventfd_write(stop_.get(), 1);
    if (thread_.joinable()) thread_.join();
  }

  std::string_view name() const override { return kName; }
  int descriptor() const override { return backlog_->descriptor(); }

  Result<void> take(const std::function<void(const LifeEvent&)>& each) override {
    const std::scoped_lock lock(ring_mutex_);
    if (ring_->used() > kReadInPlace) drain();
    joiner_.begin(each);
    const auto add = [&](std::span<const std::byte> record) { joiner_.add(record); };
    backlog_->take(add);
    auto looked = ring_->look(add);
    joiner_.finish();
    ring_->release();
    return looked;
  }

  void settle() override { joiner_.settle(); }

  // A free that got lost costs exactness, not an event.
  std::optional<std::int64_t> lost() const override {
    std::int64_t lost = dropped_.load(std::memory_order_relaxed);
    for (std::size_t kind = 0; kind < kNames.size(); ++kind)
      lost += state_.lost(static_cast<int>(kind)) + runs_left_out(programs_[kind]);
    return lost;
  }

 private:
  BpfLives(BpfObjects objects, StatePage state, std::unique_ptr<BpfRing> ring,
           std::unique_ptr<Backlog> backlog)
      : objects_(std::move(objects)),
        state_(std::move(state)),
        ring_(std::move(ring)),
        backlog_(std::move(backlog)) {}

  Result<void> start(int ring_map) {
    stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
    epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!stop_ || !epoll_) return last_system_error("make", "an epoll");
    // Only the edge: the ring is readable as long as anything is in it, but wakes at a quarter.
    epoll_event on_quarter{.events = EPOLLIN | EPOLLET, .data = {.fd = ring_map}};
    epoll_event on_stop{.events = EPOLLIN, .data = {.fd = stop_.get()}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, ring_map, &on_quarter) != 0 ||
        epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &on_stop) != 0)
      return last_system_error("watch", "the ring of BPF records");
    sigset_t all, before;  // signals are for the other threads
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    Result<void> started;
    try {
      thread_ = std::thread([this] { run(); });
      pthread_setname_np(thread_.native_handle(), "tacho-lives");
    } catch (const std::system_error& error) {
      started = system_error("start", "a thread", error.code().value());
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
  }

  void run() {
    for (;;) {
      epoll_event event{};
      const int count = epoll_wait(epoll_.get(), &event, 1, -1);
      if (count < 0 && errno != EINTR) return;
      if (count > 0 && event.data.fd == stop_.get()) return;
      if (count <= 0) continue;
      const std::scoped_lock lock(ring_mutex_);
      drain();
    }
  }

  // With ring_mutex_. What cannot be read now is read later; the kernel counts what it has no room for.
  void drain() {
    (void)ring_->look([this](std::span<const std::byte> record) {
      const LifeKey* key = key_in(record);
      if (!backlog_->push(record) && key != nullptr && key->kind != kLifeFree)
        dropped_.fetch_add(1, std::memory_order_relaxed);
    });
    ring_->release();
  }

  BpfObjects objects_;
  StatePage state_;
  std::mutex ring_mutex_;  // of what empties the ring
  std::unique_ptr<BpfRing> ring_;
  std::unique_ptr<Backlog> backlog_;
  std::atomic<std::int64_t> dropped_ = 0;  // a count, nothing is read by it: no order is needed
  std::array<int, kNames.size()> programs_{};
  FileDescriptor stop_, epoll_;
  Joiner joiner_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LifeSource>> make_bpf_lives(BpfObjects objects) {
  return BpfLives::create(std::move(objects));
}

}  // namespace tacho
