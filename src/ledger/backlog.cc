// SPDX-License-Identifier: Apache-2.0
#include "ledger/backlog.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tacho {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
// 64 KiB: a hundred lives. One is kept in calm times; what more a storm took goes back to the system.
constexpr std::size_t kChunkWords = 8192;

std::size_t words_of(std::size_t bytes) { return (bytes + kWord - 1) / kWord; }

}  // namespace

Result<std::unique_ptr<Backlog>> Backlog::create(std::size_t limit) {
  FileDescriptor filling(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!filling) return last_system_error("make", "an eventfd");
  return std::unique_ptr<Backlog>(new Backlog(limit, std::move(filling)));
}

Backlog::Chunk& Backlog::chunk_with_room(std::size_t words) {
  if (!waiting_.empty() && waiting_.back().size() + words <= waiting_.back().capacity())
    return waiting_.back();
  Chunk chunk = std::exchange(spare_, {});
  chunk.reserve(std::max(words, kChunkWords));
  return waiting_.emplace_back(std::move(chunk));
}

bool Backlog::push(std::span<const std::byte> record) {
  const std::scoped_lock lock(mutex_);
  const std::size_t words = 1 + words_of(record.size());
  if (used_ + words * kWord > limit_) {
    ++dropped_;
    return false;
  }
  Chunk& chunk = chunk_with_room(words);
  const std::size_t at = chunk.size();
  chunk.resize(at + words);
  chunk[at] = record.size();
  if (!record.empty()) std::memcpy(&chunk[at + 1], record.data(), record.size());
  used_ += words * kWord;
  if (!is_told_ && used_ >= limit_ / 4) is_told_ = eventfd_write(filling_.get(), 1) == 0;
  return true;
}

void Backlog::take(const std::function<void(std::span<const std::byte>)>& each) {
  Chunk empty;
  if (!taken_.empty() && taken_.front().capacity() == kChunkWords) empty = std::move(taken_.front());
  empty.clear();
  taken_.clear();
  {
    const std::scoped_lock lock(mutex_);
    taken_.swap(waiting_);
    used_ = 0;
    if (empty.capacity() != 0) spare_ = std::move(empty);
    eventfd_t ignored = 0;
    if (is_told_) eventfd_read(filling_.get(), &ignored);
    is_told_ = false;
  }
  for (const Chunk& chunk : taken_) {
    for (std::size_t at = 0; at < chunk.size();) {
      const std::size_t size = chunk[at];
      each(std::as_bytes(std::span(chunk)).subspan((at + 1) * kWord, size));
      at += 1 + words_of(size);
    }
  }
}

std::int64_t Backlog::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

}  // namespace tacho
