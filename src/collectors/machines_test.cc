// SPDX-License-Identifier: Apache-2.0
// Every collector on every machine of tests/fixtures beside which a file MACHINE.txt says what it must
// give. A line of it is one of
//   TABLE[KEY=VALUE,...] COLUMN = VALUE   of the first row with these values; "null" for none
//   TABLE rows = NUMBER
//   TABLE absent = WORDS                  there is none, and the reason has these words
//   TABLE note = WORDS                    the coverage statement has them
// Of a table that is absent the file says so, or nothing.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "collectors/fixture.h"
#include "kernel/fields.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

struct Expectation {
  std::vector<std::pair<std::string, std::string>> keys;
  std::string what, value;  // a column, "rows", "absent" or "note"
  std::string line;         // as it stands in the file
};
using Expectations = std::multimap<std::string, Expectation>;  // by table

// The text up to `mark`, which is taken off with it.
std::string take_until(std::string_view& text, std::string_view mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  std::string taken(text.substr(0, at));
  text.remove_prefix(std::min(text.size(), at + mark.size()));
  return taken;
}

Expectations expectations_of(const std::string& path) {
  Expectations all;
  const std::string text = read_file(path).value();
  for (Lines lines(text); lines.next();) {
    std::string_view rest = trimmed(lines.line());
    if (rest.empty() || rest.starts_with('#')) continue;
    Expectation one{.line = std::string(rest)};
    std::string subject = take_until(rest, " = ");
    one.value = rest;
    const std::size_t blank = subject.rfind(' ');
    EXPECT_NE(blank, std::string::npos) << one.line;
    one.what = subject.substr(blank + 1);
    std::string_view table = std::string_view(subject).substr(0, blank);
    const std::string name = take_until(table, "[");
    if (table.ends_with(']')) table.remove_suffix(1);
    while (!table.empty()) {
      std::string_view pair = table;
      const std::string key = take_until(pair, "=");
      table = pair;
      one.keys.emplace_back(key, take_until(table, ","));
    }
    all.emplace(name, std::move(one));
  }
  return all;
}

const Column* column_of(const Table& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &Column::name);
  return found == table.columns.end() ? nullptr : &*found;
}

std::string value_of(const Watch& watch, const CollectorInfo& info, std::size_t table, std::size_t row,
                     std::string_view name) {
  const Column* column = column_of(*info.tables[table], name);
  if (column == nullptr) return "no such column";
  if (column->type == Type::text) return watch.text(row, name, table).value_or("null");
  if (column->type == Type::real) {
    const auto value = watch.real(row, name, table);
    return value ? fmt::format("{}", *value) : "null";
  }
  const auto value = watch.number(row, name, table);
  return value ? std::to_string(*value) : "null";
}

bool has_note(const Coverage& coverage, const std::string& words) {
  return std::ranges::any_of(coverage.notes(), [&](const CoverageNote& note) {
    return (note.what + ": " + note.why).find(words) != std::string::npos;
  });
}

void check(const Watch& watch, const CollectorInfo& info, std::size_t table, const Expectation& expected) {
  if (expected.what == "rows") {
    EXPECT_EQ(std::to_string(watch.size(table)), expected.value) << expected.line;
    return;
  }
  if (expected.what == "note") {
    EXPECT_TRUE(has_note(watch.coverage(), expected.value)) << expected.line;
    return;
  }
  for (std::size_t row = 0; row < watch.size(table); ++row) {
    const bool is_meant = std::ranges::all_of(expected.keys, [&](const auto& key) {
      return value_of(watch, info, table, row, key.first) == key.second;
    });
    if (!is_meant) continue;
    EXPECT_EQ(value_of(watch, info, table, row, expected.what), expected.value) << expected.line;
    return;
  }
  ADD_FAILURE() << "no such row: " << expected.line;
}

// What no column may hold, whatever the kernel wrote.
void check_signs(const Watch& watch, const CollectorInfo& info, std::size_t table) {
  for (const Column& column : info.tables[table]->columns)
    if (column.kind == Kind::counter && column.type == Type::integer) {
      for (std::size_t row = 0; row < watch.size(table); ++row)
        EXPECT_GE(watch.number(row, column.name, table).value_or(0), 0)
            << info.tables[table]->name << '.' << column.name << " of row " << row;
    }
}

