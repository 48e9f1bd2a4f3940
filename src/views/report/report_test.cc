// SPDX-License-Identifier: Apache-2.0
// Whole reports against tests/golden/report/*.txt; TACHO_ACCEPT_GOLDEN=1 rewrites them.
#include "views/report/report.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "views/report/section.h"
#include "views/report/sentences.h"
#include "views/testing.h"

namespace tacho {
namespace {

using testing::RecordingWriter;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMiB = 1 << 20;

// Tables as the recorder has them, with the columns that the report reads.
constexpr Column kSystemColumns[] = {
    real_gauge("load_1m", Unit::count, ""), gauge("task_count", Unit::count, ""),
    counter("process_created", Unit::count, "")};
constexpr Column kMemoryColumns[] = {
    gauge("limit", Unit::bytes, ""), gauge("available", Unit::bytes, ""),
    gauge("swap_limit", Unit::bytes, ""), gauge("swap_free", Unit::bytes, "")};
constexpr Column kCpuColumns[] = {key_number("cpu", ""), counter("time_user", Unit::nanoseconds, ""),
                                  counter("time_system", Unit::nanoseconds, "")};
constexpr Column kPressureColumns[] = {key("resource", ""), counter("some", Unit::nanoseconds, ""),
                                       counter("full", Unit::nanoseconds, "")};
constexpr Column kDiskColumns[] = {key("device", ""), text("type", ""),
                                   counter("io_read", Unit::bytes, ""),
                                   counter("io_write", Unit::bytes, ""),
                                   counter("io_time", Unit::nanoseconds, "")};
constexpr Column kNetworkColumns[] = {key("interface", ""), counter("io_receive", Unit::bytes, ""),
                                      counter("io_transmit", Unit::bytes, "")};
constexpr Column kProcessColumns[] = {
    process_number("process", ""), counter("cpu_time_user", Unit::nanoseconds, ""),
    counter("cpu_time_system", Unit::nanoseconds, ""), gauge("thread_count", Unit::count, ""),
    counter("disk_io_read", Unit::bytes, ""), counter("disk_io_write", Unit::bytes, ""),
    gauge("memory_usage", Unit::bytes, ""), gauge("memory_peak", Unit::bytes, "")};
constexpr Column kInfoColumns[] = {
    process_number("process", ""), key_number("pid", ""),
    gauge("start_boottime", Unit::nanoseconds, ""), text("command", ""), text("arguments", ""),
    gauge("in_command", Unit::count, "")};
constexpr Column kExitColumns[] = {
    process_number("process", ""), counter("cpu_time_user", Unit::nanoseconds, ""),
    counter("cpu_time_system", Unit::nanoseconds, ""), gauge("memory_peak", Unit::bytes, ""),
    counter("disk_io_read", Unit::bytes, ""), counter("disk_io_write", Unit::bytes, "")};
constexpr Column kEventColumns[] = {text("severity", ""), text("name", ""), text("body", ""),
                                    {"event_time", Type::timestamp, Kind::gauge, Unit::nanoseconds, ""},
                                    {"end_time", Type::timestamp, Kind::gauge, Unit::nanoseconds, ""}};
constexpr Column kSelfColumns[] = {
    key("component", ""), counter("cpu_time", Unit::nanoseconds, ""),
    counter("turns", Unit::count, ""), counter("errors", Unit::count, ""),
    counter("dropped", Unit::count, ""), counter("skipped", Unit::count, ""),
    counter("bytes", Unit::bytes, ""), gauge("memory_peak", Unit::bytes, "")};

constexpr Table kSystem{"system", "", kSystemColumns}, kMemory{"memory", "", kMemoryColumns},
    kCpu{"cpu", "", kCpuColumns}, kPressure{"pressure", "", kPressureColumns},
    kDisk{"disk", "", kDiskColumns}, kNetwork{"network", "", kNetworkColumns},
    kProcess{"process", "", kProcessColumns}, kInfo{"process_info", "", kInfoColumns},
    kExit{"process_exit", "", kExitColumns}, kEvent{"event", "", kEventColumns},
    kSelf{"self", "", kSelfColumns};

void check(const Result<void>& result) { ASSERT_TRUE(result) << result.error().text; }

CommandFacts compile() {
  CommandFacts command;
  command.arguments = {"make", "-j2", "all"};
  command.folder = "/home/somebody/project";
  command.pid = 500;
  command.start_time = RecordingWriter::kStartTime;
  command.start_boottime = RecordingWriter::kStartBoottime;
  command.end_boottime = RecordingWriter::kStartBoottime + 8 * kSecond;
  command.end = CommandEnd{.exit_code = 2};
  command.cpu_time_user = 9 * kSecond;
  command.cpu_time_system = kSecond;
  command.memory_peak = 300 * kMiB;
  return command;
}

void describe(Rows& rows, std::uint64_t number, std::string_view command, const char* arguments,
              bool is_in_command) {
  rows.append(number, 500 + static_cast<std::int64_t>(number),
              RecordingWriter::kStartBoottime - (is_in_command ? 10'000'000 : 100 * kSecond), command,
              arguments == nullptr ? std::nullopt : std::optional<std::string_view>(arguments),
              is_in_command ? 1 : 0);
}

void fill_machine(RecordingWriter& writer, std::int64_t tick) {
  writer.rows(kSystem).append(0.5 * static_cast<double>(tick), 100 + tick, 1000 + 50 * tick * tick);
  writer.rows(kMemory).append(8192 * kMiB, (4096 - 256 * (tick == 5 ? 4 : 0)) * kMiB, 0, 0);
  for (std::int64_t cpu = 0; cpu < 2; ++cpu)
    writer.rows(kCpu).append(cpu, tick * kSecond / (cpu == 0 ? 1 : 2), 0);
  writer.rows(kPressure).append("cpu", tick * kSecond / 4, 0);
  writer.rows(kPressure).append("io", tick * 1000, 0);
  writer.rows(kDisk).append("sda", "disk", tick * kMiB, tick == 8 ? 100 * kMiB : 0, tick * kSecond / 2);
  writer.rows(kDisk).append("sda1", "partition", tick * kMiB, 0, 0);
  writer.rows(kNetwork).append("eth0", tick * 2 * kMiB, tick * kMiB);
  writer.rows(kSelf).append("recorder", tick * 2'000'000, tick, 0, 0, 0, 0, 4 * kMiB);
  writer.rows(kSelf).append("writer", 0, tick, 0, 0, 0, tick * 4096, 0);
}

// 1: make; 2: a compiler with a peak that no tick saw; 3: one that reads; 4: idle; 10: another's.
void fill_processes(RecordingWriter& writer, std::int64_t tick) {
  if (tick == 0) {
    describe(writer.rows(kInfo), 1, "make", "make -j2 all", true);
    describe(writer.rows(kInfo), 2, "cc1plus", "cc1plus -quiet big.cc", true);
    describe(writer.rows(kInfo), 4, "sh", nullptr, true);
    describe(writer.rows(kInfo), 10, "kworker/0:1 x", nullptr, false);
    describe(writer.rows(kInfo), 11, "backup", "backup --all", false);
    writer.rows(kProcess).append(std::uint64_t{4}, 0, 0, 1, 0, 0, kMiB, kMiB);
    writer.rows(kProcess).append(std::uint64_t{10}, 500 * kSecond, 0, 1, std::nullopt, std::nullopt, 0, 0);
  }
  if (tick == 4) describe(writer.rows(kInfo), 3, "cat", "cat huge", true);
  writer.rows(kProcess).append(std::uint64_t{1}, tick * 100'000'000, 0, 1, 0, tick * 4096, 8 * kMiB, 8 * kMiB);
  if (tick < 6)
    writer.rows(kProcess)
        .append(std::uint64_t{2}, tick * kSecond, 0, 1, 0, 0, tick * 40 * kMiB, (tick == 5 ? 290 : tick * 40) * kMiB);
  if (tick == 6) {
    const auto unknown = std::nullopt;
    writer.rows(kExit).append(std::uint64_t{2}, unknown, unknown, unknown, unknown, unknown);
  }
  if (tick >= 4)
    writer.rows(kProcess)
        .append(std::uint64_t{3}, 0, 20'000'000, 1, (tick - 3) * 10 * kMiB, 0, 2 * kMiB, 2 * kMiB);
  writer.rows(kProcess).append(std::uint64_t{11}, 900 * kSecond + tick * kSecond / 3, 0, 2,
                               tick * 3 * kMiB, 0, 50 * kMiB, 60 * kMiB);
}

void fill_events(RecordingWriter& writer, std::int64_t tick) {
  if (tick != 3) return;
  const std::int64_t now = RecordingWriter::kStartTime + tick * kSecond;
  writer.rows(kEvent).append("info", "mark", "deploy begins", now, std::nullopt);
  writer.rows(kEvent).append("warning", "clock.step", "the wall clock was set forward by 1 s", now,
                             std::nullopt);
  writer.rows(kEvent).append("info", "mark", "tests", now, now + 2 * kSecond);
}

void write_recording(const std::string& path, bool with_command) {
  auto writer = RecordingWriter::create(path, {&kSystem, &kMemory, &kCpu, &kPressure, &kDisk, &kNetwork,
                                               &kProcess, &kInfo, &kExit, &kEvent, &kSelf});
  ASSERT_TRUE(writer) << writer.error().text;
  writer->facts.host.operating_system = "Some Linux 1";
  writer->facts.host.memory_limit = 8192 * kMiB;
  writer->facts.user = 1000;
  if (with_command) writer->facts.command = compile();
  writer->facts.coverage = {
      {.kind = CoverageNote::Kind::denied, .table = "process", .what = "I/O of 3 of 5 processes",
       .why = "they belong to other users, and the kernel shows it to their owners and to root alone",
       .remedy = "sudo tacho ..."},
      {.kind = CoverageNote::Kind::absent, .table = "sensor", .what = "the whole table",
       .why = "no sensors", .remedy = ""}};
  for (std::int64_t tick = 0; tick <= 8; ++tick) {
    if (tick == 7) continue;  // not taken
    writer->begin(static_cast<std::uint64_t>(tick));
    fill_machine(*writer, tick);
    fill_processes(*writer, tick);
    fill_events(*writer, tick);
    check(writer->commit());
  }
  check(writer->finish(8));
}

// The report with what differs between machines and versions of the format taken out.
std::string report_of(const std::string& path, const Range& range = {}) {
  auto recording = Recording::open(path);
  if (!recording) return recording.error().text;
  std::string text = testing::written_by([&](Output& output) {
    check(write_report({.recording = *recording, .range = range, .zone = Zone::utc}, output));
  });
  const auto replace = [&](const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    if (at != std::string::npos) text.replace(at, what.size(), with);
  };
  replace(path, "FOLDER");
  replace(format_size(static_cast<std::int64_t>(recording->size())), "SIZE");
  return text;
}

void compare(const std::string& name, const std::string& text) {
  const std::string path = std::string(TACHO_FIXTURES) + "/../golden/report/" + name + ".txt";
  if (std::getenv("TACHO_ACCEPT_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path)) << path << ": TACHO_ACCEPT_GOLDEN=1 writes it";
  EXPECT_EQ(text, testing::bytes_of(path));
}

TEST(Report, OfACommand) {
  testing::TemporaryFolder folder;
  write_recording(folder / "r.tacho", true);
  compare("command", report_of(folder / "r.tacho"));
}

TEST(Report, OfAMachine) {
  testing::TemporaryFolder folder;
  write_recording(folder / "r.tacho", false);
  compare("machine", report_of(folder / "r.tacho"));
}

TEST(Report, OfAPartCountsWhatGrewInIt) {
  testing::TemporaryFolder folder;
  write_recording(folder / "r.tacho", true);
  Range range;
  range.from = RecordingWriter::kStartTime + 2 * kSecond;
  range.to = RecordingWriter::kStartTime + 5 * kSecond;
  compare("part", report_of(folder / "r.tacho", range));
}

TEST(Report, CountsAProcessThatNoTickSaw) {
  testing::TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "r.tacho", {&kSystem, &kProcess, &kInfo, &kExit});
  ASSERT_TRUE(writer) << writer.error().text;
  writer->facts.command = compile();
  writer->facts.process_source = "bpf";
  writer->facts.processes_missed = MissedProcesses{.count = 0, .why = ""};
  for (std::uint64_t tick = 0; tick < 3; ++tick) {
    writer->begin(tick);
    if (tick == 0) {
      describe(writer->rows(kInfo), 1, "make", "make all", true);
      writer->rows(kProcess).append(std::uint64_t{1}, kSecond, 0, 1, 0, 0, kMiB, kMiB);
    }
    if (tick == 1) {
      describe(writer->rows(kInfo), 2, "cc1plus", "cc1plus a.cc", true);
      writer->rows(kExit).append(std::uint64_t{2}, 700'000'000, 50'000'000, 400 * kMiB, 0, 8192);
    }
    // The account is the last word on what the ticks saw.
    if (tick == 2) writer->rows(kExit).append(std::uint64_t{1}, kSecond, kSecond, 3 * kMiB, 0, 4096);
    check(writer->commit());
  }
  check(writer->finish(2));
  const std::string text = report_of(folder / "r.tacho");
  EXPECT_NE(text.find("  2 processes"), std::string::npos) << text;
  EXPECT_NE(text.find("Processes come from bpf; none were missed"), std::string::npos) << text;
  EXPECT_NE(text.find("0 B read, 12.0"), std::string::npos) << text;
  EXPECT_NE(text.find("750 ms   400 MiB"), std::string::npos) << text;
  EXPECT_NE(text.find("2 s  3.00 MiB"), std::string::npos) << text;
}

// Made by nobody's recorder: ours escapes what it records.
TEST(Report, LetsNoControlByteOfAHostileRecordingThrough) {
  testing::TemporaryFolder folder;
  const std::string evil = "\033]0;evil\007\r\n\xE2\x80\xAE";
  auto writer = RecordingWriter::create(folder / "r.tacho", {&kSystem, &kProcess, &kInfo, &kEvent, &kDisk});
  ASSERT_TRUE(writer) << writer.error().text;
  writer->facts.host = {.name = evil, .kernel = evil, .operating_system = evil};
  writer->facts.command = compile();
  writer->facts.command->arguments = {"make", evil};
  writer->facts.command->folder = evil;
  writer->facts.coverage = {
      {.kind = CoverageNote::Kind::absent, .table = evil, .what = evil, .why = evil, .remedy = evil}};
  for (std::int64_t tick = 0; tick < 3; ++tick) {
    writer->begin(static_cast<std::uint64_t>(tick));
    describe(writer->rows(kInfo), 1, evil, tick == 0 ? nullptr : evil.c_str(), true);
    writer->rows(kProcess).append(std::uint64_t{1}, kSecond, 0, 1, 0, 0, kMiB, kMiB);
    writer->rows(kEvent).append(evil, evil, evil, RecordingWriter::kStartTime, std::nullopt);
    writer->rows(kDisk).append(evil, evil, tick * kMiB, 0, 0);
    check(writer->commit());
  }
  check(writer->finish(2));
  const std::string text = report_of(folder / "r.tacho");
  EXPECT_NE(text.find("\\x1b]0;evil\\x07"), std::string::npos) << text;
  EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos);
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ') << int(c);
}

TEST(Report, OfARecordingThatHasThreeTables) {
  compare("small", report_of(std::string(TACHO_FIXTURES) + "/../recordings/1.0/small.tacho"));
}

TEST(CounterTrace, AddsUpAndFindsTheSteepestStep) {
  CounterTrace trace;
  trace.add(0, 100, 10);
  trace.add(kSecond, 101, 20);
  trace.add(2 * kSecond, 102, std::nullopt);
  trace.add(3 * kSecond, 103, 100);
  trace.add(4 * kSecond, 104, 5);  // began anew: what lies between is unknown
  trace.add(5 * kSecond, 105, 6);
  EXPECT_EQ(trace.grown(), 10 + 80 + 1);
  EXPECT_DOUBLE_EQ(trace.steepest(), 40);
  EXPECT_EQ(trace.steepest_time(), 103);
}

TEST(CounterTrace, JoinsRowsThatLieTooClose) {
  CounterTrace trace;
  trace.add(0, 0, 0);
  trace.add(1'000'000, 1, 1000);
  trace.add(kSecond, 2, 1000);
  EXPECT_DOUBLE_EQ(trace.steepest(), 1000);
  EXPECT_EQ(trace.grown(), 1000);
}

TEST(Sentences, SayHowARecordingEnded) {
  RecordingFacts facts;
  EXPECT_EQ(ending_of(facts, true), "recording now");
  EXPECT_EQ(ending_of(facts, false), "broken off");
  facts.end_time = 1;
  EXPECT_EQ(ending_of(facts, false), "stopped");
  facts.command = CommandFacts{};
  EXPECT_EQ(ending_of(facts, false), "recorder stopped before the command");
  facts.command->end = CommandEnd{.exit_code = 3};
  EXPECT_EQ(ending_of(facts, false), "exit 3");
  facts.command->end = CommandEnd{.signal = 9};
  EXPECT_EQ(ending_of(facts, false), "signal 9 (Killed)");
  facts.command->end = CommandEnd{.signal = 11, .core_dumped = true, .timed_out = true};
  EXPECT_EQ(ending_of(facts, false), "timed out, signal 11 (Segmentation fault), core dumped");
}

TEST(Percent, SaysMoreThanNothing) {
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.0001), "<0.1 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(percent(0.5), "50 %");
}

}  // namespace
}  // namespace tacho
