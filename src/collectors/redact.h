// SPDX-License-Identifier: Apache-2.0
// Command lines without their secrets, before the first byte is stored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tacho {

// `arguments` as the kernel has them (separated by NUL) to one line: each argument escaped
// (base/text.h) and quoted where a shell would need it. Values of options and variables whose names
// speak of secrets (--password=x, -p after mysql, TOKEN=x, Authorization: ...), user:password in
// URLs, private keys and long random-looking words become "[removed]". At most `limit` bytes;
// `cut` says whether there was more.
struct RedactedArguments {
  std::string text;
  bool cut = false;
};
RedactedArguments redact_arguments(std::string_view arguments, std::size_t limit);

// The same of each argument, as one list of the same length.
std::vector<std::string> redact_each(const std::vector<std::string>& arguments);

}  // namespace tacho