void check_collector(const CollectorInfo& info, const Captured& machine, const Expectations& expected) {
  Watch watch(info.name(), machine);
  const auto [first, last] = expected.equal_range(std::string(info.name()));
  const auto absent = std::find_if(first, last, [](const auto& one) { return one.second.what == "absent"; });
  if (!watch.made()) {
    EXPECT_TRUE(watch.error.code == ErrorCode::absent || watch.error.code == ErrorCode::denied);
    EXPECT_TRUE(first == last || absent != last) << watch.error.text;
    const std::string words = absent == last ? "" : absent->second.value;
    EXPECT_NE(watch.error.text.find(words), std::string::npos) << watch.error.text;
    return;
  }
  ASSERT_EQ(absent, last) << info.name() << " is there";
  const auto turned = watch.turn(true);
  ASSERT_TRUE(turned) << info.name() << ": " << turned.error().text;
  for (std::size_t table = 0; table < info.tables.size(); ++table) {
    check_signs(watch, info, table);
    const auto [begin, end] = expected.equal_range(std::string(info.tables[table]->name));
    for (auto at = begin; at != end; ++at) check(watch, info, table, at->second);
  }
}

class Machines : public testing::TestWithParam<std::string> {};

TEST_P(Machines, GiveEveryCollectorWhatStandsInTheirFiles) {
  const Captured machine(GetParam());
  const Expectations expected = expectations_of(machine.folder() + ".txt");
  std::size_t tables = 0;
  for (const CollectorInfo* info : all_collectors()) {
    SCOPED_TRACE(std::string(info->name()));
    check_collector(*info, machine, expected);
    for (const Table* table : info->tables) tables += expected.count(std::string(table->name)) > 0 ? 1 : 0;
  }
  EXPECT_GE(tables, 12U) << "the file says too little";
  for (const auto& [table, one] : expected)
    EXPECT_TRUE(std::ranges::any_of(all_collectors(), [&](const CollectorInfo* info) {
      return std::ranges::any_of(info->tables, [&](const Table* of) { return of->name == table; });
    })) << one.line;
}

std::vector<std::string> machines_with_expectations() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(TACHO_FIXTURES))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

std::string name_of_test(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Captured, Machines, testing::ValuesIn(machines_with_expectations()), name_of_test);

