// SPDX-License-Identifier: Apache-2.0
// Text of --where to a tree, by recursive descent:
//   any  = all { "or" all }     all = not { "and" not }     not = ["not"] ( "(" any ")" |
//   comparison )
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "query/predicate_node.h"

namespace tacho {
namespace {

constexpr std::string_view kExample = R"(memory_usage > 1GiB and command = "cc1plus")";
// Deep enough for any question; a text of a million brackets must not end the stack.
constexpr int kDeepest = 100;

struct Token {
  enum class Kind : std::uint8_t { end, word, quoted, symbol } kind = Kind::end;
  std::string text;
  std::size_t at = 0;
};

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Everything that a name, a number or a size can hold.
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' ||
         c == '+';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Predicate::Node> parse() {
    TRY(advance());
    auto node = TRY(any(false, 0));
    if (token_.kind != Token::Kind::end) return wrong("expected \"and\", \"or\" or the end");
    return node;
  }

 private:
  using Node = Predicate::Node;

  Error wrong(const std::string& what) const {
    std::string text = "--where: " + what + " at character " + std::to_string(token_.at + 1);
    if (token_.kind != Token::Kind::end)
      text += ", where \"" + escaped(token_.text, 60) + "\" stands";
    return Error{ErrorCode::invalid, text + ", in: " + escaped(text_, 200) +
                                         "; a right one is: " + std::string(kExample)};
  }

  bool is_keyword(std::string_view keyword) const {
    return token_.kind == Token::Kind::word && std::ranges::equal(token_.text, keyword, {}, lower);
  }
  bool is_symbol(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && token_.text == symbol;
  }

  Result<void> advance() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    token_ = {.at = at_};
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (c == '"' || c == '\'') return quoted(c);
    if (is_word(c)) {
      token_.kind = Token::Kind::word;
      while (at_ < text_.size() && is_word(text_[at_])) token_.text += text_[at_++];
      return {};
    }
    token_.kind = Token::Kind::symbol;
    token_.text = c;
    ++at_;
    if ((c == '<' || c == '>' || c == '!') && at_ < text_.size() && text_[at_] == '=')
      token_.text += text_[at_++];
    return {};
  }

  Result<void> quoted(char quote) {
    token_.kind = Token::Kind::quoted;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return {};
      }
      // Text in recordings is escaped with backslashes (\x1B), so only \" \' and \\ mean something
      // here.
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (text_[at_] == '\\' && (next == '"' || next == '\'' || next == '\\')) ++at_;
      token_.text += text_[at_];
    }
    return wrong("a quote is not closed");
  }

  Result<Node> any(bool negated, int depth) { return chain("or", negated, depth); }

  // "a or b or c", or with the operator "and" one level below. Negated, each becomes the other.
  Result<Node> chain(std::string_view keyword, bool negated, int depth) {
    if (depth > kDeepest) return wrong("too many brackets");
    const bool is_or = keyword == "or";
    Node node{.kind = is_or != negated ? Node::Kind::any_of : Node::Kind::all_of};
    while (true) {
      node.children.push_back(TRY(is_or ? chain("and", negated, depth) : term(negated, depth)));
      if (!is_keyword(keyword)) break;
      TRY(advance());
    }
    if (node.children.size() > 1) return node;
    Node only = std::move(node.children.front());
    return only;
  }

  Result<Node> term(bool negated, int depth) {
    while (is_keyword("not")) {
      negated = !negated;
      TRY(advance());
    }
    if (!is_symbol("(")) return comparison(negated);
    TRY(advance());
    auto node = TRY(any(negated, depth + 1));
    if (!is_symbol(")")) return wrong("expected \")\"");
    TRY(advance());
    return node;
  }

  Result<Node> comparison(bool negated) {
    const bool is_name =
        token_.kind == Token::Kind::word &&
        (std::isalpha(static_cast<unsigned char>(token_.text[0])) || token_.text[0] == '_');
    if (!is_name || is_keyword("and") || is_keyword("or") || is_keyword("is"))
      return wrong("expected the name of a column");
    Node node{.column = token_.text};
    TRY(advance());
    if (is_keyword("is")) {
      TRY(null_test(node));
    } else {
      node.comparison = TRY(operation());
      TRY(advance());
      if (token_.kind != Token::Kind::word && token_.kind != Token::Kind::quoted)
        return wrong("expected a number, a size, a duration or text in quotes");
      node.literal = token_.text;
      node.is_quoted = token_.kind == Token::Kind::quoted;
      TRY(advance());
    }
    if (negated) node.comparison = opposite(node.comparison);
    return node;
  }

  Result<void> null_test(Node& node) {
    TRY(advance());
    node.comparison = Comparison::is_null;
    if (is_keyword("not")) {
      node.comparison = Comparison::is_not_null;
      TRY(advance());
    }
    if (!is_keyword("null")) return wrong("expected \"null\" or \"not null\" after \"is\"");
    return advance();
  }

  Result<Comparison> operation() const {
    if (token_.kind == Token::Kind::symbol)
      for (const Comparison comparison :
           {Comparison::equal, Comparison::unequal, Comparison::less, Comparison::at_most,
            Comparison::greater, Comparison::at_least, Comparison::contains})
        if (token_.text == text_of(comparison)) return comparison;
    return wrong("expected one of = != < <= > >= ~ or \"is null\"");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Token token_;
};

}  // namespace

std::string_view text_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return "=";
    case Comparison::unequal:
      return "!=";
    case Comparison::less:
      return "<";
    case Comparison::at_most:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::at_least:
      return ">=";
    case Comparison::contains:
      return "~";
    case Comparison::contains_not:
      return "not ~";
    case Comparison::is_null:
      return "is null";
    case Comparison::is_not_null:
      return "is not null";
  }
  return "";
}

Comparison opposite(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return Comparison::unequal;
    case Comparison::unequal:
      return Comparison::equal;
    case Comparison::less:
      return Comparison::at_least;
    case Comparison::at_most:
      return Comparison::greater;
    case Comparison::greater:
      return Comparison::at_most;
    case Comparison::at_least:
      return Comparison::less;
    case Comparison::contains:
      return Comparison::contains_not;
    case Comparison::contains_not:
      return Comparison::contains;
    case Comparison::is_null:
      return Comparison::is_not_null;
    case Comparison::is_not_null:
      return Comparison::is_null;
  }
  return comparison;
}

Result<Predicate::Node> parse_where(std::string_view text) { return Parser(text).parse(); }

}  // namespace tacho
