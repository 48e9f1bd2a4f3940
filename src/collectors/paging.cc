// SPDX-License-Identifier: Apache-2.0
// Paging: faults, swap, reclaim, compaction; the figures of /proc/vmstat that explain a slow or a
// failing machine. What memory holds (nr_*) is in `memory`.
// Reads  /proc/vmstat
// Line   pgfault 4238591
// Units  pages (of 4 KiB on x86) or events since boot; pgpgin and pgpgout are KiB. What a kernel
//        lacks is null. Linux 2.6.
#include "collectors/named_columns.h"

namespace tacho::collector_paging {
namespace {

constexpr NamedColumn kNamed[] = {
    {"pgpgin", counter("read_in", Unit::bytes, "Read from block devices.")},
    {"pgpgout", counter("written_out", Unit::bytes, "Written to block devices.")},
    {"pswpin", counter("swap_in", Unit::count,
                       "Pages read from swap.",
                       "system.paging.operations{system.paging.direction=in}")},
    {"pswpout", counter("swap_out", Unit::count,
                        "Pages written to swap.",
                        "system.paging.operations{system.paging.direction=out}")},
    {"pgfault", counter("faults", Unit::count,
                        "Page faults, major ones included; minor ones are faults - faults_major.",
                        "system.paging.faults")},
    {"pgmajfault", counter("faults_major", Unit::count,
                        "Page faults that waited for a disk.",
                        "system.paging.faults{system.paging.fault.type=major}")},
    {"oom_kill", counter("oom_kill", Unit::count,
                        "Processes killed because memory ran out, in the machine or in a control "
                        "group. Linux 4.13.")},
    {"pgscan_kswapd", counter("scan_background", Unit::count,
                        "Pages looked at by the kernel's reclaim thread.")},
    {"pgscan_direct", counter("scan_direct", Unit::count,
                        "Pages looked at by tasks that had to reclaim memory themselves.")},
    {"pgsteal_kswapd", counter("reclaim_background", Unit::count,
                        "Pages taken back by the kernel's reclaim thread.")},
    {"pgsteal_direct", counter("reclaim_direct", Unit::count,
                        "Pages taken back by tasks that had to do it themselves.")},
    {"pgscan_direct_throttle", counter("scan_direct_throttled", Unit::count,
                        "Times that a task was held because reclaim did not keep up.")},
    {"allocstall_dma", counter("allocation_stall_dma", Unit::count,
                        "Allocations that had to reclaim first, low memory of old devices. Linux "
                        "4.10.")},
    {"allocstall_dma32", counter("allocation_stall_dma32", Unit::count, "The same below 4 GiB.")},
    {"allocstall_normal", counter("allocation_stall_normal", Unit::count,
                        "The same in ordinary memory.")},
    {"allocstall_movable", counter("allocation_stall_movable", Unit::count,
                        "The same in movable memory.")},
    {"allocstall", counter("allocation_stall", Unit::count,
                        "The same in all memory, as kernels before 4.10 count it.")},
    {"pageoutrun", counter("reclaim_runs", Unit::count,
                        "Times that the kernel's reclaim thread ran.")},
    {"workingset_refault_anon", counter("refault_anonymous", Unit::count,
                        "Program pages needed again soon after they were evicted. Linux 5.9.")},
    {"workingset_refault_file", counter("refault_file", Unit::count,
                        "File pages needed again soon after they were evicted. Linux 5.9.")},
    {"workingset_refault", counter("refault", Unit::count,
                        "Pages needed again soon after they were evicted, as kernels before 5.9 "
                        "count them.")},
    {"workingset_activate_file", counter("activate_file", Unit::count,
                        "Of refault_file, those that were in real use. Linux 5.9.")},
    {"pgactivate", counter("activate", Unit::count, "Pages that became active.")},
    {"pgdeactivate", counter("deactivate", Unit::count, "Pages that became inactive.")},
    {"slabs_scanned", counter("slabs_scanned", Unit::count,
                        "Kernel objects looked at by reclaim.")},
    {"drop_pagecache", counter("drop_page_cache", Unit::count,
                        "Times that somebody wrote to /proc/sys/vm/drop_caches to drop the page "
                        "cache.")},
    {"drop_slab", counter("drop_slab", Unit::count, "The same for kernel objects.")},
    {"compact_stall", counter("compaction_stall", Unit::count,
                        "Allocations that waited for compaction.")},
    {"compact_fail", counter("compaction_fail", Unit::count,
                        "Compactions that freed no large page.")},
    {"compact_success", counter("compaction_success", Unit::count,
                        "Compactions that freed a large page.")},
    {"pgmigrate_success", counter("migrate_success", Unit::count, "Pages moved to another place.")},
    {"pgmigrate_fail", counter("migrate_fail", Unit::count, "Pages that could not be moved.")},
    {"thp_fault_alloc", counter("huge_fault", Unit::count,
                        "Page faults answered with a transparent huge page.")},
    {"thp_fault_fallback", counter("huge_fault_fallback", Unit::count,
                        "Page faults for which there was no huge page.")},
    {"thp_collapse_alloc", counter("huge_collapse", Unit::count, "Huge pages made of small ones.")},
    {"thp_split_page", counter("huge_split", Unit::count, "Huge pages split into small ones.")},
    {"thp_swpout", counter("huge_swap_out", Unit::count,
                        "Huge pages written to swap whole. Linux 4.14.")},
    {"numa_miss", counter("numa_miss", Unit::count,
                        "Pages allocated on another node than the wanted one.")},
    {"numa_pages_migrated", counter("numa_migrated", Unit::count,
                        "Pages moved to the node that uses them.")},
    {"zswpin", counter("zswap_in", Unit::count, "Pages read from zswap.")},
    {"zswpout", counter("zswap_out", Unit::count, "Pages written to zswap.")},
    {"nr_dirty_threshold", gauge("dirty_threshold", Unit::count,
                        "Dirty memory at which writers are held back. Pages.")},
    {"nr_dirty_background_threshold", gauge("dirty_background_threshold", Unit::count,
                        "Dirty memory at which writing begins. Pages.")},
    {"nr_dirtied", counter("dirtied", Unit::count, "Pages made dirty.")},
    {"nr_written", counter("written", Unit::count, "Dirty pages written.")}};
constexpr auto kColumns = columns_of(kNamed);
constexpr auto kNames = names_of(kNamed);

constexpr Table kPaging{.name = "paging",
                        .help = "What the kernel did to find memory, and what it cost.",
                        .columns = kColumns};

constexpr NamedFile kFile{.table = kPaging,
                          .names = kNames,
                          .path = "proc/vmstat",
                          .records = Records::name_value,
                          .holds = NamedFile::Holds::chosen};

Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
  return follow_named_file(kFile, environment);
}

constexpr const Table* kTables[] = {&kPaging};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = create};

}  // namespace tacho::collector_paging
