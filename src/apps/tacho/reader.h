// SPDX-License-Identifier: Apache-2.0
// Where the programs that belong to tacho are, and starting the reader.
#pragma once

#include <string>
#include <vector>

namespace tacho {

// tacho-reader beside this program (a build folder), else in ../libexec/tacho; empty when it is in
// neither.
std::string reader_path();
// The same of tacho-bpf.
std::string bpf_program_path();

// Becomes the reader with these arguments. Returns only when that failed: the exit status, after a
// line on stderr.
int become_reader(int argc, char** argv);

// Runs the reader and waits for it; its exit status.
int run_reader(const std::vector<std::string>& arguments);

}  // namespace tacho
