// SPDX-License-Identifier: Apache-2.0
// What in a command line looks like a secret: names that speak of one, tokens of known form, random-looking
// words, users with their passwords, and programs whose short options take one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tacho {

inline constexpr std::string_view kRemoved = "[removed]";

// Does the name of an option or variable speak of a secret?
bool is_secret_name(std::string_view name);

// Without tokens of known form and random-looking words.
void append_without_tokens(std::string& out, std::string_view text);

// Without user:password@host in its words, and what stands before the @ of a URL.
std::string without_users(std::string_view argument);

// Programs whose options of one letter take a secret.
enum SecretStands : std::uint8_t { behind, apart, either };  // -px, -p x
struct ShortSecret {
  std::string_view program;  // or a beginning of its name, up to the *
  std::string_view letters;
  SecretStands stands;
};
// nullptr: no such program.
const ShortSecret* find_program(std::string_view word);

}  // namespace tacho
