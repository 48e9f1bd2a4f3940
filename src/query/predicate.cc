// SPDX-License-Identifier: Apache-2.0
#include "query/predicate.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "base/units.h"
#include "query/predicate_node.h"
#include "store/arrow_glue.h"
#include "store/columns.h"

namespace tacho {
namespace {

using Node = Predicate::Node;

bool is_null_test(Comparison comparison) {
  return comparison == Comparison::is_null || comparison == Comparison::is_not_null;
}

void collect(const Node& node, std::vector<std::string>& columns) {
  if (node.kind == Node::Kind::comparison &&
      std::ranges::find(columns, node.column) == columns.end())
    columns.push_back(node.column);
  for (const Node& child : node.children) collect(child, columns);
}

// A number as it is, or with a unit that the column's own allows.
Result<long double> number_of(const Node& node, const ColumnInfo& column) {
  if (const auto whole = parse_integer<std::int64_t>(node.literal)) return (long double)*whole;
  if (const auto whole = parse_integer<std::uint64_t>(node.literal)) return (long double)*whole;
  double real = 0;
  const char* last = node.literal.data() + node.literal.size();
  const auto [end, error] = std::from_chars(node.literal.data(), last, real);
  if (error == std::errc() && end == last) return (long double)real;
  if (column.unit == "By") return (long double)TRY(parse_size(node.literal));
  if (column.unit == "ns") return (long double)TRY(parse_duration(node.literal)).count();
  return Error{ErrorCode::invalid, "--where: \"" + escaped(node.literal, 60) + "\" is no number; " +
                                       column.name + " takes a plain one: " + column.name + " " +
                                       std::string(text_of(node.comparison)) + " 10"};
}

Error unknown_column(const std::string& name, const std::vector<ColumnInfo>& columns) {
  std::string known;
  for (const ColumnInfo& column : columns) known += (known.empty() ? "" : ", ") + column.name;
  return Error{ErrorCode::invalid,
               "--where: there is no column " + escaped(name, 60) + "; there are: " + known};
}

Result<void> bind_node(Node& node, const std::vector<ColumnInfo>& columns, Nanoseconds now) {
  for (Node& child : node.children) TRY(bind_node(child, columns, now));
  if (node.kind != Node::Kind::comparison) return {};
  const auto column = std::ranges::find(columns, node.column, &ColumnInfo::name);
  if (column == columns.end()) return unknown_column(node.column, columns);
  node.type = column->type;
  if (is_null_test(node.comparison)) return {};
  const bool is_text = column->type == Type::text;
  const bool is_search =
      node.comparison == Comparison::contains || node.comparison == Comparison::contains_not;
  if (is_search && !is_text)
    return Error{ErrorCode::invalid, "--where: ~ looks into text, and " + node.column +
                                         " holds numbers; compare it: " + node.column + " > 10"};
  if (is_text && !node.is_quoted)
    return Error{ErrorCode::invalid, "--where: " + node.column + " holds text: write " +
                                         node.column + " " + std::string(text_of(node.comparison)) +
                                         " \"" + escaped(node.literal, 60) + "\""};
  if (is_text) return {};
  if (column->type == Type::timestamp && node.is_quoted)
    node.number = (long double)TRY(parse_time(node.literal, now)).count();
  else
    node.number = TRY(number_of(node, *column));
  return {};
}

template <class Value>
bool holds(Comparison comparison, const Value& value, const Value& literal) {
  switch (comparison) {
    case Comparison::equal:
      return value == literal;
    case Comparison::unequal:
      return value != literal;
    case Comparison::less:
      return value < literal;
    case Comparison::at_most:
      return value <= literal;
    case Comparison::greater:
      return value > literal;
    case Comparison::at_least:
      return value >= literal;
    default:
      return false;
  }
}

bool holds_text(Comparison comparison, std::string_view value, std::string_view literal) {
  if (comparison == Comparison::contains) return value.find(literal) != std::string_view::npos;
  if (comparison == Comparison::contains_not) return value.find(literal) == std::string_view::npos;
  return holds(comparison, value, literal);
}

std::vector<std::uint8_t> compare(const Node& node, const arrow::RecordBatch& batch) {
  const ColumnView column(batch, node.column);
  std::vector<std::uint8_t> matches(static_cast<std::size_t>(batch.num_rows()), 0);
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    auto& match = matches[static_cast<std::size_t>(row)];
    const bool is_null = column.is_null(row);
    if (is_null_test(node.comparison)) {
      match = is_null == (node.comparison == Comparison::is_null);
    } else if (is_null) {
      continue;
    } else if (node.type == Type::text) {
      match = holds_text(node.comparison, column.text(row), node.literal);
    } else if (node.type == Type::real) {
      match = holds<long double>(node.comparison, column.real(row), node.number);
    } else if (node.type == Type::unsigned_integer) {
      match = holds<long double>(node.comparison, column.word(row), node.number);
    } else {
      match = holds<long double>(node.comparison, column.integer(row), node.number);
    }
  }
  return matches;
}

std::vector<std::uint8_t> evaluate_node(const Node& node, const arrow::RecordBatch& batch) {
  if (node.kind == Node::Kind::comparison) return compare(node, batch);
  auto matches = evaluate_node(node.children.front(), batch);
  for (std::size_t child = 1; child < node.children.size(); ++child) {
    const auto others = evaluate_node(node.children[child], batch);
    for (std::size_t row = 0; row < matches.size(); ++row)
      matches[row] =
          node.kind == Node::Kind::all_of ? matches[row] & others[row] : matches[row] | others[row];
  }
  return matches;
}

// Whether some value between `low` and `high` can compare so with `literal`.
template <class Value>
bool some_holds(Comparison comparison, const Value& low, const Value& high, const Value& literal) {
  switch (comparison) {
    case Comparison::equal:
      return low <= literal && literal <= high;
    case Comparison::unequal:
      return low != high || low != literal;
    case Comparison::less:
      return low < literal;
    case Comparison::at_most:
      return low <= literal;
    case Comparison::greater:
      return high > literal;
    case Comparison::at_least:
      return high >= literal;
    default:
      return true;
  }
}

bool may_match_node(const Node& node, const RangeOf& range_of) {
  const auto may = [&](const Node& child) { return may_match_node(child, range_of); };
  if (node.kind == Node::Kind::all_of) return std::ranges::all_of(node.children, may);
  if (node.kind == Node::Kind::any_of) return std::ranges::any_of(node.children, may);
  if (is_null_test(node.comparison)) return true;
  const auto range = range_of(node.column);
  if (!range) return true;
  if (range->low && range->high && node.type != Type::text && node.type != Type::real)
    return some_holds<long double>(node.comparison, *range->low, *range->high, node.number);
  if (range->low_real && range->high_real && node.type == Type::real)
    return some_holds<long double>(node.comparison, *range->low_real, *range->high_real,
                                   node.number);
  if (range->low_text && range->high_text && node.type == Type::text)
    return some_holds<std::string>(node.comparison, *range->low_text, *range->high_text,
                                   node.literal);
  return true;
}

class FilterStream final : public RowStream {
 public:
  FilterStream(Stream rows, Predicate predicate)
      : rows_(std::move(rows)), predicate_(std::move(predicate)) {}
  const Schema& schema() const override { return rows_->schema(); }
  Result<Batch> next() override {
    while (true) {
      Batch batch = TRY(rows_->next());
      if (!batch) return batch;
      const auto matches = predicate_.evaluate(*batch);
      std::vector<std::int32_t> chosen;
      for (std::size_t row = 0; row < matches.size(); ++row)
        if (matches[row] != 0) chosen.push_back(static_cast<std::int32_t>(row));
      if (chosen.size() == matches.size()) return batch;
      if (!chosen.empty()) return take_rows(*batch, chosen);
    }
  }

