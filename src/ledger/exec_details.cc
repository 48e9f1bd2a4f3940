// SPDX-License-Identifier: Apache-2.0
// Reads  /proc/PID/{cmdline,status}, the link /proc/PID/exe.
// Since  NSpid, NSpgid, NSsid: Linux 4.1.
#include "ledger/exec_details.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "base/file.h"
#include "kernel/fields.h"

namespace tacho {
namespace {

// status is 1.5 KB, more with hundreds of groups or processors.
constexpr std::size_t kMostStatus = 64 << 10;

// The beginning of a file, at most `limit` bytes.
std::string read_beginning(int folder, const char* name, std::size_t limit) {
  const FileDescriptor file(openat(folder, name, O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  constexpr std::size_t kFirst = 4096;  // nearly always the whole
  while (text.size() < limit) {
    const std::size_t size = text.size();
    const std::size_t more = std::min(limit - size, std::max(size, kFirst));
    text.resize(size + more);
    const ssize_t got = read(file.get(), text.data() + size, more);
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  return text;
}

std::string link_target(int folder, const char* name) {
  std::array<char, 4096> target;  // PATH_MAX
  const ssize_t size = readlinkat(folder, name, target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string();
}

// "Name:" shows a newline and a backslash as \n and \\.
std::string unescaped_name(std::string_view shown) {
  std::string name;
  for (std::size_t at = 0; at < shown.size(); ++at) {
    if (shown[at] == '\\' && at + 1 < shown.size()) {
      ++at;
      name += shown[at] == 'n' ? '\n' : shown[at];
    } else {
      name += shown[at];
    }
  }
  return name;
}

std::optional<std::int64_t> second_number(std::string_view text) {
  Fields fields(text);
  fields.skip(1);
  return fields.number();
}

std::optional<std::int64_t> last_number(std::string_view text) {
  Fields fields(text);
  std::optional<std::int64_t> last;
  while (const auto number = fields.number()) last = number;
  return last;
}

}  // namespace

void ExecDetails::show_in(LifeEvent& event) const {
  event.command = command;
  event.executable = executable;
  event.arguments = arguments;
  event.arguments_cut = arguments_cut;
  event.identity = identity;
}

void read_status(std::string_view text, ExecDetails& details) {
  for (Lines lines(text); lines.next();) {
    std::string_view value = lines.line();
    const std::size_t colon = value.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = value.substr(0, colon);
    value.remove_prefix(colon + 1);
    if (name == "Name") {
      if (!value.empty()) value.remove_prefix(1);  // a tab; the name itself may begin with a blank
      details.command = unescaped_name(value);
    } else if (name == "Uid") {
      details.identity.user_id = second_number(value);
    } else if (name == "Gid") {
      details.identity.group_id = second_number(value);
    } else if (name == "NSpid") {
      details.identity.inner_pid = last_number(value);
    } else if (name == "NSpgid") {
      details.identity.process_group = Fields(value).number();
    } else if (name == "NSsid") {
      details.identity.session = Fields(value).number();
      return;  // the last that is wanted
    }
  }
}

ExecDetails read_exec_details(int pid) {
  ExecDetails details;
  const std::string path = "/proc/" + std::to_string(pid);
  const FileDescriptor folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return details;
  details.arguments = read_beginning(folder.get(), "cmdline", kMostArguments + 1);
  // Without arguments it has no memory any more: it is ending.
  if (details.arguments.empty()) return details;
  details.arguments_cut = details.arguments.size() > kMostArguments;
  if (details.arguments_cut) details.arguments.resize(kMostArguments);
  details.executable = link_target(folder.get(), "exe");
  read_status(read_beginning(folder.get(), "status", kMostStatus), details);
  return details;
}

}  // namespace tacho
