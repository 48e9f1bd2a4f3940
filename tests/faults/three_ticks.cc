// SPDX-License-Identifier: Apache-2.0
// tacho_three_ticks FOLDER ROOT: records three ticks and a last one of a captured machine into
// FOLDER, with a rotation and syncs on the way, by a clock that only it moves. Says what was lost.
#include <cstdio>

#include "recorder/recorder.h"
#include "recorder/testing.h"

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  if (argc != 3) return 2;
  tacho::testing::SteppingClock clock(10);  // so that the rotation mostly comes in time
  const auto recorded = tacho::record({.root = argv[2],
                                       .output = argv[1],
                                       .duration = 2500ms,
                                       .only = "memory",
                                       .sync_interval = 1s,
                                       .rotate_interval = 1s,
                                       .is_temporary = true},
                                      clock);
  if (!recorded) {
    std::fprintf(stderr, "%s\n", recorded.error().text.c_str());
    return 1;
  }
  for (const std::string& warning : recorded->late) std::fprintf(stderr, "%s\n", warning.c_str());
  std::printf("%lld\n", static_cast<long long>(recorded->lost_rows));
  return recorded->lost_rows > 0 ? 1 : 0;
}
