// SPDX-License-Identifier: Apache-2.0
// Runs every input of the corpus through its target: fuzz_replay CORPUS [TARGET...]
// An input that ends the process is named by the line before.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a hostile input may cost; of a program without sanitizers, which have their own beside it.
bool stays_within_memory() {
  constexpr long kMostKib = 512 << 10;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __SANITIZE_ADDRESS__
  return true;
#else
  if (usage.ru_maxrss < kMostKib) return true;
  std::fprintf(stderr, "%ld KiB of memory were used at most, more than %ld\n", usage.ru_maxrss, kMostKib);
  return false;
#endif
}

// A folder without a target is one whose inputs nobody runs.
bool names_match(const fs::path& corpus) {
  bool match = true;
  for (const auto& entry : fs::directory_iterator(corpus))
    if (tacho::fuzz::find_target(entry.path().filename().string()) == nullptr) {
      std::fprintf(stderr, "%s: there is no such target\n", entry.path().c_str());
      match = false;
    }
  return match;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: fuzz_replay CORPUS [TARGET...]\n");
    return 2;
  }
  const fs::path corpus = words[1];
  const std::set<std::string> wanted(words + 2, words + count);
  if (!names_match(corpus)) return 1;
  int failed = 0;
  for (const tacho::fuzz::Target& target : tacho::fuzz::targets()) {
    const std::string name(target.name);
    if (!wanted.empty() && !wanted.contains(name)) continue;
    const auto inputs = inputs_in(corpus / name);
    if (inputs.empty()) {
      std::fprintf(stderr, "%s: it has no inputs in %s\n", name.c_str(), (corpus / name).c_str());
      ++failed;
    }
    for (const fs::path& input : inputs) {
      std::printf("%s/%s\n", name.c_str(), input.filename().c_str());
      std::fflush(stdout);
      target.run(bytes_of(input));
    }
  }
  return failed == 0 && stays_within_memory() ? 0 : 1;
}
