// SPDX-License-Identifier: Apache-2.0
#include "foreign/confined.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

#include "base/text.h"

namespace tacho {

// In memory that both processes share.
struct Confined::Ending {
  static constexpr std::size_t kRoom = 4000;
  enum class State : std::uint32_t { unfinished, good, failed } state = State::unfinished;
  std::uint32_t code = 0;
  std::uint32_t size = 0;
  char text[kRoom];
};

namespace {

void close_range_of(unsigned first, unsigned last) {
  if (first > last || close_range(first, last, 0) == 0) return;
  // Before Linux 5.9. No process of ours has more.
  const auto most = static_cast<unsigned>(std::min<long>(sysconf(_SC_OPEN_MAX), 1 << 16));
  for (unsigned descriptor = first; descriptor <= std::min(last, most); ++descriptor)
    close(static_cast<int>(descriptor));
}

// Leaves the kept descriptors and 0 to 2 (which lead nowhere) open.
void close_others(std::span<const int> kept, int pipe) {
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (standard != pipe && std::ranges::find(kept, standard) == kept.end())
      dup2(nowhere, standard);
  std::vector<int> open_ones(kept.begin(), kept.end());
  open_ones.push_back(pipe);
  std::ranges::sort(open_ones);
  unsigned from = STDERR_FILENO + 1;
  for (const int descriptor : open_ones) {
    if (static_cast<unsigned>(descriptor) < from) continue;
    close_range_of(from, static_cast<unsigned>(descriptor) - 1);
    from = static_cast<unsigned>(descriptor) + 1;
  }
  close_range_of(from, ~0U);
}

void limit_memory() {
  std::uint64_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    unsigned long size = 0;
    if (std::fscanf(file, "%lu", &size) == 1) pages = size;
    std::fclose(file);
  }
  const rlim_t most = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + kConfinedMemory;
  const rlimit memory{most, most}, none{0, 0};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_FSIZE, &none);  // pipes have no size
}

Result<void> guarded_work(const std::function<Result<void>(int)>& work, int pipe) {
  try {
    return work(pipe);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::exhausted, "the file needs more memory than reading it may use"};
  } catch (const std::exception& error) {
    return Error{ErrorCode::corrupt, std::string("the file is damaged: ") + error.what()};
  }
}

}  // namespace

Result<std::unique_ptr<Confined>> Confined::start(std::span<const int> kept,
                                                  const std::function<void()>& before,
                                                  std::function<Result<void>(int)> work) {
  void* shared =
      mmap(nullptr, sizeof(Ending), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return last_system_error("get memory for", "reading");
  std::unique_ptr<Confined> self(new Confined);
  self->ending_ = new (shared) Ending;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return last_system_error("make", "a pipe");
  self->pipe_ = FileDescriptor(ends[0]);
  FileDescriptor write_end(ends[1]);
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // fewer changes between the two; a refusal is no matter
  const pid_t parent = getpid();
  self->pid_ = fork();
  if (self->pid_ < 0) return last_system_error("start", "a process to read in");
  if (self->pid_ > 0) return self;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  signal(SIGPIPE, SIG_DFL);  // who reads went away: end quietly
  before();
  close_others(kept, write_end.get());
  limit_memory();
  Result<void> done = give_up_rights();
  if (done) done = guarded_work(work, write_end.get());
  Ending& ending = *self->ending_;
  if (!done) {
    ending.code = static_cast<std::uint32_t>(done.error().code);
    ending.size = static_cast<std::uint32_t>(std::min(done.error().text.size(), Ending::kRoom));
    std::memcpy(ending.text, done.error().text.data(), ending.size);
  }
  ending.state = done ? Ending::State::good : Ending::State::failed;
  _exit(0);
}

Confined::~Confined() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (ending_ != nullptr) munmap(ending_, sizeof(Ending));
}

Result<void> Confined::finish() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  const Ending ending = *ending_;  // a copy: nobody else changes it now
  if (ending.state == Ending::State::good) return {};
  if (ending.state == Ending::State::failed && ending.size <= Ending::kRoom)
    return Error{
        static_cast<ErrorCode>(std::min(ending.code, static_cast<std::uint32_t>(ErrorCode::bug))),
        std::string(ending.text, ending.size)};
  const std::string how =
      WIFSIGNALED(status) ? std::string("signal ") + std::to_string(WTERMSIG(status)) : "no result";
  return Error{ErrorCode::corrupt, "the process that read it ended with " + how +
                                       ": the file is damaged, or made to do harm"};
}

Result<std::string> confined_text(std::span<const int> kept, const std::function<void()>& before,
                                  std::function<Result<void>(int)> work, std::size_t limit) {
  const auto process = TRY(Confined::start(kept, before, std::move(work)));
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = read(process->descriptor(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", "what was found");
    if (got == 0) break;
    if (text.size() + static_cast<std::size_t>(got) > limit)
      return Error{ErrorCode::exhausted, "too much was found in the file"};
    text.append(buffer, static_cast<std::size_t>(got));
  }
  TRY(process->finish());
  return text;
}

}  // namespace tacho
