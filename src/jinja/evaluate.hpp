// Runs a template: expressions (evaluate.cpp) in the scopes that statements (execute.cpp) open. One
// evaluator serves one rendering.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.hpp"

namespace kiln::jinja {

using Scope = std::map<std::string, Value, std::less<>>;

class Evaluator {
 public:
  Evaluator(Scope globals, Budget& budget) : budget_(budget) { scopes_.push_back(std::move(globals)); }

  /// Throws TemplateError; raise_exception's carries the template's words alone.
  std::string render(const Block& block);

 private:
  enum class Flow { Normal, Break, Continue };

  Flow run(const Block& block);
  Flow run_in_scope(const Block& block, Scope scope = {});
  Flow run(const Statement& statement);
  Flow run_if(const Statement& statement);
  Flow run_for(const Statement& statement);
  void set(const Statement& statement);
  void set_attribute(const Statement& statement);
  Flow set_block(const Statement& statement);
  void print(std::string_view text);
  [[nodiscard]] Scope bound(const std::vector<std::string>& targets, const Value& value);
  [[nodiscard]] std::shared_ptr<const Items> filtered(const Statement& statement);

  /// Adds the line to errors of values.
  Value evaluate(const Expression& expression);
  Value value_of(const Expression& expression);
  Value operator_value(const Expression& expression);
  std::vector<Value> all(const std::vector<ExpressionPtr>& parts);
  std::vector<std::optional<Value>> arguments(const Expression& expression);
  const Value* find(std::string_view name) const;
  Value attribute(const Value& target, const std::string& name);
  Value loop_attribute(const Loop& loop, const std::string& name);
  Value item(const Value& target, const Value& key, const Expression& expression);
  Value slice(const Expression& expression);
  Value call(const Expression& expression);
  Value dict_of(const Expression& expression);
  Value compare(const Expression& expression);
  bool holds(const Value& left, const std::string& sign, const Value& right);
  Value concatenate(const Expression& expression);
  Value arithmetic(const std::string& sign, const Value& left, const Value& right);
  Value repeated(const Value& sequence, std::int64_t times);

  Budget& budget_;
  std::vector<Scope> scopes_;
  std::deque<Namespace> namespaces_;
  std::deque<Loop> loops_;
  std::string output_;
};

}  // namespace kiln::jinja
