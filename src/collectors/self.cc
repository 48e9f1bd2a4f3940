// SPDX-License-Identifier: Apache-2.0
// What tacho itself costs: every collector, every part of the recorder, the recorder's process as a
// whole (`recorder`) and the processes that it started and that ended (`children`).
// Reads  SelfStatistics; /proc/self/statm (size resident shared ... in pages); getrusage;
//        /proc/self/fd, whose size is the number of descriptors since Linux 6.2, else it is listed
// Units  ns, bytes, counts since the recorder started. These files are the recorder's own, whatever
//        root is recorded.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/read_clock.h"
#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "collectors/self_statistics.h"
#include "kernel/fields.h"

namespace tacho::collector_self {
namespace {

constexpr Column kColumns[] = {
    key("component", "A collector, by its first table; tick, writer, seal; `recorder`: the whole "
                     "process; `children`: processes that it started, once they ended."),
    counter("cpu_time", Unit::nanoseconds, "CPU time."),
    counter("wall_time", Unit::nanoseconds, "Time from begin to end of its turns."),
    counter("turns", Unit::count, "Turns taken."),
    counter("rows", Unit::count, "Rows made."),
    counter("bytes", Unit::bytes, "Written to the journal."),
    counter("errors", Unit::count, "Turns that failed."),
    counter("dropped", Unit::count, "Rows that were collected and lost."),
    counter("skipped", Unit::count, "Turns that were due and not taken."),
    gauge("memory_usage", Unit::bytes, "Resident memory now.",
          "process.memory.usage"),
    gauge("memory_peak", Unit::bytes, "Most resident memory so far."),
    gauge("descriptors", Unit::count, "Open descriptors.", "process.unix.file_descriptor.count")};
enum : std::size_t { component, cpu_time, wall_time, turns, rows_made, bytes, errors, dropped,
                     skipped, memory_usage, memory_peak, descriptors };

constexpr Table kSelf{.name = "self",
                      .help = "What tacho itself costs. `recorder` and `children` have a row in "
                              "every tick; components in the first ten ticks, then every 10 s.",
                      .columns = kColumns,
                      .scope = "recorder"};

// Counters lose nothing by being told seldom, and twenty rows a tick are more than most tables. A
// short recording still gets them, by its first ticks.
constexpr Nanoseconds kSlow = std::chrono::seconds(10);
constexpr std::uint64_t kFirstTicks = 10;

class Self final : public Collector {
 public:
  explicit Self(const SelfStatistics& statistics) : statistics_(statistics) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    if (environment.statistics == nullptr)
      return Error{ErrorCode::bug, "the self collector was given no statistics"};
    auto self = std::make_unique<Self>(*environment.statistics);
    const Root machine = TRY(Root::open("/"));
    self->memory_ = TRY(machine.open_file("proc/self/statm", Records::one_piece));
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const bool slow = slow_.due(into);
    if (slow || into.tick() < kFirstTicks) {
      statistics_.each([&rows](std::string_view name, const SelfCounters& of) {
        rows.append(name, of.cpu_time, of.wall_time, of.turns, of.rows, of.bytes, of.errors,
                    of.dropped, of.skipped, std::nullopt, std::nullopt, std::nullopt);
      });
    }
    append_recorder(rows, slow);
    append_children(rows);
    return {};
  }

 private:
  void append_recorder(Rows& rows, bool slow) {
    rows.start_row();
    rows.set(component, "recorder");
    if (const auto cpu = find_clock(CLOCK_PROCESS_CPUTIME_ID)) rows.set(cpu_time, cpu->count());
    if (const auto text = memory_.reread()) {
      Fields fields(*text);
      fields.skip(1);
      if (const auto pages = fields.number()) rows.set(memory_usage, *pages * page_size_);
    }
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) rows.set(memory_peak, peak_of(usage));
    if (slow) rows.set(descriptors, count_descriptors());
    rows.finish_row();
  }

  static void append_children(Rows& rows) {
    rows.start_row();
    rows.set(component, "children");
    rusage usage{};
    if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
      rows.set(cpu_time, nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime));
      rows.set(memory_peak, peak_of(usage));
    }
    rows.finish_row();
  }

  static std::int64_t peak_of(const rusage& usage) { return std::int64_t{usage.ru_maxrss} * 1024; }  // from KiB

  static std::int64_t nanoseconds_of(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000;
  }

  static std::optional<std::int64_t> count_descriptors() {
    struct stat status {};
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) return status.st_size;
    const auto machine = Root::open("/");
    if (!machine) return std::nullopt;
    const auto names = machine->list("proc/self/fd");
    if (!names) return std::nullopt;
    return static_cast<std::int64_t>(names->size()) - 2;  // those of the root and of the listing
  }

  const SelfStatistics& statistics_;
  KernelFile memory_;
  Cadence slow_{kSlow};
  const std::int64_t page_size_ = sysconf(_SC_PAGESIZE);
};

constexpr const Table* kTables[] = {&kSelf};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Self::create};

}  // namespace tacho::collector_self