 private:
  Stream rows_;
  Predicate predicate_;
};

}  // namespace

Predicate::Predicate(std::unique_ptr<Node> root, Nanoseconds now)
    : root_(std::move(root)), now_(now) {}
Predicate::Predicate(const Predicate& other)
    : root_(std::make_unique<Node>(*other.root_)), now_(other.now_) {}
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;
Predicate::~Predicate() = default;

Result<Predicate> Predicate::parse(std::string_view text, Nanoseconds now) {
  Node root = TRY(parse_where(text));
  return Predicate(std::make_unique<Node>(std::move(root)), now);
}

std::vector<std::string> Predicate::columns() const {
  std::vector<std::string> names;
  collect(*root_, names);
  return names;
}

Result<void> Predicate::bind(const arrow::Schema& schema) {
  return bind_node(*root_, columns_of(schema), now_);
}

std::vector<std::uint8_t> Predicate::evaluate(const arrow::RecordBatch& batch) const {
  return evaluate_node(*root_, batch);
}

bool Predicate::may_match(const RangeOf& range_of) const {
  return may_match_node(*root_, range_of);
}

Result<Stream> filter_rows(Stream rows, std::string_view where, Nanoseconds now) {
  Predicate predicate = TRY(Predicate::parse(where, now));
  TRY(predicate.bind(*rows->schema()));
  return Stream(std::make_unique<FilterStream>(std::move(rows), std::move(predicate)));
}

}  // namespace tacho
