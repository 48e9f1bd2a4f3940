// SPDX-License-Identifier: Apache-2.0
#include "recorder/host.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "kernel/fields.h"

namespace tacho {
namespace {

std::string line_of(const Root& root, const std::string& path) {
  const auto text = root.read(path);
  return text ? escaped(trimmed(*text), 256) : "";
}

std::string pretty_name(const Root& root) {
  const auto text = root.read("etc/os-release");
  if (!text) return "";
  for (Lines lines(*text); lines.next();) {
    constexpr std::string_view kName = "PRETTY_NAME=";
    std::string_view line = lines.line();
    if (!line.starts_with(kName)) continue;
    line.remove_prefix(kName.size());
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"')
      line = line.substr(1, line.size() - 2);
    return escaped(line, 256);
  }
  return "";
}

std::int64_t total_memory(const Root& root) {
  const auto text = root.read("proc/meminfo");
  if (!text) return 0;
  Fields fields(*text);
  return fields.word() == "MemTotal:" ? fields.number().value_or(0) * 1024 : 0;
}

int count_cpus(const Root& root) {
  const auto text = root.read("proc/stat");
  int count = 0;
  if (!text) return count;
  for (Lines lines(*text); lines.next();) {
    const std::string_view line = lines.line();
    if (!line.starts_with("cpu")) break;
    count += line.size() > 3 && line[3] != ' ';
  }
  return count;
}

}  // namespace

HostFacts read_host(const Root& root) {
  HostFacts host;
  utsname names{};
  uname(&names);
  host.name = line_of(root, "proc/sys/kernel/hostname");
  host.kernel = line_of(root, "proc/sys/kernel/osrelease");
  host.architecture = names.machine;
  host.machine_id = line_of(root, "etc/machine-id");
  host.boot_id = line_of(root, "proc/sys/kernel/random/boot_id");
  host.operating_system = pretty_name(root);
  host.cpu_count = count_cpus(root);
  host.memory_limit = total_memory(root);
  return host;
}

std::string local_zone_name() {
  const char* variable = getenv("TZ");
  if (variable != nullptr && *variable != '\0' && *variable != ':') return escaped(variable, 64);
  char target[256];
  const ssize_t size = readlink("/etc/localtime", target, sizeof target);
  if (size > 0) {
    const std::string_view path(target, static_cast<std::size_t>(size));
    constexpr std::string_view kFolder = "zoneinfo/";
    const std::size_t at = path.find(kFolder);
    if (at != std::string_view::npos) return escaped(path.substr(at + kFolder.size()), 64);
  }
  const time_t now = time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  const long minutes = parts.tm_gmtoff / 60;
  char text[32];
  std::snprintf(text, sizeof text, "UTC%+03ld:%02ld", minutes / 60, labs(minutes % 60));
  return text;
}

std::string random_id() {
  unsigned char bytes[16] = {};
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    // An early-boot machine without entropy: the clocks tell recordings apart well enough.
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    std::snprintf(reinterpret_cast<char*>(bytes), sizeof bytes, "%lx", now.tv_nsec ^ getpid());
  }
  std::string id;
  for (const unsigned char byte : bytes) {
    id.push_back("0123456789abcdef"[byte >> 4]);
    id.push_back("0123456789abcdef"[byte & 15]);
  }
  return id;
}

}  // namespace tacho
