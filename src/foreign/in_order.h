// SPDX-License-Identifier: Apache-2.0
// Work on pieces in several threads, its results taken in the order of the pieces. Memory is
// bounded by one result for each thread, and those that may be parked.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tacho {

// `next` gives the pieces, one call at a time, nothing at the end; `work(piece)` runs in the
// threads; `take(result)` gets the results one at a time, in order, and says whether more are
// wanted. The first error ends it. What the three throw ends the process: they must not.
// A result whose turn has not come is parked, at most `ahead` of them, so that its thread need not
// wait for one that is slower; 0 where results are of the worker's own memory.
template <class Next, class MakeWorker, class Take>
Result<void> in_order(unsigned threads, Next next, MakeWorker make_worker, Take take,
                      std::size_t ahead = 0) {
  using Worker = decltype(make_worker());
  using Piece = std::remove_reference_t<decltype(**next(std::declval<Worker&>()))>;
  using Outcome = decltype(std::declval<Worker&>()(std::declval<Piece&>()));
  std::mutex next_mutex, turn_mutex;
  std::condition_variable turn_came;
  std::uint64_t pieces = 0, turn = 0;
  bool is_over = false;
  Result<void> outcome;
  std::map<std::uint64_t, Outcome> parked;

  // With the lock on turns.
  const auto take_one = [&](Outcome& result) {
    if (!result) {
      outcome = result.error();
    } else {
      auto wanted = take(*result);
      if (!wanted) outcome = wanted.error();
      is_over = !wanted || !*wanted;
    }
    is_over = is_over || !outcome;
    ++turn;
  };
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
      auto result = is_end || has_failed ? Outcome(Error{}) : work(**piece);
      std::unique_lock lock(turn_mutex);
      if (!is_end && !has_failed && !is_over && turn != number && parked.size() < ahead) {
        parked.emplace(number, std::move(result));
        continue;
      }
      turn_came.wait(lock, [&] { return turn == number || is_over; });
      if (is_over) return;
      if (is_end || has_failed) {
        if (has_failed) outcome = piece.error();
        is_over = true;
      } else {
        take_one(result);
      }
      for (auto next_one = parked.begin();
           !is_over && next_one != parked.end() && next_one->first == turn; next_one = parked.begin()) {
        take_one(next_one->second);
        parked.erase(next_one);
      }
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