TEST(LargeServer, HasARowForEachOf256CpusAndOneForEachOf4000Groups) {
  constexpr int kCpus = 256, kGroups = 4000;
  Machine machine;
  std::string stat = "cpu  1 0 0 0 0 0 0 0 0 0\n";
  for (int cpu = 0; cpu < kCpus; ++cpu) stat += fmt::format("cpu{} {} 0 {} 5 0 0 0 0 0 0\n", cpu, 1000 + cpu, cpu);
  // Behind the CPUs is one line of a number for each interrupt: thousands of them.
  stat += "intr 77";
  for (int interrupt = 0; interrupt < 6000; ++interrupt) stat += " 123456";
  machine.write("proc/stat", stat + "\nctxt 5\nprocesses 6\nprocs_running 7\nprocs_blocked 8\n");
  machine.write("proc/loadavg", "256.01 255.00 254.99 300/90000 4194303\n");
  for (int cpu = 0; cpu < kCpus; ++cpu)
    machine.write(fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", cpu),
                  fmt::format("{}\n", 2'000'000 + cpu));
  machine.write("proc/self/mountinfo", "31 26 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  for (int group = 0; group < kGroups; ++group)
    machine.write(fmt::format("sys/fs/cgroup/pod{}/c{}/cpu.stat", group % 40, group),
                  fmt::format("usage_usec {}\nuser_usec 1\nsystem_usec 2\n", group));
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  ASSERT_EQ(cpu.size(), std::size_t{kCpus});
  EXPECT_EQ(cpu.number(255, "time_user"), 1255 * 10'000'000LL);
  EXPECT_EQ(cpu.number(255, "frequency"), 2'000'255'000);
  Watch system("system", machine);
  ASSERT_TRUE(system.turn());
  EXPECT_EQ(system.real(0, "load_1m"), 256.01);
  EXPECT_EQ(system.number(0, "task_count"), 90000);
  EXPECT_EQ(system.number(0, "interrupts"), 77);
  Watch groups("cgroup", machine, {"max=10000"});
  ASSERT_TRUE(groups.turn());
  EXPECT_EQ(groups.size(), std::size_t{kGroups} + 40 + 1);
  const auto row = groups.row_where("cgroup", "/pod39/c3999");
  ASSERT_TRUE(row);
  EXPECT_EQ(groups.number(*row, "cpu_time"), 3'999'000);
  // At first it reads the thousand next to the top, and says how to have the rest.
  Watch few("cgroup", machine);
  ASSERT_TRUE(few.turn());
  EXPECT_EQ(few.size(), 1000U);
  EXPECT_TRUE(has_note(few.coverage(), "3041 control groups beyond the first 1000"));
}

class ManySensors : public testing::TestWithParam<int> {};

TEST_P(ManySensors, EachHaveTheirRowWhateverTheirNames) {
  Machine machine;
  for (int sensor = 0; sensor < GetParam(); ++sensor) {
    const std::string folder = fmt::format("sys/class/hwmon/hwmon{}/", sensor);
    machine.write(folder + "name", fmt::format("chip \x1b[3{}m\xff{}\n", sensor % 8, sensor));
    machine.write(folder + "temp1_input", fmt::format("{}\n", sensor * 1000 - 5000));
    machine.write(folder + "temp1_label", fmt::format("=cmd|' /C calc'!A{}\x1b\xe2\x80\xae\n", sensor));
    // Not figures, or none that a driver would write.
    machine.write(folder + "temp_input", "1\n");
    machine.write(folder + "temp1_input_extra", "1\n");
    machine.write(folder + "pwm1", "255\n");
    machine.write(folder + "in99999999999999999999_input", "1\n");
    machine.write(folder + "fan1_input", sensor % 2 == 0 ? "" : "N/A\n");
  }
  Watch sensors("sensor", machine);
  ASSERT_TRUE(sensors.turn());
  ASSERT_EQ(sensors.size(), static_cast<std::size_t>(GetParam()));
  for (int sensor = 0; sensor < GetParam(); ++sensor) {
    const auto row = sensors.row_where("chip", fmt::format("chip \\x1b[3{}m\\xff{}", sensor % 8, sensor));
    ASSERT_TRUE(row) << sensor;
    EXPECT_EQ(sensors.real(*row, "temperature"), sensor - 5.0);
    EXPECT_EQ(sensors.text(*row, "label"), fmt::format("=cmd|' /C calc'!A{}\\x1b\\xe2\\x80\\xae", sensor));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ManySensors, testing::Values(32, 64));

TEST(BrokenCounters, AreNullWhereTheyWouldNotFit) {
  // A counter that was taken below zero shows as almost 2^64; times our unit it would be anything.
  constexpr std::string_view kWrapped = "18446744073709551615";
  Machine machine;
  machine.write("proc/stat", fmt::format("cpu  1 1 1 1 1 1 1 1 1 1\ncpu0 5 0 {} 7 0 0 0 {} 0 0\n", kWrapped, kWrapped));
  machine.write("proc/diskstats", fmt::format("   8       0 sda 1 2 {} {} 5 6 7 8 9 {} 11 0 0 {} 0 0 0\n", kWrapped,
                                              kWrapped, kWrapped, kWrapped));
  machine.write("proc/meminfo", fmt::format("MemTotal: 100 kB\nMemFree: {} kB\nDirty: 5 kB\n", kWrapped));
  machine.write("proc/vmstat", fmt::format("pgpgin {}\npgpgout 3\npgfault 4\n", kWrapped));
  machine.write("proc/pressure/cpu", fmt::format("some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n", kWrapped));
  machine.write("proc/self/mountinfo", "31 26 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.write("sys/fs/cgroup/cpu.stat", fmt::format("usage_usec {}\nuser_usec 4\n", kWrapped));
  Watch cpu("cpu", machine), disk("disk", machine), memory("memory", machine), paging("paging", machine),
      pressure("pressure", machine), cgroup("cgroup", machine);
  for (Watch* watch : {&cpu, &disk, &memory, &paging, &pressure, &cgroup}) ASSERT_TRUE(watch->turn());
  EXPECT_EQ(cpu.number(0, "time_user"), 50'000'000);
  EXPECT_EQ(cpu.number(0, "time_system"), std::nullopt);
  EXPECT_EQ(cpu.number(0, "time_steal"), std::nullopt);
  EXPECT_EQ(disk.number(0, "operations_read"), 1);
  for (const char* column : {"io_read", "operation_time_read", "io_time", "io_discard"})
    EXPECT_EQ(disk.number(0, column), std::nullopt) << column;
  EXPECT_EQ(disk.number(0, "io_write"), 7 * 512);
  EXPECT_EQ(memory.number(0, "limit"), 100 * 1024);
  EXPECT_EQ(memory.number(0, "free"), std::nullopt);
  EXPECT_EQ(paging.number(0, "read_in"), std::nullopt);
  EXPECT_EQ(paging.number(0, "written_out"), 3 * 1024);
  EXPECT_EQ(pressure.number(0, "some"), std::nullopt);
  EXPECT_EQ(cgroup.number(0, "cpu_time"), std::nullopt);
  EXPECT_EQ(cgroup.number(0, "cpu_time_user"), 4000);
}

}  // namespace
}  // namespace tacho
