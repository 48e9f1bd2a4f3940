// SPDX-License-Identifier: Apache-2.0
#include "collectors/secret_signs.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "collectors/character_sets.h"

namespace tacho {
namespace {

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

// These are secrets' names only when nothing else stands beside them.
constexpr std::array<std::string_view, 17> kSecretNames = {
    "--pass", "-pass", "pass", "--key", "key", "-pw", "--pw", "--psk", "-psk", "psk", "--pin", "-pin",
    "--pat", "sig", "user_pw", "owner_pw", "/p"};

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string lowered;
  if (std::ranges::any_of(name, is_upper)) lowered = lower(name);
  const std::string_view text = lowered.empty() ? name : lowered;
  if (std::ranges::find(kSecretNames, text) != kSecretNames.end() || text.ends_with("_pass") ||
      text.ends_with("-pass") || text.ends_with("_key") || text.ends_with("_pat"))
    return true;
  for (std::string_view rest = text; rest.size() >= 3; rest.remove_prefix(1))  // "dsn"
    if (kSecretWords.begins(rest)) return true;
  return false;
}

namespace {

// Base64, hexadecimal, JSON web tokens: long, and letters mixed with digits throughout.
bool looks_random(std::string_view word) {
  if (word.size() < kShortestRandomWord) return false;
  std::size_t digits = 0, lowers = 0, uppers = 0, separators = 0, changes = 0;
  for (std::size_t index = 0; index < word.size(); ++index) {
    const char c = word[index];
    if (!is_in(kInWord, c)) return false;
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

// The word at the beginning of the text that may be random-looking.
std::size_t size_of_word(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_in(kInWord, text[size]) && text[size] != '=') ++size;
  while (size > 0 && size < text.size() && text[size] == '=' &&
         text.find_first_not_of('=', size) == std::string_view::npos)
    ++size;  // padding of base64 belongs to the word
  return size;
}

}  // namespace

void append_without_tokens(std::string& out, std::string_view text) {
  if (text.size() < kShortestToken) return void(out.append(text));
  for (std::size_t at = 0; at + kShortestToken <= text.size(); ++at) {
    if (at > 0 && is_alphanumeric(text[at - 1])) continue;
    if (!kTokenPrefixes.begins(text.substr(at))) continue;
    out.append(text.substr(0, at)).append(kRemoved);
    return;
  }
  while (text.size() >= kShortestRandomWord) {
    const std::size_t size = size_of_word(text);
    out.append(looks_random(text.substr(0, size)) ? kRemoved : text.substr(0, size));
    text.remove_prefix(size);
    if (text.empty()) return;
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  out.append(text);
}

namespace {

// Of one word: user:password@host, and what stands before the @ of a URL. A password may hold any
// character, an @ too.
void append_without_user(std::string& out, std::string_view word) {
  while (true) {
    const std::size_t scheme = word.find("://");
    const bool has_scheme = scheme != std::string_view::npos;
    const std::size_t begin = has_scheme ? scheme + 3 : 0;
    const std::size_t end = std::min(word.find('/', begin), word.size());
    const std::size_t at = word.substr(0, end).rfind('@');
    out.append(word.substr(0, begin));
    if (at != std::string_view::npos && at > begin) {
      const std::string_view user = word.substr(begin, at - begin);
      // name:tag@sha256:..., an image of a container, is no user.
      const bool is_secret = has_scheme || (user.find(':') != std::string_view::npos &&
                                            !word.substr(at + 1).starts_with("sha256:"));
      out.append(is_secret ? kRemoved : user).append(word.substr(at, end - at));
    } else {
      out.append(word.substr(begin, end - begin));
    }
    word.remove_prefix(end);
    if (word.find("://") == std::string_view::npos) break;
  }
  out.append(word);
}

}  // namespace

std::string without_users(std::string_view argument) {
  std::string result;
  while (true) {
    const std::size_t end = find_in(kBlank, argument);
    append_without_user(result, argument.substr(0, end));
    if (end == argument.size()) return result;
    result.push_back(argument[end]);
    argument.remove_prefix(end + 1);
  }
}

namespace {

// "login" is a word of docker, podman, az and oc.
constexpr std::array<ShortSecret, 24> kShortSecrets = {{
    {"mysql*", "p", behind}, {"mariadb*", "p", behind}, {"7z*", "p", behind}, {"rar", "p", behind},
    {"unrar", "p", behind}, {"sshpass", "p", either}, {"curl", "uU", either},
    {"wget", "uU", either}, {"redis-cli", "a", either}, {"ldap*", "w", either},
    {"smbclient", "U", either}, {"mongo*", "p", either}, {"login", "p", either},
    {"zip", "P", either}, {"unzip", "P", either}, {"snmp*", "cAX", either},
    {"ipmitool", "P", either}, {"lftp", "u", either}, {"rdesktop", "p", either},
    {"sqlcmd", "P", either}, {"bcp", "P", either}, {"isql", "P", either}, {"ncftp*", "p", either},
    {"openssl", "kK", apart}}};
constexpr std::size_t kLongestProgram = 24;

consteval std::array<bool, 256> first_letters() {
  std::array<bool, 256> letters{};
  for (const ShortSecret& known : kShortSecrets)
    letters[static_cast<unsigned char>(known.program.front())] = true;
  return letters;
}
constexpr std::array<bool, 256> kFirstLetters = first_letters();

}  // namespace

const ShortSecret* find_program(std::string_view word) {
  const std::string_view name = word.substr(word.find_last_of('/') + 1);
  if (name.empty() || name.size() > kLongestProgram || !kFirstLetters[static_cast<unsigned char>(name.front())])
    return nullptr;
  for (const ShortSecret& known : kShortSecrets) {
    if (known.program.front() != name.front()) continue;  // most, and it is asked of every word
    const bool is_beginning = known.program.ends_with('*');
    const std::string_view wanted = known.program.substr(0, known.program.size() - is_beginning);
    if (is_beginning ? name.starts_with(wanted) : name == wanted) return &known;
  }
  return nullptr;
}

}  // namespace tacho
