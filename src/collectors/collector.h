// SPDX-License-Identifier: Apache-2.0
// What a measurement is. A collector is one .cc file without a header: it declares its table or
// tables, reads the kernel's files below a Root and appends rows. One line in collectors.def makes
// it known. docs/HOWTO-add-a-collector.md walks through one.
//
// Life of a collector: its options are set (`prepare`: --only, --without, --set
// table.option=value, tacho.conf), `create` opens what it reads, `collect` is called at every turn, the destructor
// closes. `collect` is the hot path: it opens nothing that could stay open, forks nothing and,
// once its buffers have grown, allocates nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "schema/coverage.h"
#include "kernel/root.h"
#include "schema/rows.h"
#include "schema/table.h"

namespace tacho {

class EventQueue;      // collectors/events.h
class SelfStatistics;  // collectors/self_statistics.h
class LifeSource;      // ledger/life.h
struct CommandUsage;   // collectors/command_usage.h

// An option of a table: `--set filesystem.interval=30s`.
struct Option {
  std::string_view name;
  std::string_view default_value;
  std::string_view help;
};

// The options as they were set, by "table.option".
class Settings {
 public:
  // Parses "table.option=value". Whether table and option exist is checked by
  // check_settings (collectors/registry.h).
  Result<void> set(std::string_view assignment);
  // The value set, or `fallback` (an Option's default_value).
  std::string_view get(std::string_view table, std::string_view option,
                       std::string_view fallback) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// What a collector is given when it is made. All references outlive the collector.
struct CollectorEnvironment {
  const Root& root;
  const Settings& settings;
  Clock& clock;
  EventQueue* events = nullptr;         // where collectors and recorder leave events
  SelfStatistics* statistics = nullptr; // what the recorder knows of itself
  CommandUsage* command_usage = nullptr;  // filled by the process collector
  LifeSource* lives = nullptr;          // what the kernel tells of processes; without one they are polled
  int command = 0;                      // pid of the command of `tacho run`; 0 for `record`
  Nanoseconds interval = std::chrono::seconds(1);  // between ticks
};

// One turn of a collector: the rows to fill.
class Collection {
 public:
  Collection(std::span<Rows> tables, bool repeat_all, Clock& clock, bool is_last = false)
      : tables_(tables), repeat_all_(repeat_all), is_last_(is_last), clock_(clock) {}
  // The rows of the collector's first (mostly only) table, or of its n-th.
  Rows& rows(std::size_t table = 0) { return tables_[table]; }
  std::uint64_t tick() const { return tables_[0].stamp().tick; }
  // True at the first tick of every journal file: what is said once must be said again, so that
  // the file can be read alone.
  bool repeat_all() const { return repeat_all_; }
  // True at the last tick: what waits for more exact figures is written as it is.
  bool is_last() const { return is_last_; }
  // For a collector that reads more than one source for a long time: reads the clocks anew, for
  // the rows that follow.
  void restamp();

 private:
  std::span<Rows> tables_;
  bool repeat_all_;
  bool is_last_;
  Clock& clock_;
};

class Collector {
 public:
  virtual ~Collector() = default;
  // Appends this turn's rows. An error means that this turn's rows are not to be had; rows that were
  // appended before it are kept. `absent` is not a failure: the thing went away.
  virtual Result<void> collect(Collection& into) = 0;
  // Readable when `collect_between` should be called before the next tick; -1: never.
  virtual int wake_descriptor() const { return -1; }
  // Appends rows that are ready between two ticks, with the last tick's number.
  virtual Result<void> collect_between(Collection&) { return {}; }
  // What this collector could not see, and why. Called after the first turn and at the end.
  virtual void report_coverage(Coverage&) const {}
};

struct CollectorInfo {
  std::span<const Table* const> tables;  // the first one names the collector
  // Shortest time between turns; zero: every tick. A tick at or after it takes a turn.
  Nanoseconds cadence{};
  // Where it runs. One that can block (a network file system, a device driver) has a thread of its
  // own; its rows carry the tick that asked for them.
  enum class Runs : std::uint8_t { in_tick, in_own_thread } runs = Runs::in_tick;
  std::span<const Option> options = {};
  Result<std::unique_ptr<Collector>> (*create)(const CollectorEnvironment&) = nullptr;

  std::string_view name() const { return tables[0]->name; }
};

}  // namespace tacho
