// SPDX-License-Identifier: Apache-2.0
// Pressure stall: how long tasks waited for CPU, memory, I/O, or interrupts.
// Reads  /proc/pressure/{cpu,memory,io,irq}; Linux 4.20, irq 6.1; absent with psi=0
// Line   some avg10=0.00 avg60=0.13 avg300=0.96 total=8163134
// Units  total: microseconds since boot. The averages can be derived, so they are not stored.
#include <array>
#include <vector>

#include "collectors/collector.h"
#include "collectors/scaled.h"
#include "kernel/fields.h"

namespace tacho::collector_pressure {
namespace {

constexpr Column kColumns[] = {
    key("resource", "cpu, memory, io or irq."),
    counter("some", Unit::nanoseconds, "Time in which at least one task waited."),
    counter("full", Unit::nanoseconds,
            "Time in which every task that could have run waited; for cpu always 0 here.")};

constexpr Table kPressure{.name = "pressure",
                          .help = "Time lost to waiting for a resource.",
                          .columns = kColumns};

constexpr std::array<std::string_view, 4> kResources = {"cpu", "memory", "io", "irq"};

// The total of the line that begins with `which`.
std::optional<std::int64_t> total_of(std::string_view text, std::string_view which) {
  for (Lines lines(text); lines.next();) {
    if (!lines.line().starts_with(which)) continue;
    const std::size_t total = lines.line().rfind("total=");
    if (total == std::string_view::npos) return std::nullopt;
    return scaled(Fields(lines.line().substr(total + 6)).number(), 1000);
  }
  return std::nullopt;
}

class Pressure final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Pressure>();
    for (const std::string_view resource : kResources) {
      auto file = environment.root.open_file("proc/pressure/" + std::string(resource),
                                             Records::one_piece);
      if (!file) continue;
      // A kernel booted with psi=0 has the files and refuses to read them (EOPNOTSUPP).
      if (!file->reread()) continue;
      self->sources_.push_back({resource, std::move(file).value()});
    }
    if (self->sources_.empty())
      return Error{ErrorCode::absent,
                   "this kernel tells no pressure; boot it with psi=1 on its command line "
                   "(Linux 4.20 or later)"};
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    for (Source& source : sources_) {
      const std::string_view text = TRY(source.file.reread());
      into.rows().append(source.resource, total_of(text, "some"), total_of(text, "full"));
    }
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    for (const std::string_view resource : {"cpu", "memory", "io"}) {
      bool seen = false;
      for (const Source& source : sources_) seen = seen || source.resource == resource;
      if (seen) continue;
      coverage.add({.kind = CoverageNote::Kind::absent,
                    .table = "pressure",
                    .what = std::string(resource),
                    .why = "the kernel has no /proc/pressure/" + std::string(resource),
                    .remedy = {}});
    }
  }

 private:
  struct Source {
    std::string_view resource;
    KernelFile file;
  };
  std::vector<Source> sources_;
};

constexpr const Table* kTables[] = {&kPressure};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Pressure::create};

}  // namespace tacho::collector_pressure
