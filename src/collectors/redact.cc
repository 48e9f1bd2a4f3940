// SPDX-License-Identifier: Apache-2.0
#include "collectors/redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

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

// Sets of characters, all in one table: a command line is gone through several times.
enum CharacterSet : std::uint8_t {
  kEndsWord = 1 << 0,         // of an argument that may be a command line itself
  kEndsWordOfQuery = 1 << 1,  // behind a URL's scheme, where a comma or a bar is a value's own
  kEndsName = 1 << 2,
  kBlank = 1 << 3,
  kWantsQuotes = 1 << 4,
  kQuote = 1 << 5,  // and what else stands around a name in shell lines and JSON
  kInWord = 1 << 6,  // of what may be base64, hexadecimal or a JSON web token
  kUnplain = 1 << 7,  // may have to be escaped or quoted
};

// Of ASCII, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

consteval std::array<std::uint8_t, 256> make_character_sets() {
  std::array<std::uint8_t, 256> sets{};
  const auto add = [&sets](CharacterSet set, std::string_view members) {
    for (const char c : members) sets[static_cast<unsigned char>(c)] |= set;
  };
  add(kEndsWord, "&;?,|\n\t ");
  add(kEndsWordOfQuery, "&;?#\n\t ");
  add(kEndsName, "=:");
  add(kBlank, " \t\n");
  add(kWantsQuotes, " \t'\"$`&|;<>()*?[]#~!{}");
  add(kQuote, "\"'\\`{[(");
  add(kInWord, "+/=_-.:");
  for (int c = 0; c < 128; ++c)
    if (is_alphanumeric(static_cast<char>(c))) sets[static_cast<std::size_t>(c)] |= kInWord;
  for (std::size_t c = 0; c < sets.size(); ++c)
    if ((sets[c] & kInWord) == 0 && c != '@' && c != '%') sets[c] |= kUnplain;
  return sets;
}
constexpr std::array<std::uint8_t, 256> kCharacterSets = make_character_sets();

constexpr bool is_in(CharacterSet set, char c) {
  return (kCharacterSets[static_cast<unsigned char>(c)] & set) != 0;
}

