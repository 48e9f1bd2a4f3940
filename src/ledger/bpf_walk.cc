// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_walk.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "ledger/bpf/walk_record.h"

namespace tacho {
namespace {

static_assert(sizeof(WalkRow) == sizeof(WalkedProcess));
static_assert(offsetof(WalkRow, memory_swap) == offsetof(WalkedProcess, memory_swap));
static_assert(offsetof(WalkRow, io_write) == offsetof(WalkedProcess, io_write));
static_assert(offsetof(WalkRow, oom_score_adj) == offsetof(WalkedProcess, oom_score_adj));
static_assert(offsetof(WalkRow, file_descriptor_limit) ==
              offsetof(WalkedProcess, file_descriptor_limit));
static_assert(offsetof(WalkRow, command) == offsetof(WalkedProcess, command));

// What is mapped for the beginning: an ordinary tick of a machine with few processes.
constexpr std::size_t kFewRows = 64;

// Shared memory of a BPF map, from its beginning. Every page of it counts as resident, so no more is
// mapped than is used.
class Mapping {
 public:
  explicit Mapping(int map, int protection) : map_(map), protection_(protection) {}
  Mapping(const Mapping&) = delete;
  ~Mapping() { unmap(); }

  Result<void> resize(std::size_t bytes) {
    unmap();
    void* place = mmap(nullptr, bytes, protection_, MAP_SHARED, map_, 0);
    if (place == MAP_FAILED) return last_system_error("map", "the rows of the BPF walk");
    place_ = place;
    bytes_ = bytes;
    return {};
  }
  std::size_t size() const { return bytes_; }
  void* get() const { return place_; }

 private:
  void unmap() {
    if (place_ != nullptr) munmap(place_, bytes_);
    place_ = nullptr;
    bytes_ = 0;
  }

  const int map_, protection_;
  void* place_ = nullptr;
  std::size_t bytes_ = 0;
};

class BpfWalker final : public ProcessWalker {
 public:
  static Result<std::unique_ptr<ProcessWalker>> create(BpfObjects objects, std::uint64_t key_ticks) {
    const int program = TRY(objects.find("program walk"));
    const int state = TRY(objects.find("state"));
    const int rows = TRY(objects.find("rows"));
    std::unique_ptr<BpfWalker> self(new BpfWalker(std::move(objects), program, state, rows));
    TRY(self->state_mapping_.resize(sizeof(WalkState)));
    TRY(self->rows_.resize(kFewRows * sizeof(WalkedProcess)));
    self->state().generation = 1;  // the kernel's memory of a process begins with 0
    self->state().key_ticks = key_ticks;
    self->state().page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return std::unique_ptr<ProcessWalker>(std::move(self));
  }

  Result<Walk> walk(bool all) override {
    WalkState& state = this->state();
    if (all) ++state.generation;
    ++state.walk;
    TRY(run());
    TRY(fit(state.written));
    return Walk{.changed = {static_cast<const WalkedProcess*>(rows_.get()), state.written},
                .living = static_cast<std::int64_t>(state.living),
                .complete = state.left_out == 0};
  }

 private:
  BpfWalker(BpfObjects objects, int program, int state, int rows)
      : objects_(std::move(objects)),
        program_(program),
        state_mapping_(state, PROT_READ | PROT_WRITE),
        rows_(rows, PROT_READ) {}

  WalkState& state() { return *static_cast<WalkState*>(state_mapping_.get()); }

  Result<void> run() {
    bpf_attr attributes{};
    attributes.test.prog_fd = static_cast<__u32>(program_);
    if (syscall(SYS_bpf, BPF_PROG_RUN, &attributes, sizeof attributes) != 0)
      return last_system_error("run", "the BPF walk over processes");
    return {};
  }

  // Maps what the walk wrote; gives back what a larger one took, once most of it is not used.
  Result<void> fit(std::size_t rows) {
    const std::size_t needed = std::max(rows, kFewRows) * sizeof(WalkedProcess);
    if (needed > rows_.size() || needed < rows_.size() / 4) return rows_.resize(needed);
    return {};
  }

  BpfObjects objects_;
  const int program_;
  Mapping state_mapping_, rows_;
};

}  // namespace

Result<std::unique_ptr<ProcessWalker>> make_bpf_walker(BpfObjects objects, std::uint64_t key_ticks) {
  return BpfWalker::create(std::move(objects), key_ticks);
}

}  // namespace tacho
