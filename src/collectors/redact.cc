// SPDX-License-Identifier: Apache-2.0
#include "collectors/redact.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "collectors/character_sets.h"
#include "collectors/secret_signs.h"

namespace tacho {
namespace {

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
