// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_lives.h"

#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "ledger/backlog.h"
#include "ledger/bpf/life_record.h"
#include "ledger/bpf_joiner.h"
#include "ledger/bpf_ring.h"
#include "ledger/life_ring.h"

namespace tacho {
namespace {

// A second of 5,000 processes is 3 MiB.
constexpr std::size_t kBacklogBytes = std::size_t{4} << 20;
// What is handed over right from the ring, which is not emptied meanwhile. More is copied to the backlog
// first.
constexpr std::size_t kReadInPlace = kLifeRingWake;

constexpr std::array kNames = {"fork", "exec", "exit"};
static_assert(kLifeFork == 0 && kLifeExec == 1 && kLifeExit == 2);

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
    void* place = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (place == MAP_FAILED) return last_system_error("map", "the state of the BPF programs");
    return StatePage(static_cast<LifeState*>(place));
  }
  StatePage(StatePage&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StatePage& operator=(StatePage&&) = delete;
  ~StatePage() {
    if (state_ != nullptr) munmap(state_, kBytes);
  }
  LifeState& get() const { return *state_; }
  std::int64_t lost(int kind) const {
    return static_cast<std::int64_t>(__atomic_load_n(&state_->lost[kind], __ATOMIC_RELAXED));
  }

 private:
  static constexpr std::size_t kBytes = sizeof(LifeState);

  explicit StatePage(LifeState* state) : state_(state) {}
  LifeState* state_;
};

// The kernel's ring wakes us, and where the programs have no ring of their own the records are in it.
struct Rings {
  std::unique_ptr<RecordRing> records;
  std::unique_ptr<BpfRing> bell;  // what rang is to be taken out of it, or it rings no more when it is full
};

Result<Rings> rings_in(const BpfObjects& objects, int ring_map, const StatePage& state) {
  Rings rings;
  const auto own = objects.find("records");
  if (own) {
    rings.records = std::make_unique<LifeRingReader>(state.get(), *own);
    rings.bell = TRY(BpfRing::create(ring_map, kLifeBellBytes));
  } else {
    rings.records = TRY(BpfRing::create(ring_map, kLifeRingBytes));
  }
  return rings;
}

class BpfLives final : public LifeSource {
 public:
  static Result<std::unique_ptr<LifeSource>> create(BpfObjects objects) {
    const int ring_map = TRY(objects.find("ring"));
    const int state_map = TRY(objects.find("state"));
    StatePage state = TRY(StatePage::create(state_map));
    Rings rings = TRY(rings_in(objects, ring_map, state));
    auto backlog = TRY(Backlog::create(kBacklogBytes));
    std::unique_ptr<BpfLives> self(
        new BpfLives(std::move(objects), std::move(state), std::move(rings), std::move(backlog)));
    for (std::size_t kind = 0; kind < kNames.size(); ++kind)
      self->programs_[kind] = TRY(self->objects_.find(std::string("program ") + kNames[kind]));
    TRY(self->start(ring_map));
    return std::unique_ptr<LifeSource>(std::move(self));
  }

  ~BpfLives() override {
    eventfd_write(stop_.get(), 1);
    if (thread_.joinable()) thread_.join();
  }

  std::string_view name() const override { return kBpfSource; }
  int descriptor() const override { return backlog_->descriptor(); }

  Result<void> take(const std::function<void(const LifeEvent&)>& each) override {
    const std::scoped_lock lock(ring_mutex_);
    if (rings_.records->used() > kReadInPlace) drain();
    joiner_.begin(each);
    bool came = false;
    const auto add = [&](std::span<const std::byte> record) {
      came = true;
      joiner_.add(record);
    };
    backlog_->take(add);
    auto looked = rings_.records->look(add);
    joiner_.finish();
    rings_.records->release();
    if (came) count_runs_left_out();
    return looked;
  }

  void settle() override { joiner_.settle(); }

  std::int64_t incomplete_accounts() const override { return joiner_.incomplete(); }

  // A free that got lost costs exactness, not an event.
  std::optional<std::int64_t> lost() const override {
    std::int64_t lost = dropped_.load(std::memory_order_relaxed) + runs_left_out_;
    for (std::size_t kind = 0; kind < kNames.size(); ++kind) lost += state_.lost(static_cast<int>(kind));
    return lost;
  }

 private:
  BpfLives(BpfObjects objects, StatePage state, Rings rings, std::unique_ptr<Backlog> backlog)
      : objects_(std::move(objects)),
        state_(std::move(state)),
        rings_(std::move(rings)),
        backlog_(std::move(backlog)) {}

  Result<void> start(int ring_map) {
    stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
    epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!stop_ || !epoll_) return last_system_error("make", "an epoll");
    // Only the edge: the ring is readable as long as anything is in it, but wakes at half.
    epoll_event on_half{.events = EPOLLIN | EPOLLET, .data = {.fd = ring_map}};
    epoll_event on_stop{.events = EPOLLIN, .data = {.fd = stop_.get()}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, ring_map, &on_half) != 0 ||
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
      silence();
      drain();
    }
  }

  // A system call for each, so neither where `lost` is asked nor when no record came: who was left out had
  // interrupted one that wrote, or counted as lost.
  void count_runs_left_out() {
    runs_left_out_ = 0;
    for (const int program : programs_) runs_left_out_ += runs_left_out(program);
  }

  // With ring_mutex_.
  void silence() {
    if (!rings_.bell) return;
    (void)rings_.bell->look([](std::span<const std::byte>) {});
    rings_.bell->release();
  }

  // With ring_mutex_. What cannot be read now is read later; the kernel counts what it has no room for.
  void drain() {
    (void)rings_.records->look([this](std::span<const std::byte> record) {
      const LifeKey* key = key_in(record);
      if (!backlog_->push(record) && key != nullptr && key->kind != kLifeFree)
        dropped_.fetch_add(1, std::memory_order_relaxed);
    });
    rings_.records->release();
  }

  BpfObjects objects_;
  StatePage state_;
  std::mutex ring_mutex_;  // of what empties the rings
  Rings rings_;
  std::unique_ptr<Backlog> backlog_;
  std::atomic<std::int64_t> dropped_ = 0;  // a count, nothing is read by it: no order is needed
  std::array<int, kNames.size()> programs_{};
  std::int64_t runs_left_out_ = 0;  // at the last take
  FileDescriptor stop_, epoll_;
  BpfJoiner joiner_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LifeSource>> make_bpf_lives(BpfObjects objects) {
  return BpfLives::create(std::move(objects));
}

}  // namespace tacho
