// SPDX-License-Identifier: Apache-2.0
#include "ledger/life_record.h"

#include <cassert>
#include <cstring>
#include <type_traits>

namespace tacho {
namespace {

// The part that every kind has.
struct Head {
  LifeEvent::Kind kind;
  bool arguments_cut;
  std::optional<bool> core_dumped;
  int pid;
  std::int64_t boottime;
  std::optional<std::int64_t> start_boottime;
  std::optional<int> parent_pid, exit_code, signal;
  std::uint32_t command_size, executable_size, arguments_size;
};
static_assert(std::is_trivially_copyable_v<Head>);
static_assert(std::is_trivially_copyable_v<ProcessIdentity>);
static_assert(std::is_trivially_copyable_v<ProcessAccount>);

void append(std::vector<std::byte>& record, const void* bytes, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(bytes);
  record.insert(record.end(), first, first + size);
}

// Takes parts off a record's front.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> rest) : rest_(rest) {}
  template <class Part>
  void part(Part& out) {
    std::memcpy(static_cast<void*>(&out), taken(sizeof out), sizeof out);
  }
  std::string_view text(std::size_t size) {
    return {reinterpret_cast<const char*>(taken(size)), size};
  }

 private:
  const std::byte* taken(std::size_t size) {
    assert(size <= rest_.size());
    const std::byte* first = rest_.data();
    rest_ = rest_.subspan(size);
    return first;
  }
  std::span<const std::byte> rest_;
};

}  // namespace

void pack_life(const LifeEvent& event, std::vector<std::byte>& record) {
  Head head;
  std::memset(static_cast<void*>(&head), 0, sizeof head);  // no stray bytes between the members
  head.kind = event.kind;
  head.arguments_cut = event.arguments_cut;
  head.core_dumped = event.core_dumped;
  head.pid = event.pid;
  head.boottime = event.boottime;
  head.start_boottime = event.start_boottime;
  head.parent_pid = event.parent_pid;
  head.exit_code = event.exit_code;
  head.signal = event.signal;
  head.command_size = static_cast<std::uint32_t>(event.command.size());
  head.executable_size = static_cast<std::uint32_t>(event.executable.size());
  head.arguments_size = static_cast<std::uint32_t>(event.arguments.size());
  record.clear();
  append(record, &head, sizeof head);
  if (event.kind != LifeEvent::Kind::fork) append(record, &event.identity, sizeof event.identity);
  if (event.kind == LifeEvent::Kind::exit) append(record, &event.account, sizeof event.account);
  for (const std::string_view text : {event.command, event.executable, event.arguments})
    append(record, text.data(), text.size());
}

LifeEvent unpack_life(std::span<const std::byte> record) {
  Unpacker unpacker(record);
  Head head;
  unpacker.part(head);
  LifeEvent event{.kind = head.kind,
                  .pid = head.pid,
                  .boottime = head.boottime,
                  .start_boottime = head.start_boottime,
                  .parent_pid = head.parent_pid,
                  .arguments_cut = head.arguments_cut,
                  .exit_code = head.exit_code,
                  .signal = head.signal,
                  .core_dumped = head.core_dumped};
  if (event.kind != LifeEvent::Kind::fork) unpacker.part(event.identity);
  if (event.kind == LifeEvent::Kind::exit) unpacker.part(event.account);
  event.command = unpacker.text(head.command_size);
  event.executable = unpacker.text(head.executable_size);
  event.arguments = unpacker.text(head.arguments_size);
  return event;
}

}  // namespace tacho
