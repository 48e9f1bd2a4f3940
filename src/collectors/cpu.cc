// SPDX-License-Identifier: Apache-2.0
// Every logical CPU: time by mode, frequency, throttling by heat.
// Reads  /proc/stat  cpu0 7152 0 1608 75747 30 0 12 15 0 0
//            (user nice system idle iowait irq softirq steal guest guest_nice, in ticks of 10 ms)
//        /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq  2400000   (kHz), else
//        /proc/cpuinfo  cpu MHz : 2445.430
//        /sys/devices/system/cpu/cpu0/thermal_throttle/{core,package}_throttle_count  (Intel)
// Units  ns, Hz, counts since boot. Guests since Linux 2.6.33. A CPU that is offline has no row.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "collectors/scaled.h"
#include "kernel/fields.h"
#include "kernel/reread_buffer.h"

namespace tacho::collector_cpu {
namespace {

constexpr Column kColumns[] = {
    key_number("cpu", "Logical number of the CPU.", "cpu.logical_number"),
    counter("time_user", Unit::nanoseconds, "In programs; time_guest is a part of it.",
            "system.cpu.time{cpu.mode=user}"),
    counter("time_nice", Unit::nanoseconds,
            "In programs of lower priority; time_guest_nice is a part of it.",
            "system.cpu.time{cpu.mode=nice}"),
    counter("time_system", Unit::nanoseconds, "In the kernel.", "system.cpu.time{cpu.mode=system}"),
    counter("time_idle", Unit::nanoseconds, "Nothing to do.", "system.cpu.time{cpu.mode=idle}"),
    counter("time_iowait", Unit::nanoseconds,
            "Nothing to do while a task of this CPU waited for a disk. An estimate; can fall.",
            "system.cpu.time{cpu.mode=iowait}"),
    counter("time_interrupt", Unit::nanoseconds, "Serving interrupts.",
            "system.cpu.time{cpu.mode=interrupt}"),
    counter("time_softirq", Unit::nanoseconds, "Serving soft interrupts (network, timers)."),
    counter("time_steal", Unit::nanoseconds, "Wanted to run while the host ran somebody else.",
            "system.cpu.time{cpu.mode=steal}"),
    counter("time_guest", Unit::nanoseconds, "Running virtual machines; included in time_user."),
    counter("time_guest_nice", Unit::nanoseconds,
            "Running virtual machines of lower priority; included in time_nice."),
    gauge("frequency", Unit::hertz,
          "Frequency of now. Read every 10 s at most, null in between: it can cost an interrupt on "
          "every CPU.",
          "system.cpu.frequency"),
    counter("throttle_core", Unit::count,
            "Times that this core was slowed by heat. Read with frequency. Intel only."),
    counter("throttle_package", Unit::count,
            "Times that the whole package was slowed by heat. Read with frequency. Intel only.")};
enum : std::size_t { cpu, first_time, frequency = 11, throttle_core, throttle_package };
constexpr std::size_t kModes = frequency - first_time;

constexpr Table kCpu{.name = "cpu",
                     .help = "Time of every logical CPU by what it did.",
                     .columns = kColumns};

// USER_HZ is 100 on every architecture but Alpha.
constexpr std::int64_t kTick = 10'000'000;
// scaling_cur_freq measures the CPU by an interrupt to it, and cpuinfo does so for all of them; a
// frequency is a sample at any cadence, so that it may be a rare one.
constexpr Nanoseconds kSlow = std::chrono::seconds(10);
// More than any machine has (NR_CPUS is 8192 at most).
constexpr std::int64_t kMostCpus = 8192;

class Cpu final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Cpu>();
    self->stat_ = TRY(environment.root.share_file("proc/stat", Records::one_piece));
    if (auto folder = environment.root.open_folder("sys/devices/system/cpu"))
      self->folder_ = std::move(folder).value();
    if (auto file = environment.root.open_file("proc/cpuinfo")) self->info_ = std::move(*file);
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const std::string_view text = TRY(stat_.reread());
    const bool slow = slow_.due(into);
    if (slow) read_slow(text);
    for (Lines lines(text); lines.next();) {
      // The CPUs stand first; behind them is one line of thousands of interrupts.
      if (!lines.line().starts_with("cpu")) break;
      Fields fields(lines.line().substr(3));
      if (lines.line().size() < 4 || lines.line()[3] == ' ') continue;  // the sum of all
      const auto number = fields.number();
      if (!number || *number < 0 || *number >= kMostCpus) continue;
      rows.start_row();
      rows.set(cpu, *number);
      for (std::size_t mode = 0; mode < kModes; ++mode)
        rows.set(first_time + mode, scaled(fields.number(), kTick));
      if (slow) set_slow(rows, static_cast<std::size_t>(*number));
      rows.finish_row();
    }
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    const auto none = [&](auto member) {
      return std::ranges::none_of(slow_values_,
                                  [&](const Slow& of) { return (of.*member).has_value(); });
    };
    if (none(&Slow::frequency))
      coverage.add({.kind = CoverageNote::Kind::absent,
                    .table = "cpu",
                    .what = "frequency",
                    .why = "the kernel shows neither cpufreq nor \"cpu MHz\" in /proc/cpuinfo",
                    .remedy = {}});
    if (none(&Slow::throttle_core))
      coverage.add({.kind = CoverageNote::Kind::absent,
                    .table = "cpu",
                    .what = "throttle counts",
                    .why = "only Intel CPUs outside a virtual machine have thermal_throttle",
                    .remedy = {}});
  }

