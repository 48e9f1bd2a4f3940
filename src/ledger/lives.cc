// SPDX-License-Identifier: Apache-2.0
#include "ledger/lives.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tacho {
namespace {

// Two sources tell of one event at instants that differ by much less, and a pid does not come again
// within it.
constexpr std::int64_t kSameEvent = 10'000'000;  // ns

}  // namespace

Result<std::unique_ptr<Lives>> Lives::open(LifeSources sources, Options options, Clock& clock) {
  std::unique_ptr<Lives> lives(new Lives(std::move(sources), std::move(options), clock));
  lives->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!lives->epoll_) return last_system_error("make", "an epoll descriptor");
  if (lives->options_.forced == "taskstats") lives->try_taskstats();
  if (lives->wants("connector")) lives->try_connector();
  return lives;
}

bool Lives::wants(std::string_view source) const {
  return options_.forced.empty() || options_.forced == source;
}

void Lives::look_for_better() {
  if (!wants("bpf") || !sources_.bpf) {
    if (options_.forced.empty()) try_taskstats();
    return;
  }
  auto pending = sources_.bpf();
  if (!pending) {
    refuse("bpf", pending.error());
    if (options_.forced.empty()) try_taskstats();
    return;
  }
  pending_ = std::move(*pending);
  watch(pending_->descriptor());
}

void Lives::try_taskstats() {
  if (!sources_.taskstats) return;
  auto source = sources_.taskstats();
  if (!source) return refuse("taskstats", source.error());
  change_to(std::move(*source));
}

void Lives::try_connector() {
  if (!sources_.connector) return;
  auto source = sources_.connector();
  if (!source) return refuse("connector", source.error());
  change_to(std::move(*source));
}

void Lives::refuse(std::string_view source, const Error& error) {
  if (options_.on_change) options_.on_change(source, &error);
}

void Lives::watch(int descriptor) const {
  epoll_event event{.events = EPOLLIN};
  if (descriptor >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
}

void Lives::forget(int descriptor) const {
  if (descriptor >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void Lives::change_to(std::unique_ptr<LifeSource> better) {
  const std::int64_t now = clock_.now().boottime.count();
  changed_at_ = current_ ? now : 0;
  if (current_) forget(current_->descriptor());
  old_ = std::exchange(current_, std::move(better));
  if (old_) old_->settle();
  watch(current_->descriptor());
  history_.push_back({current_->name(), now});
  if (options_.on_change) options_.on_change(current_->name(), nullptr);
}

void Lives::wait_for_better(int milliseconds) {
  const auto deadline = clock_.now().boottime + std::chrono::milliseconds(milliseconds);
  while (pending_ && clock_.now().boottime < deadline) {
    clock_.sleep_until(deadline, pending_->descriptor());
    take_pending();
  }
}

std::string_view Lives::name() const { return current_ ? current_->name() : "proc"; }

void Lives::take_pending() {
  if (!pending_) return;
  auto made = pending_->poll();
  if (made && !*made) return;
  forget(pending_->descriptor());
  pending_.reset();
  if (made) {
    change_to(std::move(*made));
    begin_walker();
    return;
  }
  refuse("bpf", made.error());
  if (options_.forced.empty()) try_taskstats();
}

void Lives::begin_walker() {
  if (!sources_.walker) return;
  auto pending = sources_.walker();
  if (!pending) return refuse("bpf walk", pending.error());
  pending_walker_ = std::move(*pending);
  watch(pending_walker_->descriptor());
}

void Lives::take_pending_walker() {
  if (!pending_walker_) return;
  auto made = pending_walker_->poll();
  if (made && !*made) return;
  forget(pending_walker_->descriptor());
  pending_walker_.reset();
  if (made) {
    walker_ = std::move(*made);
  } else {
    refuse("bpf walk", made.error());
  }
}

Result<void> Lives::take(const std::function<void(const LifeEvent&)>& each) {
  take_pending();
  take_pending_walker();
  take_old(each);
  if (current_) take_current(each);
  tell_losses();
  return {};
}

void Lives::take_current(const std::function<void(const LifeEvent&)>& each) {
  const auto taken = current_->take([&](const LifeEvent& event) {
    if (event.boottime >= changed_at_ && !was_handed(event)) each(event);
  });
  if (!taken) lose_current(taken.error());
}

// Numbers and names go on with the next best one.
void Lives::lose_current(const Error& error) {
  refuse(current_->name(), error);
  add_losses(*current_);
  lost_unknown_before_ = true;  // what happened until the next one is there
  forget(current_->descriptor());
  const bool was_bpf = current_->name() == "bpf";
  current_.reset();
  walker_.reset();
  if (pending_walker_) forget(pending_walker_->descriptor());
  pending_walker_.reset();
  handed_.clear();
  if (options_.forced.empty() && was_bpf) try_taskstats();
  if (options_.forced.empty() && !current_) try_connector();
  if (!current_) history_.push_back({"proc", clock_.now().boottime.count()});
}

void Lives::take_old(const std::function<void(const LifeEvent&)>& each) {
  if (!old_) return;
  handed_.clear();
  (void)old_->take([&](const LifeEvent& event) {
    if (event.boottime >= changed_at_) return;
    if (event.boottime > changed_at_ - kSameEvent) handed_.push_back({event.pid, event.kind, event.boottime});
    each(event);
  });
  add_losses(*old_);
  old_.reset();
}

void Lives::settle() {
  if (old_) old_->settle();
  if (current_) current_->settle();
}

bool Lives::was_handed(const LifeEvent& event) const {
  return event.boottime < changed_at_ + kSameEvent &&
         std::ranges::any_of(handed_, [&](const Handed& one) {
           return one.pid == event.pid && one.kind == event.kind &&
                  std::abs(one.boottime - event.boottime) < kSameEvent;
         });
}

void Lives::add_losses(const LifeSource& source) {
  lost_before_ += source.lost().value_or(0);
  lost_unknown_before_ = lost_unknown_before_ || !source.lost() || source.lost_unknown();
  incomplete_before_ += source.incomplete_accounts();
}

void Lives::tell_losses() {
  if (!options_.on_loss) return;
  const std::int64_t lost = lost_before_ + (current_ ? current_->lost().value_or(0) : 0);
  if (lost > lost_told_) options_.on_loss(lost - lost_told_);
  lost_told_ = std::max(lost_told_, lost);
  if (lost_unknown() && !lost_unknown_told_) options_.on_loss(std::nullopt);
  lost_unknown_told_ = lost_unknown_told_ || lost_unknown();
}

std::optional<std::int64_t> Lives::lost() const {
  if (lost_unknown_before_ || !current_) return std::nullopt;
  const auto lost = current_->lost();
  return lost ? std::optional(lost_before_ + *lost) : std::nullopt;
}

std::int64_t Lives::incomplete_accounts() const {
  return incomplete_before_ + (current_ ? current_->incomplete_accounts() : 0);
}

bool Lives::lost_unknown() const {
  return lost_unknown_before_ || (current_ && current_->lost_unknown());
}

}  // namespace tacho
