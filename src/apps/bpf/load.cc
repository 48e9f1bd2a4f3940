// SPDX-License-Identifier: Apache-2.0
#include "apps/bpf/load.h"

#include <bpf/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>
namespace tacho {
namespace {

// The line that says most: of the verifier's log the one before its statistics, else the first warning,
// which names the cause where those behind it name what failed for it.
std::string said;
bool is_from_verifier = false;

std::string last_line_before(std::string_view text, std::string_view mark) {
  text = text.substr(0, text.find(mark));
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t begin = text.rfind('\n');
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

void keep(std::string_view text) {
  constexpr std::string_view kStatistics = "\nprocessed ";
  if (text.find(kStatistics) != std::string_view::npos && !is_from_verifier) {
    said = last_line_before(text, kStatistics);
    is_from_verifier = true;
  } else if (said.empty()) {
    said = last_line_before(text, "\n--");
    if (said.starts_with("libbpf: ")) said.erase(0, 8);
  }
}

int take(libbpf_print_level level, const char* format, va_list values) {
  if (level != LIBBPF_WARN) return 0;
  std::vector<char> text(1 << 16);  // most of a verifier's log, which ends with what counts
  va_list again;
  va_copy(again, values);
  const int needed = std::vsnprintf(text.data(), text.size(), format, values);
  if (needed >= static_cast<int>(text.size())) {
    text.resize(static_cast<std::size_t>(needed) + 1);
    std::vsnprintf(text.data(), text.size(), format, again);
  }
  va_end(again);
  keep(text.data());
  return 0;
}

// Told by itself: libbpf would parse the kernel's types first, and then blame something else.
Result<void> check_rights() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return {};
  const std::uint64_t ours = data[0].effective | std::uint64_t{data[1].effective} << 32;
  const auto has = [&](int capability) { return (ours >> capability & 1) != 0; };
  if (has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON))) return {};
  return Error{ErrorCode::denied,
               "loading BPF programs takes root, or the capabilities CAP_BPF and CAP_PERFMON", EPERM};
}

bool is_of_sysfs(const char* folder) {
  struct statfs found {};
  return statfs(folder, &found) == 0 && found.f_type == SYSFS_MAGIC;
}

// The kernel shows it in a folder that it makes only where it has it.
Result<void> check_type_information() {
  constexpr const char* kFile = "/sys/kernel/btf/vmlinux";
  if (access(kFile, R_OK) == 0) return {};
  if (!is_of_sysfs("/sys"))
    return Error{ErrorCode::absent,
                 "/sys is not mounted here, and the kernel's type information is in it: "
                 "mount -t sysfs sysfs /sys", ENOENT};
  if (access(kFile, F_OK) == 0) return last_system_error("read", kFile);
  if (!is_of_sysfs("/sys/kernel") || access("/sys/kernel/btf", F_OK) == 0)
    return Error{ErrorCode::absent,
                 "the kernel's type information is hidden here: something is mounted over "
                 "/sys/kernel or a folder below (findmnt -R /sys names it)", ENOENT};
  return Error{ErrorCode::absent,
               "this kernel has no type information: it was built without CONFIG_DEBUG_INFO_BTF "
               "(or is older than Linux 5.4); another kernel is needed", ENOENT};
}

}  // namespace

void keep_what_libbpf_says() { libbpf_set_print(take); }

Error bpf_error(std::string_view action, int error) {
  const int number = error < 0 ? -error : error;
  std::string text = "cannot " + std::string(action) + ": " + strerror(number);
  if (!said.empty()) text += " (" + said + ")";
  return {ErrorCode::io, std::move(text), number};
}

bool is_missing_function(int error) {
  return error == -ESRCH || said.starts_with("failed to iterate BTF objects") ||
         said.find("not found in kernel") != std::string::npos;
}

void forget_what_libbpf_said() {
  said.clear();
  is_from_verifier = false;
}

Result<void> check_kernel() {
  TRY(check_rights());
  return check_type_information();
}

}  // namespace tacho
