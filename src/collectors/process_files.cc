// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_files.h"

#include <cctype>

#include "collectors/scaled.h"
#include "kernel/fields.h"

namespace tacho {
namespace {

constexpr std::int64_t kKibi = 1024;

std::optional<std::int64_t> kibibytes(std::string_view value) {
  return scaled(Fields(value).number(), kKibi);
}

std::optional<std::int64_t> second_number(std::string_view value) {
  Fields fields(value);
  fields.skip(1);
  return fields.number();
}

// "NSpid: 4242 17 1": the last one, when there is more than one.
std::optional<std::int64_t> innermost(std::string_view value) {
  Fields fields(value);
  fields.skip(1);
  std::optional<std::int64_t> last;
  while (const auto number = fields.number()) last = number;
  return last;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::nullopt;
  ProcessStat stat;
  stat.command = text.substr(open + 1, close - open - 1);
  Fields fields(text.substr(close + 1));
  const std::string_view state = fields.word();
  // A letter, which goes to a recording as it is.
  if (state.empty() || !std::isalpha(static_cast<unsigned char>(state.front()))) return std::nullopt;
  stat.state = state.front();
  const auto next = [&] { return fields.number().value_or(0); };
  const auto next_time = [&] { return scaled(fields.number(), kNanosecondsPerTick).value_or(0); };
  stat.parent = next();
  stat.process_group = next();
  stat.session = next();
  stat.terminal = next();
  fields.skip(1);  // tpgid
  stat.flags = next();
  stat.faults_minor = next();
  fields.skip(1);  // of waited-for children
  stat.faults_major = next();
  fields.skip(1);
  stat.user_time = next_time();
  stat.system_time = next_time();
  fields.skip(2);  // of waited-for children
  stat.priority = next();
  stat.nice = next();
  stat.threads = next();
  fields.skip(1);  // itrealvalue, always 0
  const auto start = fields.number();
  if (!scaled(start, kNanosecondsPerTick)) return std::nullopt;  // start_boottime() is in nanoseconds
  stat.start_ticks = *start;
  stat.virtual_size = next();
  stat.resident_pages = next();
  fields.skip(17);  // rsslim to policy
  stat.block_delay = next_time();
  return stat;
}

ProcessStatus parse_process_status(std::string_view text) {
  ProcessStatus status;
  for (Lines lines(text); lines.next();) {
    const std::string_view line = lines.line();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    switch (name.empty() ? '\0' : name.front()) {
      case 'V':
        if (name == "VmHWM") status.resident_peak = kibibytes(value);
        if (name == "VmSwap") status.swap = kibibytes(value);
        break;
      case 'U':
        if (name == "Uid") status.user = second_number(value);
        break;
      case 'G':
        if (name == "Gid") status.group = second_number(value);
        break;
      case 'N':
        if (name == "NSpid") status.inner_pid = innermost(value);
        break;
      case 'v':
        if (name == "voluntary_ctxt_switches") status.switches_voluntary = Fields(value).number();
        break;
      case 'n':
        if (name == "nonvoluntary_ctxt_switches")
          status.switches_involuntary = Fields(value).number();
        break;
      default:
        break;
    }
  }
  return status;
}

ProcessIo parse_process_io(std::string_view text) {
  ProcessIo io;
  for (Lines lines(text); lines.next();) {
    Fields fields(lines.line());
    const std::string_view name = fields.word();
    if (name == "rchar:") io.read_characters = fields.number();
    if (name == "wchar:") io.write_characters = fields.number();
    if (name == "read_bytes:") io.read_bytes = fields.number();
    if (name == "write_bytes:") io.write_bytes = fields.number();
  }
  return io;
}

std::string_view parse_process_cgroup(std::string_view text) {
  std::string_view unified, memory, first;
  for (Lines lines(text); lines.next();) {
    const std::string_view line = lines.line();
    const std::size_t one = line.find(':');
    const std::size_t two = line.find(':', one + 1);
    if (one == std::string_view::npos || two == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(one + 1, two - one - 1);
    const std::string_view path = line.substr(two + 1);
    if (controllers.empty()) unified = path;
    if (controllers == "memory") memory = path;
    if (first.empty() || first == "/") first = path;
  }
  // On a hybrid host the unified tree may hold nothing while the controllers have their own.
  if (!unified.empty() && unified != "/") return unified;
  if (!memory.empty() && memory != "/") return memory;
  return first.empty() ? unified : first;
}

std::optional<std::int64_t> parse_open_files_limit(std::string_view text) {
  constexpr std::string_view kName = "Max open files";
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  return Fields(text.substr(at + kName.size())).number();
}

}  // namespace tacho