 private:
  struct Slow {
    std::optional<std::int64_t> frequency, throttle_core, throttle_package;
  };

  // Files are opened anew each time: three for each CPU, kept open, would be hundreds of
  // descriptors for something that is read every ten seconds.
  void read_slow(std::string_view text) {
    for (Slow& values : slow_values_) values = {};
    bool cpufreq = false;
    for (Lines lines(text); lines.next();) {
      if (!lines.line().starts_with("cpu")) break;
      const auto number = Fields(lines.line().substr(3)).number();
      if (!number || lines.line()[3] == ' ' || *number < 0 || *number >= kMostCpus) continue;
      Slow& values = slow_of(static_cast<std::size_t>(*number));
      if (const auto kilohertz = read_number(*number, "cpufreq/scaling_cur_freq")) {
        values.frequency = *kilohertz * 1000;
        cpufreq = true;
      }
      values.throttle_core = read_number(*number, "thermal_throttle/core_throttle_count");
      values.throttle_package = read_number(*number, "thermal_throttle/package_throttle_count");
    }
    if (!cpufreq) read_info();
  }

  std::optional<std::int64_t> read_number(std::int64_t number, const char* name) {
    if (!folder_) return std::nullopt;
    char path[96];
    std::snprintf(path, sizeof path, "cpu%lld/%s", static_cast<long long>(number), name);
    const auto text = buffer_.read_at(folder_.get(), path);
    return text ? Fields(*text).number() : std::nullopt;
  }

  void read_info() {
    if (!info_) return;
    const auto text = info_.reread();
    if (!text) return;
    std::optional<std::int64_t> number;
    for (Lines lines(*text); lines.next();) {
      const std::size_t colon = lines.line().find(':');
      if (colon == std::string_view::npos) continue;
      const std::string_view value = lines.line().substr(colon + 1);
      if (lines.line().starts_with("processor")) number = Fields(value).number();
      if (!lines.line().starts_with("cpu MHz") || !number || *number >= kMostCpus) continue;
      const std::string_view word = Fields(value).word();
      double megahertz = 0;
      if (std::from_chars(word.data(), word.data() + word.size(), megahertz).ec == std::errc())
        slow_of(static_cast<std::size_t>(*number)).frequency =
            static_cast<std::int64_t>(megahertz * 1e6);
    }
  }

  Slow& slow_of(std::size_t number) {
    if (number >= slow_values_.size()) slow_values_.resize(number + 1);
    return slow_values_[number];
  }

  void set_slow(Rows& rows, std::size_t number) const {
    if (number >= slow_values_.size()) return;
    rows.set(frequency, slow_values_[number].frequency);
    rows.set(throttle_core, slow_values_[number].throttle_core);
    rows.set(throttle_package, slow_values_[number].throttle_package);
  }

  SharedKernelFile stat_;
  KernelFile info_;
  FileDescriptor folder_;
  RereadBuffer buffer_;
  Cadence slow_{kSlow};
  std::vector<Slow> slow_values_;  // by the CPU's number
};

constexpr const Table* kTables[] = {&kCpu};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Cpu::create};

}  // namespace tacho::collector_cpu
