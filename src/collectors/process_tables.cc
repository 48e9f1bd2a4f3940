// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_tables.h"

#include <algorithm>
#include <iterator>

namespace tacho {
namespace {

constexpr Column kNumber =
    process_number("process", "The number tacho gave the process: the key to join on.");
constexpr Column kPid = key_number("pid", "Process id in the recorder's namespace.", "process.pid");

constexpr Column kProcessColumns[] = {
    kNumber,
    kPid,
    text("state", "R running, S sleeping, D waiting for I/O, T stopped, t traced, Z zombie, I idle."),
    counter("cpu_time_user", Unit::nanoseconds,
            "CPU time in user mode, all threads. The kernel samples it; its sum with that in the kernel is exact, but in "
            "10 ms steps where /proc is that of another pid namespace.",
            "process.cpu.time{cpu.mode=user}"),
    counter("cpu_time_system", Unit::nanoseconds, "CPU time in the kernel, all threads; as above.",
            "process.cpu.time{cpu.mode=system}"),
    counter("cpu_time_main_thread", Unit::nanoseconds, "CPU time of the main thread, exact."),
    gauge("memory_usage", Unit::bytes, "Resident memory, pages shared with others included.",
          "process.memory.usage"),
    gauge("memory_peak", Unit::bytes, "Highest resident memory so far (VmHWM)."),
    gauge("memory_virtual", Unit::bytes, "Address space.", "process.memory.virtual"),
    gauge("memory_swap", Unit::bytes, "Swapped out anonymous memory."),
    counter("disk_io_read", Unit::bytes, "Read from storage.",
            "process.disk.io{disk.io.direction=read}"),
    counter("disk_io_write", Unit::bytes, "Sent to storage.",
            "process.disk.io{disk.io.direction=write}"),
    counter("io_read", Unit::bytes, "Read through system calls: files, pipes, sockets."),
    counter("io_write", Unit::bytes, "Written through system calls: files, pipes, sockets."),
    counter("paging_faults_minor", Unit::count, "Page faults served without reading storage.",
            "process.paging.faults{system.paging.fault.type=minor}"),
    counter("paging_faults_major", Unit::count, "Page faults that read storage.",
            "process.paging.faults{system.paging.fault.type=major}"),
    counter("context_switches_voluntary", Unit::count, "The main thread gave up the CPU.",
            "process.context_switches{process.context_switch.type=voluntary}"),
    counter("context_switches_involuntary", Unit::count, "The main thread was preempted.",
            "process.context_switches{process.context_switch.type=involuntary}"),
    gauge("thread_count", Unit::count, "Threads.", "process.thread.count"),
    gauge("file_descriptor_count", Unit::count,
          "Open descriptors; read with key rows only, null in between.",
          "process.unix.file_descriptor.count"),
    gauge("file_descriptor_limit", Unit::count,
          "Soft limit of open descriptors; read with key rows only, null in between."),
    gauge("nice", Unit::count, "Nice value, -20 to 19."),
    gauge("priority", Unit::count, "Kernel priority: 20 + nice, negative for real-time."),
    counter("delay_cpu", Unit::nanoseconds, "Time the main thread waited for a CPU."),
    counter("delay_block", Unit::nanoseconds,
            "Time waited for block I/O (10 ms steps); null unless the kernel counts it (task_delayacct)."),
    gauge("oom_score", Unit::count,
          "How likely the OOM killer takes it, 0 to 2000; read with key rows only, null in between."),
    gauge("oom_score_adj", Unit::count,
          "What was added to it, -1000 to 1000; read with key rows only, null in between.")};
static_assert(std::size(kProcessColumns) == process_column::count);

constexpr Column kInfoColumns[] = {
    kNumber,
    kPid,
    process_number("parent_process", "The parent's number, where it was seen."),
    key_number("parent_pid", "The parent's pid when this row was written.", "process.parent_pid"),
    key_number("inner_pid", "Pid in the innermost pid namespace, where it is another one."),
    gauge("start_time", Unit::nanoseconds, "Start, wall clock, ns since 1970 UTC.",
          "process.creation.time"),
    gauge("start_boottime", Unit::nanoseconds, "Start, since boot; in 10 ms steps where it was found in /proc."),
    text("command", "Name as the kernel has it, at most 15 bytes; a process can change it.",
         "process.executable.name"),
    text("executable", "Path of the executable; null where rights do not show it.",
         "process.executable.path"),
    text("arguments", "Command line, quoted as for a shell, secrets removed, at most 4 KiB.",
         "process.command_args"),
    gauge("arguments_cut", Unit::count, "1 when the command line was longer than what is kept."),
    key_number("user_id", "Effective user id.", "process.user.id"),
    text("user", "Its name in /etc/passwd.", "process.user.name"),
    key_number("group_id", "Effective group id."),
    key_number("process_group", "Process group."),
    key_number("session", "Session."),
    text("cgroup", "Path of its control group.", "process.linux.cgroup"),
    gauge("kernel_thread", Unit::count, "1 for a thread of the kernel."),
    gauge("in_command", Unit::count, "1 for the command of `tacho run` and its descendants."),
    text("container", "The engine's id of the container it runs in, told from its control group.",
         "container.id"),
    text("unit", "The systemd unit it runs in, told from its control group."),
    text("job", "The job of a batch or CI system or the derivation it works for, as SYSTEM:ID, told from "
                "its control group or named variables of its environment; inherited by its children.")};
static_assert(std::size(kInfoColumns) == process_info_column::count);

constexpr Column kExitColumns[] = {
    kNumber,
    kPid,
    text("source", "Who saw the end: bpf and taskstats (exact account), connector (exact end; the figures are those "
                   "last seen), poll (it was gone at this tick; the figures are those last seen)."),
    gauge("exit_code", Unit::count, "Exit status; null where the source cannot know it.",
          "process.exit.code"),
    gauge("signal", Unit::count, "The signal that ended it; null where unknown or none."),
    gauge("core_dumped", Unit::count, "1 when it left a core file; null where unknown."),
    gauge("exit_time", Unit::nanoseconds,
          "End, wall clock, ns since 1970 UTC; null where only the tick is known.",
          "process.exit.time"),
    gauge("last_boottime", Unit::nanoseconds, "When it was last seen alive, since boot."),
    counter("cpu_time_user", Unit::nanoseconds, "CPU time in user mode, as last known."),
    counter("cpu_time_system", Unit::nanoseconds, "CPU time in the kernel, as last known."),
    gauge("memory_peak", Unit::bytes, "Highest resident memory, as last known."),
    counter("disk_io_read", Unit::bytes, "Read from storage, as last known."),
    counter("disk_io_write", Unit::bytes, "Sent to storage, as last known."),
    counter("paging_faults_minor", Unit::count, "Page faults served without storage, as last known."),
    counter("paging_faults_major", Unit::count, "Page faults that read storage, as last known."),
    counter("context_switches_voluntary", Unit::count, "As last known."),
    counter("context_switches_involuntary", Unit::count, "As last known."),
    counter("io_read", Unit::bytes, "Read through system calls, as last known."),
    counter("io_write", Unit::bytes, "Written through system calls, as last known."),
    counter("delay_cpu", Unit::nanoseconds, "Time its threads waited for a CPU; null where the source cannot know it."),
    counter("delay_block", Unit::nanoseconds,
            "Time waited for block I/O; null unless the kernel counts it (task_delayacct).")};
static_assert(std::size(kExitColumns) == process_exit_column::count);

constexpr std::uint64_t kKeyTicks = 60;
constexpr Nanoseconds kKeyTime = std::chrono::seconds(60);

}  // namespace

std::uint64_t ticks_within(Nanoseconds time, Nanoseconds interval, std::uint64_t most) {
  const auto ticks = static_cast<std::uint64_t>(time / std::max(interval, Nanoseconds(1)));
  return std::clamp<std::uint64_t>(ticks, 1, most);
}

std::uint64_t process_key_ticks(Nanoseconds interval) {
  return ticks_within(kKeyTime, interval, kKeyTicks);
}

constinit const Table kProcessTable{
    .name = "process",
    .help = "Processes: a row whenever a figure changed, and one at least every 60 ticks or 60 s; "
            "no row means unchanged and alive until process_exit.",
    .columns = kProcessColumns,
    .scope = "process"};
constinit const Table kProcessInfoTable{
    .name = "process_info",
    .help = "What is said once of a process, and again when it changes and in every new file.",
    .columns = kInfoColumns,
    .scope = "process"};
constinit const Table kProcessExitTable{.name = "process_exit",
                                        .help = "Processes that ended.",
                                        .columns = kExitColumns,
                                        .scope = "process"};

}  // namespace tacho
