// SPDX-License-Identifier: Apache-2.0
// The kernel's accounts of ended threads (taskstats over generic netlink): CPU time, peak memory, I/O,
// faults, switches, delays. Needs CAP_NET_ADMIN in the system's first user and pid namespace.
//
// A record speaks of one thread. What the kernel sums up for the process itself (when it ever had
// more than one) holds CPU time and delays alone, and without those threads that were just ending
// when it was made, so the threads are summed here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ledger/life.h"
#include "ledger/netlink.h"

namespace tacho {

// One thread's end.
struct TaskRecord {
  int pid = 0;                      // of the thread
  std::optional<int> process;       // from Linux 5.19 on (version 12)
  bool is_last = false;             // of its process; from that version on
  std::optional<int> parent_pid;    // of its process
  std::optional<std::uint32_t> status;  // as wait(2) gives it, of this thread
  std::string command;              // of this thread
  std::int64_t age = 0;             // ns since the process began, before version 12 since the thread
  std::int64_t cpu = 0;             // ns
  std::int64_t user = 0, system = 0;  // us, sampled at ticks
  std::int64_t memory_peak = 0;     // bytes, of the memory that all its threads share; 0 unknown
  std::int64_t disk_io_read = 0, disk_io_write = 0;  // bytes
  std::int64_t io_read = 0, io_write = 0;            // bytes, rounded down to KiB by the kernel
  std::int64_t calls_read = 0, calls_write = 0;
  std::int64_t faults_minor = 0, faults_major = 0;
  std::int64_t switches_voluntary = 0, switches_involuntary = 0;
  std::int64_t delay_cpu = 0, delay_block = 0;       // ns

  // With the record of its last thread, where there ever were several: the kernel's own sum.
  struct Process {
    int pid = 0;
    std::int64_t cpu = 0, delay_cpu = 0, delay_block = 0;  // ns
  };
  std::optional<Process> sum;
};

// The record in a message's payload of the family; nothing when it is something else or cut. A
// struct longer or shorter than the one known here is read as far as both go.
std::optional<TaskRecord> parse_taskstats(std::span<const std::byte> payload);

class Taskstats {
 public:
  // `denied` without the right, `absent` where the kernel does not tell us. `room` of each socket.
  static Result<Taskstats> open(int room = kNetlinkRoom);
  Taskstats(Taskstats&&) = default;
  Taskstats& operator=(Taskstats&&) = default;

  void read(const std::function<void(const TaskRecord&)>& each);
  // Whether records say which process they are of (Linux 5.19). Otherwise the connector must.
  bool knows_process() const { return knows_process_; }
  // Records of threads, exactly.
  std::optional<std::int64_t> lost();
  bool lost_unknown() const;
  std::vector<int> descriptors() const;

 private:
  Taskstats() : buffers_(make_netlink_buffers()) {}
  Result<void> listen(const std::string& processors, int room);

  Result<void> hear_own_thread();

  std::uint16_t family_ = 0;
  bool knows_process_ = false;
  std::vector<NetlinkSocket> sockets_;  // a group of processors each
  NetlinkBuffersOwner buffers_;
};

// Source 2: accounts at the exit from taskstats, births and execs from the connector where it is to
// be had.
Result<std::unique_ptr<LifeSource>> open_taskstats();

}  // namespace tacho
