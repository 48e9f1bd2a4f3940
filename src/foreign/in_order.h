// SPDX-License-Identifier: Apache-2.0
// Work on pieces in several threads, its results taken in the order of the pieces. Memory is
// bounded by one result for each thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"

namespace tacho {

// `next` gives the pieces, one call at a time, nothing at the end; `work(piece)` runs in the
// threads; `take(result)` gets the results one at a time, in order, and says whether more are
// wanted. The first error ends it. What the three throw ends the process: they must not.
template <class Next, class MakeWorker, class Take>
Result<void> in_order(unsigned threads, Next next, MakeWorker make_worker, Take take) {
  std::mutex next_mutex, turn_mutex;
  std::condition_variable turn_came;
  std::uint64_t pieces = 0, turn = 0;
  bool is_over = false;
  Result<void> outcome;

  const auto run = [&] {
    auto work = make_worker();
    while (true) {
      std::uint64_t number = 0;
      auto piece = [&] {
        const std::lock_guard lock(next_mutex);
        number = pieces++;
        return next(work);
      }();
      const bool is_end = piece && !*piece;
      const bool has_failed = !piece;
      auto result = is_end || has_failed ? decltype(work(**piece))(Error{}) : work(**piece);
      std::unique_lock lock(turn_mutex);
      turn_came.wait(lock, [&] { return turn == number; });
      if (!is_over) {
        if (has_failed)
          outcome = piece.error();
        else if (!is_end && !result)
          outcome = result.error();
        is_over = is_end || has_failed || !outcome;
        if (!is_over) {
          auto wanted = take(*result);
          if (!wanted) outcome = wanted.error();
          is_over = !wanted || !*wanted;
        }
      }
      ++turn;
      turn_came.notify_all();
      if (is_over) return;
    }
  };
  std::vector<std::thread> others;
  try {
    for (unsigned thread = 1; thread < threads; ++thread) others.emplace_back(run);
  } catch (const std::system_error&) {
    // No more threads are to be had: those that there are do it.
  }
  run();
  for (std::thread& other : others) other.join();
  return outcome;
}

}  // namespace tacho
