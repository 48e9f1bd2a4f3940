// SPDX-License-Identifier: Apache-2.0
// For tests alone: a clock that the test moves, a folder of its own, and a look into live files.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "collectors/events.h"
#include "journal/journal_reader.h"

namespace tacho::testing {

// A folder of its own below /tmp, removed with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    char path[] = "/tmp/tacho-recorder-XXXXXX";
    if (mkdtemp(path) == nullptr) abort();
    path_ = path;
    folder_ = FileDescriptor(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  int get() const { return folder_.get(); }

 private:
  std::string path_;
  FileDescriptor folder_;
};

// Time passes when the thread that made it sleeps, and to the nanosecond. Other threads wait for
// that, but never long, so that a writer which tries again cannot hang.
class SteppingClock final : public Clock {
 public:
  // Before each step to a tick the writer gets so many milliseconds of real time. It needs none to
  // lose nothing; a rotation, which it asks for, comes later when it is behind.
  explicit SteppingClock(int pause_milliseconds = 1) : pause_(pause_milliseconds) {}

  Instant now() override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }

  bool sleep_until(Nanoseconds boottime, int wake_descriptor) override {
    if (std::this_thread::get_id() != owner_) {
      for (int turn = 0; turn < 20 && now().boottime < boottime; ++turn) pause(1);
      return true;
    }
    pollfd wait{wake_descriptor, POLLIN, 0};
    if (poll(&wait, 1, 0) > 0) return false;
    pause(wake_descriptor >= 0 ? pause_ : 1);
    // Who waits for the writer in small steps oversleeps, as one may: the time limits of seconds
    // that recordings have at their end pass in no time.
    move_to(wake_descriptor >= 0 ? boottime : std::max(boottime, now().boottime + kLongSleep));
    return true;
  }

  void move_to(Nanoseconds boottime) {
    const std::scoped_lock lock(mutex_);
    const Nanoseconds passed = std::max(Nanoseconds::zero(), boottime - now_.boottime);
    now_ = {now_.time + passed, now_.boottime + passed, now_.monotonic + passed};
    // What was planned for on the way has happened by now.
    while (!plans_.empty() && plans_.begin()->first <= now_.boottime) {
      const Change change = plans_.begin()->second;
      plans_.erase(plans_.begin());
      now_ = {now_.time + change.step + change.sleep, now_.boottime + change.sleep, now_.monotonic};
    }
  }

  // At `boottime` the wall clock is set by `step` and the machine sleeps for `sleep`.
  void plan(Nanoseconds boottime, Nanoseconds step, Nanoseconds sleep) {
    plans_[boottime] = {step, sleep};
  }

  static void pause(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

 private:
  struct Change {
    Nanoseconds step{}, sleep{};
  };
  static constexpr Nanoseconds kLongSleep = std::chrono::milliseconds(50);
  const int pause_;
  const std::thread::id owner_ = std::this_thread::get_id();
  std::mutex mutex_;
  // 2025-11-24T13:13:20Z, an hour after boot of which ten minutes were slept.
  Instant now_{std::chrono::seconds(1'763'990'000), std::chrono::hours(1), std::chrono::minutes(50)};
  std::map<Nanoseconds, Change> plans_;
};

inline std::vector<Event> drained(EventQueue& queue) {
  std::vector<Event> events;
  queue.drain([&](const Event& event) { events.push_back(event); });
  return events;
}

inline std::vector<std::string> names_of(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) names.push_back(event.name);
  return names;
}

// The bodies of all whole batches of a table's live files, in the order of their numbers.
struct LiveRows {
  std::int64_t rows = 0;
  std::vector<std::uint64_t> ticks;  // of each batch's first row
  std::string bodies;                // to look for a text in
  std::vector<std::string> files;
  std::size_t damage = 0;
};

inline LiveRows read_live(const std::string& recording, const std::string& table) {
  LiveRows found;
  const FileDescriptor folder(open((recording + "/" + table).c_str(), O_RDONLY | O_DIRECTORY));
  const auto names = list_folder(folder.get());
  if (!names) return found;
  for (const std::string& name : *names) {
    if (!name.starts_with("live-")) continue;
    auto reader = JournalReader::open(folder.get(), name);
    if (!reader) {
      ++found.damage;
      continue;
    }
    found.files.push_back(name);
    while (const auto batch = reader->next()) {
      std::uint64_t tick = 0;  // the first column, without nulls; small bodies are plain
      std::memcpy(&tick, batch->body.data(), sizeof tick);
      found.ticks.push_back(tick);
      found.rows += batch->rows;
      found.bodies.append(reinterpret_cast<const char*>(batch->body.data()), batch->body.size());
    }
    found.damage += reader->damage().size();
  }
  return found;
}

}  // namespace tacho::testing
