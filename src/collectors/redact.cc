// SPDX-License-Identifier: Apache-2.0
#include "collectors/redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "base/text.h"

namespace tacho {
namespace {

constexpr std::string_view kRemoved = "[removed]";
// Git ids have 40 digits and say nothing secret, but keys of 32 and more look the same: a false
// removal costs a hash in a command line, a false keep costs a secret.
constexpr std::size_t kShortestRandomWord = 32;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// Words by their first character. Command lines of compilers have hundreds of arguments, and all of
// them are looked through while somebody waits for the first tick: one pass over a text, not one a word.
template <std::size_t Count>
class WordSet {
 public:
  consteval explicit WordSet(const std::array<std::string_view, Count>& words) : words_(words) {
    std::ranges::sort(words_, {}, [](std::string_view word) { return word.front(); });
    for (std::size_t index = 0; index < Count; ++index) {
      const auto first = static_cast<unsigned char>(words_[index].front());
      if (counts_[first]++ == 0) begins_[first] = static_cast<std::uint8_t>(index);
    }
  }
  // Does one of the words stand at the beginning of the text?
  bool begins(std::string_view text) const {
    const auto first = static_cast<unsigned char>(text.front());
    for (std::uint8_t at = begins_[first]; at < begins_[first] + counts_[first]; ++at)
      if (text.starts_with(words_[at])) return true;
    return false;
  }

 private:
  static_assert(Count < 128);  // an index fits a byte
  std::array<std::string_view, Count> words_;
  std::array<std::uint8_t, 256> begins_{}, counts_{};
};

constexpr WordSet<37> kSecretWords({"passw",         "passwd",
                                    "passphrase",    "pwd",
                                    "secret",        "token",
                                    "apikey",        "api-key",
                                    "api_key",       "accesskey",
                                    "access-key",    "access_key",
                                    "private-key",   "private_key",
                                    "privatekey",    "credential",
                                    "auth",          "bearer",
                                    "signature",     "cookie",
                                    "session-id",    "session_id",
                                    "sessionid",     "client-key",
                                    "account-key",   "account_key",
                                    "accountkey",    "encryption-key",
                                    "encryption_key", "connectionstring",
                                    "connection-string", "connection_string",
                                    "dsn",           "x-api",
                                    "sas-",          "pin-code",
                                    "otp"});

// Does the name of an option or variable speak of a secret?
bool is_secret_name(std::string_view name) {
  const std::string text = lower(name);
  if (text == "--pass" || text == "-pass" || text == "pass" || text == "--key" || text == "key" ||
      text.ends_with("_pass") || text.ends_with("-pass") || text.ends_with("_key") ||
      text.ends_with("_pat"))
    return true;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(1))
    if (kSecretWords.begins(rest)) return true;
  return false;
}

// Of ASCII, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

bool is_word_character(char c) {
  return is_alphanumeric(c) || c == '+' || c == '/' || c == '=' ||
         c == '_' || c == '-' || c == '.' || c == ':';
}

// Base64, hexadecimal, JSON web tokens: long, and letters mixed with digits throughout.
bool looks_random(std::string_view word) {
  if (word.size() < kShortestRandomWord) return false;
  std::size_t digits = 0, lowers = 0, uppers = 0, separators = 0, changes = 0;
  for (std::size_t index = 0; index < word.size(); ++index) {
    const char c = word[index];
    if (!is_word_character(word[index])) return false;
    const bool digit = is_digit(c);
    digits += digit;
    lowers += is_lower(c);
    uppers += is_upper(c);
    separators += c == '/' || c == '-' || c == '.' || c == '_' || c == ':';
    if (index > 0) changes += digit != is_digit(word[index - 1]);
  }
  const bool mixed = digits >= word.size() / 16 && lowers + uppers > 0 && changes >= word.size() / 8;
  const bool hexadecimal = digits + lowers + uppers == word.size() && digits > 0 && changes >= 6;
  // Paths and dotted names have a separator every few letters.
  return (mixed || hexadecimal || (uppers >= 6 && lowers >= 6 && digits >= 2 && changes >= 4)) &&
         separators * 10 <= word.size();
}

constexpr WordSet<30> kTokenPrefixes({"ghp_",     "gho_",     "ghs_",     "ghu_",   "ghr_",
                                      "github_pat_", "glpat-", "xoxb-",    "xoxp-",  "xoxa-",
                                      "xapp-",    "sk-",      "sk_live_", "sk_test_", "rk_live_",
                                      "pk_live_", "AKIA",     "ASIA",     "AIza",   "ya29.",
                                      "eyJ",      "SG.",      "npm_",     "pypi-",  "dop_v1_",
                                      "hf_",      "shpat_",   "Bearer ",  "Basic ", "-----BEGIN"});
// A known prefix followed by little is a word of another meaning ("sk-learn").
constexpr std::size_t kShortestToken = 16;

// Replaces user:password@ in URLs, tokens of known form and random-looking words.
std::string without_tokens(std::string_view argument) {
  for (std::size_t at = 0; at + kShortestToken <= argument.size(); ++at) {
    if (!kTokenPrefixes.begins(argument.substr(at))) continue;
    if (at > 0 && is_alphanumeric(argument[at - 1])) continue;
    return std::string(argument.substr(0, at)) + std::string(kRemoved);
  }
  const std::size_t scheme = argument.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t host = scheme + 3;
    const std::size_t end = std::min(argument.find_first_of("/?#", host), argument.size());
    const std::size_t at = argument.substr(0, end).rfind('@');
    if (at != std::string_view::npos && at > host) {
      const std::string rest = without_tokens(argument.substr(at + 1));
      return std::string(argument.substr(0, host)) + std::string(kRemoved) + "@" + rest;
    }
  }
  std::string result;
  while (!argument.empty()) {
    std::size_t size = 0;
    while (size < argument.size() && is_word_character(argument[size]) && argument[size] != '=')
      ++size;
    while (size > 0 && size < argument.size() && argument[size] == '=' &&
           argument.substr(size).find_first_not_of('=') == std::string_view::npos)
      ++size;  // padding of base64 belongs to the word
    result.append(looks_random(argument.substr(0, size)) ? kRemoved : argument.substr(0, size));
    argument.remove_prefix(size);
    if (argument.empty()) break;
    result.push_back(argument.front());
    argument.remove_prefix(1);
  }
  return result;
}