// The place of the first character of the set, or the end of the text.
std::size_t find_in(CharacterSet set, std::string_view text, std::size_t at = 0) {
  while (at < text.size() && !is_in(set, text[at])) ++at;
  return at;
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

// Does the name of an option or variable speak of a secret?
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

// Without tokens of known form and random-looking words.
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

// Programs whose options of one letter take a secret. "login" is a word of docker, podman, az and oc.
enum SecretStands : std::uint8_t { behind, apart, either };  // -px, -p x
struct ShortSecret {
  std::string_view program;  // or a beginning of its name, up to the *
  std::string_view letters;
  SecretStands stands;
};
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

const ShortSecret* find_program(std::string_view word) {
  const std::string_view name = word.substr(word.find_last_of('/') + 1);
  if (name.empty() || name.size() > kLongestProgram || !kFirstLetters[static_cast<unsigned char>(name.front())])
    return nullptr;
  for (const ShortSecret& known : kShortSecrets) {
    const bool is_beginning = known.program.ends_with('*');
    const std::string_view wanted = known.program.substr(0, known.program.size() - is_beginning);
    if (is_beginning ? name.starts_with(wanted) : name == wanted) return &known;
  }
  return nullptr;
}

std::string_view without_quotes(std::string_view text) {
  while (!text.empty() && is_in(kQuote, text.front())) text.remove_prefix(1);
  while (!text.empty() && is_in(kQuote, text.back())) text.remove_suffix(1);
  return text;
}

// What a command line has said so far about what comes next in it.
class Redactor {
 public:
  // The argument as it may be kept.
  std::string take(std::string_view argument) {
    if (std::exchange(next_is_secret_, false)) return std::string(kRemoved);
    return without_secrets(argument);
  }

 private:
  // Name=value, name: value (headers, JSON), queries of URLs, options and the words behind them. An
  // argument with blanks may be a command line itself (sh -c).
  std::string without_secrets(std::string_view whole) {
    std::string known;
    if (whole.find('@') != std::string_view::npos) known = without_users(whole);
    const std::string_view argument = known.empty() ? whole : known;
    const std::size_t scheme = argument.find("://");
    std::string result;
    result.reserve(argument.size());
    std::size_t start = 0;
    while (start <= argument.size()) {
      const bool in_query = scheme < start;
      const std::size_t end = find_in(in_query ? kEndsWordOfQuery : kEndsWord, argument, start);
      const std::string_view piece = argument.substr(start, end - start);
      if (const std::size_t value = value_of_secret(piece); value != std::string_view::npos) {
        result.append(piece.substr(0, value)).append(kRemoved);
        // Everything behind it: a header's or password's value may hold blanks and separators.
        if (!in_query) return result;
      } else {
        append_word(result, piece);
      }
      if (end == argument.size()) break;
      result.push_back(argument[end]);
      start = end + 1;
      // Behind "--password " within an argument nobody knows where the secret ends.
      if (std::exchange(next_is_secret_, false)) return result.append(kRemoved);
    }
    return result;
  }

  // Where the value begins whose name speaks of a secret: of a=b=c or a=b:c each name counts.
  static std::size_t value_of_secret(std::string_view piece) {
    std::size_t begin = 0;
    while (true) {
      const std::size_t mark = find_in(kEndsName, piece, begin);
      if (mark == piece.size()) return std::string_view::npos;
      const std::string_view name = without_quotes(piece.substr(begin, mark - begin));
      const bool is_scheme = piece.substr(mark).starts_with("://");
      const bool is_path = begin > 0 && name.find('/') != std::string_view::npos;  // of a list: a:b
      if (!is_scheme && !is_path && is_secret_name(name)) return mark + 1;
      begin = mark + 1;
    }
  }

  // A word without a named value: what it says about the next one is noted.
  void append_word(std::string& result, std::string_view piece) {
    const std::string_view word = without_quotes(piece);
    if (word.starts_with('-') && takes_short_secret(word)) {
      result.append(piece.substr(0, piece.find('-') + 2));
      if (next_is_secret_) return void(result.append(word.substr(2)));
      return void(result.append(kRemoved));
    }
    append_without_tokens(result, piece);
    const bool is_name = word.starts_with('-') && find_in(kEndsName, word) == word.size();
    next_is_secret_ = (is_name && is_secret_name(word)) || is_followed_by_secret(word);
    if (const ShortSecret* program = find_program(word)) program_ = program;
    before_ = word == "set" ? Before::set : Before::other;
  }

  // -pSECRET, or -p with the secret behind it, which is noted. Flags of curl are written together: -su.
  bool takes_short_secret(std::string_view word) {
    if (program_ == nullptr || word.size() < 2 || word[1] == '-') return false;
    const bool is_known = program_->letters.find(word[1]) != std::string_view::npos;
    if (is_known && word.size() > 2) return program_->stands != apart;
    const bool is_together = program_->program == "curl" && program_->letters.find(word.back()) != std::string_view::npos &&
                             std::ranges::all_of(word.substr(1), [](char c) { return is_lower(c) || is_upper(c); });
    next_is_secret_ = (is_known || is_together) && program_->stands != behind;
    return next_is_secret_;
  }

  // Words of their own: nmcli ... password X, aws configure set aws_secret_access_key X.
  bool is_followed_by_secret(std::string_view word) const {
    if (word == "password" || word == "passphrase" || word == "psk" || word == "user_pw" || word == "owner_pw")
      return true;
    if (before_ == Before::set) return is_secret_name(word);
    return program_ != nullptr && program_->program == "curl" && (word == "--user" || word == "--proxy-user");
  }

  enum class Before { other, set };

  const ShortSecret* program_ = nullptr;
  Before before_ = Before::other;
  bool next_is_secret_ = false;
};

bool needs_quotes(std::string_view text) {
  return text.empty() || find_in(kWantsQuotes, text) < text.size();
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
  if (!argument.empty() && argument.size() <= room && find_in(kUnplain, argument) == argument.size()) {
    out.append(argument);
    return true;
  }
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

}  // namespace

RedactedArguments redact_arguments(std::string_view arguments, std::size_t limit) {
  RedactedArguments result;
  result.text.reserve(std::min(arguments.size(), limit));
  Redactor redactor;
  bool first = true;
  while (!arguments.empty()) {
    const std::string kept = redactor.take(take_until(arguments, '\0'));
    if (!first && result.text.size() < limit) result.text.push_back(' ');
    result.cut = !append_argument(result.text, kept, limit - result.text.size());
    if (result.cut) break;
    first = false;
  }
  return result;
}

std::vector<std::string> redact_each(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  Redactor redactor;
  for (const std::string& argument : arguments)
    append_quoted(result.emplace_back(), escaped(redactor.take(argument)));
  return result;
}

}  // namespace tacho
