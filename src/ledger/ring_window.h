// SPDX-License-Identifier: Apache-2.0
// The part of a ring's records that is mapped while somebody looks at it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"

namespace tacho {

// Every page of a mapping counts as resident, and mostly a few of them hold records: only those are
// mapped, while somebody looks; in busy times all of them, until some looks found little.
class RingWindow {
 public:
  // `map`: the descriptor, the caller's; its records begin at `offset` (whole pages), take `bytes` (a power
  // of two) and may go on for `beyond` bytes behind their end.
  RingWindow(int map, std::size_t offset, std::size_t bytes, std::size_t beyond);
  ~RingWindow() { unmap(); }
  RingWindow(const RingWindow&) = delete;
  RingWindow& operator=(const RingWindow&) = delete;

  // Makes visible what lies between two positions, which count on when the ring begins again.
  Result<void> show(std::uint64_t from, std::uint64_t to);
  // Of what is shown. Bytes that turn at the end of the ring are not together, but for those beyond.
  const std::byte* at(std::uint64_t position) const {
    return records_ + ((position & (bytes_ - 1)) - first_);
  }
  const std::byte* begin() const { return records_; }  // of the ring, when what is shown turns
  // Nothing is needed now. What is busy stays mapped.
  void hide();

  static constexpr int kCalmLooks = 4;  // who is busy is looked at twice a tick, and the second finds little

 private:
  void unmap();
  bool is_whole() const { return records_ != nullptr && mapped_ == bytes_ + beyond_; }

  const int map_;
  const std::size_t page_, offset_, bytes_, beyond_;
  std::byte* records_ = nullptr;
  std::size_t first_ = 0, mapped_ = 0;  // from where in the ring, how many bytes
  bool is_busy_ = false;                // much was shown
  int calm_looks_ = kCalmLooks;         // since then, at most as many
};

}  // namespace tacho
