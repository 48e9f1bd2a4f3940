// SPDX-License-Identifier: Apache-2.0
// The machine as a whole: load, processes, context switches. One row for every tick that was taken.
// Reads  /proc/stat     ctxt 115315 / btime 1763990000 / processes 2317 / procs_running 2 / procs_blocked 0 / intr 5 ...
//        /proc/loadavg  0.20 0.18 0.12 1/80 11206
// Units  loads: average number of tasks; the others: counts since boot or now. Linux 2.6.
#include "collectors/collector.h"
#include "kernel/fields.h"

namespace tacho::collector_system {
namespace {

constexpr Column kColumns[] = {
    real_gauge("load_1m", Unit::count, "Load average over 1 minute."),
    real_gauge("load_5m", Unit::count, "Load average over 5 minutes."),
    real_gauge("load_15m", Unit::count, "Load average over 15 minutes."),
    gauge("task_count", Unit::count, "Tasks (threads) that exist."),
    gauge("process_running", Unit::count, "Tasks that run or could.",
          "system.process.count{process.state=running}"),
    gauge("process_blocked", Unit::count, "Tasks that wait for I/O.",
          "system.process.count{process.state=blocked}"),
    counter("process_created", Unit::count, "Tasks made since boot (forks and threads).",
            "system.process.created"),
    counter("context_switches", Unit::count, "Context switches since boot."),
    counter("interrupts", Unit::count, "Interrupts served since boot.")};
enum : std::size_t { load_1m, load_5m, load_15m, task_count, running, blocked, created, switches,
                     interrupts };

constexpr Table kSystem{.name = "system",
                        .help = "The machine as a whole; a row for every tick that was taken.",
                        .columns = kColumns};

// "0.20" as it is: two decimals.
std::optional<double> load_of(std::string_view word) {
  const std::size_t dot = word.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto whole = Fields(word.substr(0, dot)).number();
  const auto hundredths = Fields(word.substr(dot + 1)).number();
  if (!whole || !hundredths) return std::nullopt;
  return static_cast<double>(*whole * 100 + *hundredths) / 100.0;
}

class System final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<System>();
    self->stat_ = TRY(environment.root.share_file("proc/stat", Records::one_piece));
    self->load_ = TRY(environment.root.share_file("proc/loadavg", Records::one_piece));
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    rows.start_row();
    // The row stands even when a file cannot be read: it says that the tick was taken.
    const auto stat = read_stat(rows);
    const auto load = read_load(rows);
    rows.finish_row();
    if (!stat) return stat;
    return load;
  }

 private:
  Result<void> read_stat(Rows& rows) {
    const std::string_view text = TRY(stat_.reread());
    for (Lines lines(text); lines.next();) {
      Fields fields(lines.line());
      const std::string_view name = fields.word();
      if (name == "ctxt") rows.set(switches, fields.number());
      if (name == "processes") rows.set(created, fields.number());
      if (name == "procs_running") rows.set(running, fields.number());
      if (name == "procs_blocked") rows.set(blocked, fields.number());
      if (name == "intr") rows.set(interrupts, fields.number());
    }
    return {};
  }

  Result<void> read_load(Rows& rows) {
    const std::string_view text = TRY(load_.reread());
    Fields fields(text);
    rows.set(load_1m, load_of(fields.word()));
    rows.set(load_5m, load_of(fields.word()));
    rows.set(load_15m, load_of(fields.word()));
    const std::string_view tasks = fields.word();  // running/existing
    const std::size_t slash = tasks.find('/');
    if (slash != std::string_view::npos)
      rows.set(task_count, Fields(tasks.substr(slash + 1)).number());
    return {};
  }

  SharedKernelFile stat_, load_;
};

constexpr const Table* kTables[] = {&kSystem};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = System::create};

}  // namespace tacho::collector_system
