// SPDX-License-Identifier: Apache-2.0
#include "store/testing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "journal/format.h"

namespace tacho::testing {
namespace {

constexpr Column kSystemColumns[] = {
    counter("context_switches", Unit::count, "Context switches since boot.")};
constexpr Column kCpuColumns[] = {key_number("cpu", "Logical CPU."),
                                  counter("time_user", Unit::nanoseconds, "Time in user mode."),
                                  real_gauge("frequency", Unit::hertz, "Clock of now.")};
constexpr Column kProcessColumns[] = {
    process_number("process", "Number of the process."), key_number("pid", "Its pid."),
    text("state", "As the kernel says it."),
    counter("cpu_time_user", Unit::nanoseconds, "Time in user mode.",
            "process.cpu.time{mode=user}"),
    gauge("memory_usage", Unit::bytes, "Resident.", "process.memory.usage")};
constexpr Column kProcessInfoColumns[] = {process_number("process", "Number of the process."),
                                          key_number("pid", "Its pid."),
                                          text("command", "Its name."), text("user", "Whose.")};
constexpr Column kProcessExitColumns[] = {
    process_number("process", "Number of the process."), key_number("pid", "Its pid."),
    gauge("exit_time", Unit::nanoseconds, "When it ended, ns since 1970.")};

[[noreturn]] void give_up(const std::string& path) {
  std::fprintf(stderr, "test set-up: cannot use %s\n", path.c_str());
  std::abort();
}

}  // namespace

constinit const Table kSystem{"system", "The machine; a row for every tick.", kSystemColumns};
constinit const Table kCpu{"cpu", "Each CPU.", kCpuColumns};
constinit const Table kProcess{"process", "Each process that changed.", kProcessColumns, "process"};
constinit const Table kProcessInfo{"process_info", "Said once.", kProcessInfoColumns, "process"};
constinit const Table kProcessExit{"process_exit", "Ends.", kProcessExitColumns, "process"};

Result<RecordingWriter> RecordingWriter::create(const std::string& path,
                                                std::vector<const Table*> tables) {
  RecordingWriter self;
  self.folder_ = TRY(open_or_make_folder(AT_FDCWD, path));
  self.facts.id = "0123456789abcdef0123456789abcdef";
  self.facts.name = "test";
  self.facts.tacho_version = "0";
  self.facts.host = {.name = "machine", .kernel = "6.1", .architecture = "x86_64", .cpu_count = 2};
  self.facts.time_zone = "UTC";
  self.facts.start_time = kStartTime;
  self.facts.start_boottime = kStartBoottime;
  self.facts.interval = kSecond;
  self.facts.process_source = "proc";
  for (const Table* table : tables) {
    self.facts.tables.emplace_back(table->name);
    auto folder = TRY(open_or_make_folder(self.folder_.get(), std::string(table->name)));
    auto encoder = TRY(BatchEncoder::create(*table));
    auto file = TRY(self.create_file(folder.get(), *table));
    self.open_.push_back(std::make_unique<Open>(table, std::move(folder), Rows(*table),
                                                std::move(encoder), std::move(file)));
  }
  TRY(self.write_facts());
  return self;
}

Result<JournalFile> RecordingWriter::create_file(int folder, const Table& table) const {
  const Bytes schema = TRY(encode_schema(table, facts.id, number_));
  return JournalFile::create(folder, live_name(number_), schema);
}

Result<void> RecordingWriter::write_facts() const {
  return replace_file_at(folder_.get(), std::string(kFactsName), to_json(facts));
}

void RecordingWriter::begin(std::uint64_t tick) {
  const auto passed = static_cast<std::int64_t>(tick) * kSecond;
  for (auto& open : open_)
    open->rows.begin(
        {.tick = tick, .time = kStartTime + passed, .boottime = kStartBoottime + passed});
}

Rows& RecordingWriter::rows(const Table& table) {
  return (*std::ranges::find(open_, &table, [](const auto& open) { return open->table; }))->rows;
}

Result<void> RecordingWriter::commit() {
  Bytes message;
  for (auto& open : open_) {
    if (open->rows.size() == 0) continue;
    message.clear();
    open->encoder.encode(open->rows, message);
    open->encoder.finish(message, open->file.batches());
    TRY(open->file.append(message));
  }
  return {};
}

Result<void> RecordingWriter::rotate() {
  ++number_;
  for (auto& open : open_) open->file = TRY(create_file(open->folder.get(), *open->table));
  return {};
}

Result<void> RecordingWriter::finish(std::uint64_t last_tick) {
  facts.end_time = kStartTime + static_cast<std::int64_t>(last_tick) * kSecond;
  facts.end_boottime = kStartBoottime + static_cast<std::int64_t>(last_tick) * kSecond;
  return write_facts();
}

void flip_bit(const std::string& path, std::uint64_t bit) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  char byte = 0;
  const auto at = static_cast<off_t>(bit / 8);
  if (file < 0 || pread(file, &byte, 1, at) != 1) give_up(path);
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
  if (pwrite(file, &byte, 1, at) != 1) give_up(path);
  close(file);
}

void cut_tail(const std::string& path, std::uint64_t size) {
  if (truncate(path.c_str(), static_cast<off_t>(size)) != 0) give_up(path);
}

std::uint64_t size_of(const std::string& path) { return std::filesystem::file_size(path); }

std::string bytes_of(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  if (!file) give_up(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::vector<std::string> names_in(const std::string& path, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().filename().string().starts_with(prefix))
      names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

TemporaryFolder::TemporaryFolder() {
  char path[] = "/tmp/tacho-store-XXXXXX";
  if (mkdtemp(path) == nullptr) give_up(path);
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tacho::testing
