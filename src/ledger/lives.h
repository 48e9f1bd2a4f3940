// SPDX-License-Identifier: Apache-2.0
// The best source of lives that is to be had, and the next one when it goes away. The connector is
// there at once and costs little; BPF knows most, and takes a tenth of a second to load; where it is
// refused, taskstats. At a change every event is handed over once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "ledger/life.h"
#include "ledger/walk.h"

namespace tacho {

// What is being made: asked until it is there, or an error says that it will not be.
template <class Thing>
class Pending {
 public:
  virtual ~Pending() = default;
  virtual int descriptor() const = 0;                     // readable when asking is worth it
  virtual Result<std::unique_ptr<Thing>> poll() = 0;      // nullptr: not yet
};
using PendingSource = Pending<LifeSource>;
using PendingWalker = Pending<ProcessWalker>;

// How each is opened; what is empty is not tried.
struct LifeSources {
  std::function<Result<std::unique_ptr<LifeSource>>()> connector, taskstats;
  std::function<Result<std::unique_ptr<PendingSource>>()> bpf;
  std::function<Result<std::unique_ptr<PendingWalker>>()> walker;  // beside bpf
};
// The kernel's. `bpf_program`: the path of tacho-bpf; `key_ticks`: each process has a row in so many
// walks.
LifeSources kernel_life_sources(const std::string& bpf_program, std::uint64_t key_ticks);

// What --processes takes beside "auto": the names of the sources, and "proc" for none.
inline constexpr std::string_view kProcessSources[] = {"bpf", "taskstats", "connector", "proc"};

class Lives final : public LifeSource {
 public:
  struct Options {
    std::string forced;  // one of the names, or empty: the best
    // Told when a source begins (nullptr), and when one is refused or lost (why).
    std::function<void(std::string_view source, const Error* refusal)> on_change;
    // Told by `take` when events were lost: how many since it was told last; nothing, and that once, when
    // some were that nobody can count.
    std::function<void(std::optional<std::int64_t> more)> on_loss;
  };
  // Opens what is there at once.
  static Result<std::unique_ptr<Lives>> open(LifeSources sources, Options options, Clock& clock);

  // Looks for a better one than the first; `take` goes over to it when it is there.
  void look_for_better();

  // Waits until that is there or refused, at most so long.
  void wait_for_better(int milliseconds);

  // The one that is used now; "proc" without any.
  std::string_view name() const override;
  Result<void> take(const std::function<void(const LifeEvent&)>& each) override;
  void settle() override;
  std::optional<std::int64_t> lost() const override;
  bool lost_unknown() const override;
  std::int64_t incomplete_accounts() const override;
  ProcessWalker* walker() override { return walker_.get(); }
  int descriptor() const override { return epoll_.get(); }

  struct Span {
    std::string_view source;
    std::int64_t since_boottime;
  };
  // What was used, since when.
  const std::vector<Span>& history() const { return history_; }

 private:
  struct Handed {
    int pid;
    LifeEvent::Kind kind;
    std::int64_t boottime;
  };

  Lives(LifeSources sources, Options options, Clock& clock)
      : sources_(std::move(sources)), options_(std::move(options)), clock_(clock) {}
  bool wants(std::string_view source) const;
  void take_pending();
  void take_pending_walker();
  void begin_walker();
  void lose_current(const Error& error);
  void try_taskstats();
  void try_connector();
  void refuse(std::string_view source, const Error& error);
  void watch(int descriptor) const;
  void forget(int descriptor) const;
  // From now on events come from `better`; those of before from the old one.
  void change_to(std::unique_ptr<LifeSource> better);
  void take_current(const std::function<void(const LifeEvent&)>& each);
  void take_old(const std::function<void(const LifeEvent&)>& each);
  bool was_handed(const LifeEvent& event) const;
  void add_losses(const LifeSource& source);
  void tell_losses();

  LifeSources sources_;
  Options options_;
  Clock& clock_;
  FileDescriptor epoll_;
  std::unique_ptr<PendingSource> pending_;
  std::unique_ptr<PendingWalker> pending_walker_;
  std::unique_ptr<LifeSource> current_, old_;
  std::unique_ptr<ProcessWalker> walker_;
  std::int64_t changed_at_ = 0;   // boottime from which on the current one speaks
  std::vector<Handed> handed_;    // by the old one, just before
  std::vector<Span> history_;
  std::int64_t lost_before_ = 0;  // by sources of before
  bool lost_unknown_before_ = false;
  std::int64_t incomplete_before_ = 0;
  std::int64_t lost_told_ = 0;    // to on_loss
  bool lost_unknown_told_ = false;
};

}  // namespace tacho
