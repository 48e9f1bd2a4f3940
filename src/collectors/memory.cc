// SPDX-License-Identifier: Apache-2.0
// Memory of the machine: every figure of /proc/meminfo.
// Reads  /proc/meminfo
// Line   MemFree:        24330516 kB
// Units  kB means 1024 bytes; HugePages_* are counts. What a kernel lacks is null. Linux 2.6.
#include "collectors/named_columns.h"

namespace tacho::collector_memory {
namespace {

constexpr NamedColumn kNamed[] = {
    {"MemTotal", gauge("limit", Unit::bytes,
                       "Memory that the kernel can use.",
                       "system.memory.limit")},
    {"MemFree", gauge("free", Unit::bytes,
                      "Memory that nobody uses.",
                      "system.memory.usage{system.memory.state=free}")},
    {"MemAvailable", gauge("available", Unit::bytes,
                        "What new programs could have without swapping: free, and caches that can "
                        "be dropped. Linux 3.14.",
                        "system.memory.linux.available")},
    {"Buffers", gauge("buffers", Unit::bytes,
                      "Cache of block devices and of file systems' own data.",
                      "system.memory.usage{system.memory.state=buffers}")},
    {"Cached", gauge("cached", Unit::bytes,
                     "Page cache: files, and shared memory (`shared`), which cannot be dropped.",
                     "system.memory.usage{system.memory.state=cached}")},
    {"SwapCached", gauge("swap_cached", Unit::bytes, "In memory and in swap at once.")},
    {"Active", gauge("active", Unit::bytes, "Used of late: active_anonymous + active_file.")},
    {"Inactive", gauge("inactive", Unit::bytes,
                       "Not used of late, the first to be reclaimed: inactive_anonymous + "
                       "inactive_file.")},
    {"Active(anon)", gauge("active_anonymous", Unit::bytes,
                        "Program memory that was used of late.")},
    {"Inactive(anon)", gauge("inactive_anonymous", Unit::bytes,
                        "Program memory that was not used of late.")},
    {"Active(file)", gauge("active_file", Unit::bytes, "File cache that was used of late.")},
    {"Inactive(file)", gauge("inactive_file", Unit::bytes,
                        "File cache that was not used of late.")},
    {"Unevictable", gauge("unevictable", Unit::bytes,
                        "Memory that cannot be reclaimed (locked, ramfs).")},
    {"Mlocked", gauge("locked", Unit::bytes, "Memory locked by mlock.")},
    {"SwapTotal", gauge("swap_limit", Unit::bytes, "Swap space.")},
    {"SwapFree", gauge("swap_free", Unit::bytes,
                       "Swap space that nobody uses.",
                       "system.paging.usage{system.paging.state=free}")},
    {"Zswap", gauge("zswap", Unit::bytes, "Memory that holds compressed swap. Linux 5.19.")},
    {"Zswapped", gauge("zswapped", Unit::bytes, "What is in zswap, uncompressed. Linux 5.19.")},
    {"Dirty", gauge("dirty", Unit::bytes, "Waits to be written to disk.")},
    {"Writeback", gauge("writeback", Unit::bytes, "Is being written to disk.")},
    {"AnonPages", gauge("anonymous", Unit::bytes, "Program memory (heap, stack) in page tables.")},
    {"Mapped", gauge("mapped", Unit::bytes, "Files that programs have mapped.")},
    {"Shmem", gauge("shared", Unit::bytes,
                    "Shared memory and tmpfs; a part of `cached`.",
                    "system.memory.linux.shared")},
    {"KReclaimable", gauge("kernel_reclaimable", Unit::bytes,
                        "Kernel memory that is given back under pressure. Linux 4.20.")},
    {"Slab", gauge("slab", Unit::bytes,
                   "The kernel's own objects: slab_reclaimable + slab_unreclaimable.")},
    {"SReclaimable", gauge("slab_reclaimable", Unit::bytes,
                        "Kernel objects that are given back under pressure (names and inodes of "
                        "files).",
                        "system.memory.linux.slab.usage"
                        "{system.memory.linux.slab.state=reclaimable}")},
    {"SUnreclaim", gauge("slab_unreclaimable", Unit::bytes,
                        "Kernel objects that are not given back.",
                        "system.memory.linux.slab.usage"
                        "{system.memory.linux.slab.state=unreclaimable}")},
    {"KernelStack", gauge("kernel_stack", Unit::bytes, "Stacks of tasks inside the kernel.")},
    {"PageTables", gauge("page_tables", Unit::bytes, "Page tables of processes.")},
    {"SecPageTables", gauge("secondary_page_tables", Unit::bytes,
                        "Page tables of virtual machines and I/O devices. Linux 6.1.")},
    {"NFS_Unstable", gauge("nfs_unstable", Unit::bytes,
                        "Sent to an NFS server and not yet on its disk; 0 since Linux 5.8.")},
    {"Bounce", gauge("bounce", Unit::bytes, "Buffers for devices that do not reach all memory.")},
    {"WritebackTmp", gauge("writeback_temporary", Unit::bytes, "Buffers of FUSE for writing.")},
    {"CommitLimit", gauge("commit_limit", Unit::bytes,
                        "What may be promised to programs when vm.overcommit_memory is 2.")},
    {"Committed_AS", gauge("committed", Unit::bytes,
                        "What has been promised to programs, used or not.")},
    {"VmallocTotal", gauge("vmalloc_limit", Unit::bytes,
                        "Address space for the kernel's large allocations.")},
    {"VmallocUsed", gauge("vmalloc_usage", Unit::bytes,
                        "What the kernel's large allocations take.")},
    {"VmallocChunk", gauge("vmalloc_chunk", Unit::bytes,
                        "Largest free piece of that address space; 0 since Linux 4.4.")},
    {"Percpu", gauge("per_cpu", Unit::bytes,
                     "What the kernel keeps once for each CPU. Linux 4.20.")},
    {"EarlyMemtestBad", gauge("memory_test_bad", Unit::bytes,
                        "Found bad by the test at boot. Linux 6.5.")},
    {"HardwareCorrupted", gauge("hardware_corrupted", Unit::bytes,
                        "Taken out of use after a hardware error.")},
    {"AnonHugePages", gauge("anonymous_huge", Unit::bytes,
                        "Program memory in transparent huge pages.")},
    {"ShmemHugePages", gauge("shared_huge", Unit::bytes,
                        "Shared memory in huge pages. Linux 4.8.")},
    {"ShmemPmdMapped", gauge("shared_huge_mapped", Unit::bytes,
                        "Shared memory mapped as huge pages. Linux 4.8.")},
    {"FileHugePages", gauge("file_huge", Unit::bytes, "File cache in huge pages. Linux 5.4.")},
    {"FilePmdMapped", gauge("file_huge_mapped", Unit::bytes,
                        "File cache mapped as huge pages. Linux 5.4.")},
    {"CmaTotal", gauge("contiguous_limit", Unit::bytes,
                       "Set aside for devices that need contiguous memory.")},
    {"CmaFree", gauge("contiguous_free", Unit::bytes, "Free of that.")},
    {"Unaccepted", gauge("unaccepted", Unit::bytes,
                        "Not yet accepted by a confidential virtual machine. Linux 6.5.")},
    {"Balloon", gauge("balloon", Unit::bytes,
                      "Given back to the host of a virtual machine. Linux 6.16.")},
    {"HugePages_Total", gauge("huge_pages_limit", Unit::count,
                        "Huge pages of the default size (vm.nr_hugepages).",
                        "system.memory.linux.hugepages.limit")},
    {"HugePages_Free", gauge("huge_pages_free", Unit::count,
                        "Of them, not in use.",
                        "system.memory.linux.hugepages.usage"
                        "{system.memory.linux.hugepages.state=free}")},
    {"HugePages_Rsvd", gauge("huge_pages_reserved", Unit::count,
                        "Of them, promised and not yet in use.",
                        "system.memory.linux.hugepages.reserved")},
    {"HugePages_Surp", gauge("huge_pages_surplus", Unit::count,
                        "Beyond vm.nr_hugepages.",
                        "system.memory.linux.hugepages.surplus")},
    {"Hugepagesize", gauge("huge_page_size", Unit::bytes,
                        "Default size of a huge page.",
                        "system.memory.linux.hugepages.page_size")},
    {"Hugetlb", gauge("huge_pages_usage", Unit::bytes, "All huge pages of all sizes. Linux 4.16.")},
    {"DirectMap4k", gauge("direct_map_4k", Unit::bytes,
                        "Memory that the kernel maps in pages of 4 KiB.")},
    {"DirectMap2M", gauge("direct_map_2m", Unit::bytes,
                        "Memory that the kernel maps in pages of 2 MiB.")},
    {"DirectMap1G", gauge("direct_map_1g", Unit::bytes,
                        "Memory that the kernel maps in pages of 1 GiB.")}};
constexpr auto kColumns = columns_of(kNamed);
constexpr auto kNames = names_of(kNamed);

constexpr Table kMemory{
    .name = "memory",
    .help = "Memory of the machine as /proc/meminfo has it. What programs use is limit - free - "
            "buffers - cached - slab_reclaimable + shared; what is left for them is `available`.",
    .columns = kColumns};

constexpr NamedFile kFile{.table = kMemory,
                          .names = kNames,
                          .path = "proc/meminfo",
                          .records = Records::one_piece,
                          .holds = NamedFile::Holds::all};

Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
  return follow_named_file(kFile, environment);
}

constexpr const Table* kTables[] = {&kMemory};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = create};

}  // namespace tacho::collector_memory