// name=value, name:value (headers), and queries of URLs: the value when the name is a secret's.
std::string without_secret_values(std::string_view argument) {
  std::string result;
  std::size_t start = 0;
  while (start <= argument.size()) {
    const std::size_t end = std::min(argument.find_first_of("&;?\n ", start), argument.size());
    const std::string_view piece = argument.substr(start, end - start);
    const std::size_t mark = piece.find_first_of("=:");
    const bool is_scheme = mark != std::string_view::npos && piece.substr(mark).starts_with("://");
    if (mark != std::string_view::npos && !is_scheme && is_secret_name(piece.substr(0, mark))) {
      // Everything behind it: a header's or password's value may hold blanks and separators.
      result.append(piece.substr(0, mark + 1)).append(kRemoved);
      const bool in_query = argument.find("://") < start;
      if (!in_query) return result;
    } else {
      result.append(without_tokens(piece));
    }
    if (end == argument.size()) break;
    result.push_back(argument[end]);
    start = end + 1;
  }
  return result;
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \t'\"$`&|;<>()*?[]#~!{}") != std::string_view::npos;
}

void append_quoted(std::string& out, std::string_view text) {
  if (!needs_quotes(text)) {
    out.append(text);
    return;
  }
  out.push_back('\'');
  for (const char c : text) {
    if (c == '\'') {
      out.append("'\\''");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('\'');
}

// The argument, escaped and quoted, in at most `room` bytes; false when it was cut.
bool append_argument(std::string& out, std::string_view argument, std::size_t room) {
  for (std::size_t limit = room;;) {
    std::string safe, quoted;
    const bool is_whole = append_escaped(safe, argument, limit);
    append_quoted(quoted, safe);
    if (!is_whole && safe.empty()) return false;
    if (quoted.size() <= room) {
      out.append(quoted);
      return is_whole;
    }
    if (safe.empty()) return false;
    // Quotes take room too.
    limit = safe.size() - std::min(quoted.size() - room, safe.size());
  }
}

// The single-letter options of programs that take a secret right behind them.
bool takes_short_secret(std::string_view program, std::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-' || argument[1] == '-') return false;
  const char letter = argument[1];
  const bool is_database = program.starts_with("mysql") || program.starts_with("mariadb");
  if (is_database) return letter == 'p' && argument.size() > 2;
  if (program == "sshpass") return letter == 'p';
  if (program == "curl" || program == "wget") return letter == 'u' || letter == 'U';
  if (program == "redis-cli" || program == "ldapsearch" || program == "smbclient")
    return letter == 'a' || letter == 'w' || letter == 'U';
  return false;
}

}  // namespace

RedactedArguments redact_arguments(std::string_view arguments, std::size_t limit) {
  RedactedArguments result;
  std::string_view program;
  bool remove_next = false;
  bool first = true;
  while (!arguments.empty()) {
    const std::string_view argument = take_until(arguments, '\0');
    std::string kept;
    if (remove_next) {
      kept = kRemoved;
      remove_next = false;
    } else if (first) {
      kept = without_tokens(argument);
      program = argument.substr(argument.find_last_of('/') + 1);
    } else if (takes_short_secret(program, argument)) {
      kept = std::string(argument.substr(0, 2));
      if (argument.size() > 2) {
        kept.append(kRemoved);
      } else {
        remove_next = true;
      }
    } else {
      kept = without_secret_values(argument);
      remove_next = argument.starts_with('-') &&
                    argument.find_first_of("=: ") == std::string_view::npos &&
                    is_secret_name(argument);
    }
    if (!first && result.text.size() < limit) result.text.push_back(' ');
    result.cut = !append_argument(result.text, kept, limit - result.text.size());
    if (result.cut) break;
    first = false;
  }
  return result;
}

}  // namespace tacho
