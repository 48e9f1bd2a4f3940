// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_loader.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace tacho {
namespace {

// Where the program finds its end of the socket.
constexpr int kSocketOfChild = 3;

// Signals as a program expects them, whatever the recorder blocks or ignores.
Result<pid_t> spawn(const std::string& program, const char* word, int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, kSocketOfChild);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const std::string number = std::to_string(kSocketOfChild);
  const char* arguments[] = {"tacho-bpf", word, number.c_str(), nullptr};
  char* no_environment[] = {nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes,
                                const_cast<char* const*>(arguments), no_environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("start", program, error);
  return pid;
}

}  // namespace

Result<BpfLoader> BpfLoader::start(const std::string& program, BpfPart part) {
  if (program.empty() || access(program.c_str(), X_OK) != 0)
    return Error{ErrorCode::absent, "tacho-bpf is not installed"};
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return last_system_error("make", "a pair of sockets");
  FileDescriptor ours(ends[0]), theirs(ends[1]);
  const pid_t pid = TRY(spawn(program, part == BpfPart::lives ? "lives" : "walk", theirs.get()));
  return BpfLoader(pid, std::move(ours));
}

BpfLoader::BpfLoader(BpfLoader&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      socket_(std::move(other.socket_)),
      received_(std::move(other.received_)) {}

// It ends right after its answer; one that is still at it is ended, and a dead process does not keep
// its parent waiting.
BpfLoader::~BpfLoader() {
  int status = 0;
  if (pid_ == 0 || waitpid(pid_, &status, WNOHANG) != 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

Result<std::optional<BpfObjects>> BpfLoader::poll() {
  if (!TRY(receive_bpf_objects(socket_.get(), received_))) return std::optional<BpfObjects>();
  return std::optional<BpfObjects>(std::move(received_));
}

}  // namespace tacho
