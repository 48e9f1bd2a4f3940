// SPDX-License-Identifier: Apache-2.0
#include "kernel/reclaim_watch.h"

#include <algorithm>
#include <string_view>

#include "kernel/fields.h"

namespace tacho {
namespace {

constexpr std::string_view kBeginnings[] = {"pgsteal_", "pgscan_", "pgdemote_", "pswpin", "pswpout",
                                            "cow_ksm",  "ksm_",    "thp_collapse_alloc"};

bool is_wanted(std::string_view line) {
  return std::ranges::any_of(kBeginnings,
                             [line](std::string_view beginning) { return line.starts_with(beginning); });
}

}  // namespace

ReclaimWatch ReclaimWatch::create(const Root& root) {
  ReclaimWatch watch;
  if (auto file = root.share_file("proc/vmstat", Records::name_value)) watch.vmstat_ = std::move(*file);
  return watch;
}

bool ReclaimWatch::moved() {
  if (!vmstat_) return true;
  const auto text = vmstat_.reread();
  if (!text) return true;
  std::int64_t sum = 0;
  for (Lines lines(*text); lines.next();) {
    // Most lines begin with "nr_" or "numa_": their first letter tells.
    const std::string_view line = lines.line();
    if (line.empty() || line[0] == 'n' || !is_wanted(line)) continue;
    Fields fields(line);
    fields.word();
    sum += fields.number().value_or(0);
  }
  const bool same = sum_ == sum;
  sum_ = sum;
  return !same;
}

}  // namespace tacho
