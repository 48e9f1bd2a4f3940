// SPDX-License-Identifier: Apache-2.0
// tacho-bpf: loads one of our BPF programs, hands its descriptors to the recorder that started it, and
// ends. The only part of tacho that needs rights for BPF, so that nothing else has to have them:
//   setcap cap_bpf,cap_perfmon+ep /usr/local/libexec/tacho/tacho-bpf
// lets whoever may execute it see every process of the machine. So it trusts nothing that its caller
// can choose: no environment, no open file but the socket, no word but two.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "apps/bpf/load.h"
#include "base/capabilities.h"
#include "base/text.h"
#include "ledger/bpf_objects.h"

namespace tacho {
namespace {

constexpr int kFailed = 1, kUsageError = 2;
constexpr int kSocket = 3;

int tell_usage() {
  std::fputs("tacho-bpf is started by tacho; see tacho --help\n", stderr);
  return kUsageError;
}

// Before Linux 5.11 what programs and maps take counts as locked memory. Raising its limit takes a right
// that goes next.
void allow_locked_memory() {
  constexpr rlimit kAll{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &kAll);
}

// Of what its caller or its file gives it. Before Linux 5.8, which has no CAP_BPF, it takes all of root.
void keep_only_what_loading_takes() {
  hand_down_no_capabilities();
  if (prctl(PR_CAPBSET_READ, CAP_BPF, 0, 0, 0) < 0) return;
  constexpr Capability kNeeded[] = {CAP_BPF, CAP_PERFMON};
  keep_capabilities(kNeeded);
}

// Standard input, output and error are there, so that nothing of ours takes their numbers.
bool fill_standard_descriptors() {
  for (int descriptor = 0; descriptor < kSocket; ++descriptor)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor) return false;
  return true;
}

bool is_our_kind_of_socket(int descriptor) {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  return domain == AF_UNIX && type == SOCK_SEQPACKET;
}

// Everything but the socket is closed, and the socket has one number.
bool keep_only(int socket) {
  if (socket != kSocket && dup2(socket, kSocket) != kSocket) return false;
  fcntl(kSocket, F_SETFD, FD_CLOEXEC);
  return close_range(kSocket + 1, ~0U, 0) == 0;
}

int run(std::string_view word, std::string_view number) {
  const auto socket = parse_integer<int>(number);
  if (!socket || *socket < kSocket || (word != "lives" && word != "walk")) return tell_usage();
  if (!is_our_kind_of_socket(*socket)) return tell_usage();
  if (!keep_only(*socket)) return kFailed;
  keep_what_libbpf_says();
  const auto loaded = word == "lives" ? load_lives(kSocket) : load_walk(kSocket);
  const auto told = loaded ? send_bpf_end(kSocket)
                           : send_bpf_error(kSocket, loaded.error().system_error, loaded.error().text);
  return loaded && told ? 0 : kFailed;
}

}  // namespace
}  // namespace tacho

int main(int argc, char** argv) {
  umask(077);
  clearenv();
  tacho::allow_locked_memory();
  tacho::keep_only_what_loading_takes();
  if (!tacho::fill_standard_descriptors()) return tacho::kFailed;
  return argc == 3 ? tacho::run(argv[1], argv[2]) : tacho::tell_usage();
}
