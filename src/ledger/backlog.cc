// SPDX-License-Identifier: Apache-2.0
#include "ledger/backlog.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

namespace tacho {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
// What a storm made large and calm times do not need goes back to the system.
constexpr std::size_t kKeptWords = 8192;

std::size_t words_of(std::size_t bytes) { return (bytes + kWord - 1) / kWord; }

}  // namespace

Result<std::unique_ptr<Backlog>> Backlog::create(std::size_t limit) {
  FileDescriptor half_full(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!half_full) return last_system_error("make", "an eventfd");
  return std::unique_ptr<Backlog>(new Backlog(limit, std::move(half_full)));
}

bool Backlog::push(std::span<const std::byte> record) {
  const std::scoped_lock lock(mutex_);
  const std::size_t words = 1 + words_of(record.size());
  if ((waiting_.size() + words) * kWord > limit_) {
    ++dropped_;
    return false;
  }
  const std::size_t at = waiting_.size();
  waiting_.resize(at + words);
  waiting_[at] = record.size();
  std::memcpy(&waiting_[at + 1], record.data(), record.size());
  if (!is_told_ && waiting_.size() * kWord >= limit_ / 2) is_told_ = eventfd_write(half_full_.get(), 1) == 0;
  return true;
}

void Backlog::take(const std::function<void(std::span<const std::byte>)>& each) {
  taken_.clear();
  if (taken_.capacity() > kKeptWords) taken_.shrink_to_fit();
  {
    const std::scoped_lock lock(mutex_);
    taken_.swap(waiting_);
    eventfd_t ignored = 0;
    if (is_told_) eventfd_read(half_full_.get(), &ignored);
    is_told_ = false;
  }
  for (std::size_t at = 0; at < taken_.size();) {
    const std::size_t size = taken_[at];
    each(std::as_bytes(std::span(taken_)).subspan((at + 1) * kWord, size));
    at += 1 + words_of(size);
  }
}

std::int64_t Backlog::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

}  // namespace tacho
