// SPDX-License-Identifier: Apache-2.0
// Work on hostile bytes in a process of its own that can do nothing but compute, read the
// descriptors it was given and write to one pipe: seccomp lets no other file, socket, process or
// program be opened or made, whatever the bytes do to it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// What a confined process may use of address space beyond what it began with: threads and their
// arenas reserve some 300 MiB; the rest is for a file's row group.
inline constexpr std::uint64_t kConfinedMemory = std::uint64_t{2} << 30;

// False where the kernel has no seccomp: then the process keeps its rights.
bool can_confine();

// Gives up the rights of the calling process for ever. `denied` when a kernel that has seccomp
// refuses. Without seccomp in the kernel nothing happens.
Result<void> give_up_rights();

// One such process. What it writes is read from descriptor(); it is untrusted.
class Confined {
 public:
  // `work` runs there, with the pipe to write to; `kept` are the descriptors that it may use, all
  // others are closed before. `before` runs there first, with all rights: it may read what the work
  // needs (never the hostile bytes).
  static Result<std::unique_ptr<Confined>> start(std::span<const int> kept,
                                                 const std::function<void()>& before,
                                                 std::function<Result<void>(int pipe)> work);
  // Ends it when it still runs.
  ~Confined();
  Confined(const Confined&) = delete;
  Confined& operator=(const Confined&) = delete;

  int descriptor() const { return pipe_.get(); }
  // Once descriptor() is at its end: how the work ended.
  Result<void> finish();

 private:
  struct Ending;
  Confined() = default;
  FileDescriptor pipe_;
  pid_t pid_ = 0;
  Ending* ending_ = nullptr;  // shared with it
};

// All that the work writes, at most `limit` bytes.
Result<std::string> confined_text(std::span<const int> kept, const std::function<void()>& before,
                                  std::function<Result<void>(int pipe)> work, std::size_t limit);

}  // namespace tacho
