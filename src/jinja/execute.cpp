#include <algorithm>

#include "jinja/evaluate.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {

std::string Evaluator::render(const Block& block) {
  run_in_scope(block);
  return std::move(output_);
}

Evaluator::Flow Evaluator::run_in_scope(const Block& block, Scope scope) {
  scopes_.push_back(std::move(scope));
  const Flow flow = run(block);
  scopes_.pop_back();
  return flow;
}

Evaluator::Flow Evaluator::run(const Block& block) {
  for (const Statement& statement : block) {
    try {
      budget_.spend(Budget::kNode);
      if (const Flow flow = run(statement); flow != Flow::Normal) return flow;
    } catch (const ValueError& error) {
      fail(statement.line, error.what);
    }
  }
  return Flow::Normal;
}

Evaluator::Flow Evaluator::run(const Statement& statement) {
  switch (statement.kind) {
    case Statement::Kind::Text:
      print(statement.text);
      return Flow::Normal;
    case Statement::Kind::Print:
      print(printed(evaluate(*statement.value), budget_));
      return Flow::Normal;
    case Statement::Kind::If:
      return run_if(statement);
    case Statement::Kind::For:
      return run_for(statement);
    case Statement::Kind::Set:
      set(statement);
      return Flow::Normal;
    case Statement::Kind::SetAttribute:
      set_attribute(statement);
      return Flow::Normal;
    case Statement::Kind::SetBlock:
      return set_block(statement);
    case Statement::Kind::Scope:
      return run_in_scope(statement.branches[0].second);
    case Statement::Kind::Break:
      return Flow::Break;
    case Statement::Kind::Continue:
      return Flow::Continue;
  }
  return Flow::Normal;
}

void Evaluator::print(std::string_view text) {
  if (text.size() > kMostText - output_.size()) throw ValueError{"the output grows beyond 16 MiB"};
  budget_.spend(text.size());
  output_ += text;
}

Evaluator::Flow Evaluator::run_if(const Statement& statement) {
  for (const auto& [condition, block] : statement.branches) {
    if (condition == nullptr || is_true(evaluate(*condition))) return run(block);
  }
  return Flow::Normal;
}

std::shared_ptr<const Items> Evaluator::filtered(const Statement& statement) {
  auto items = walked(evaluate(*statement.value), budget_);
  if (statement.filter == nullptr) return items;
  Items kept;
  for (const Value& candidate : *items) {
    scopes_.push_back(bound(statement.targets, candidate));
    if (is_true(evaluate(*statement.filter))) {
      budget_.spend(sizeof(Value));
      kept.push_back(candidate);
    }
    scopes_.pop_back();
  }
  return std::make_shared<const Items>(std::move(kept));
}

Evaluator::Flow Evaluator::run_for(const Statement& statement) {
  const auto items = filtered(statement);
  bool completed = false;  // one round, up to its end: what Jinja2 asks before it runs `else`
  budget_.spend(sizeof(Loop));
  Loop& loop = loops_.emplace_back(Loop{items});
  for (; loop.index < items->size(); ++loop.index) {
    Scope scope = bound(statement.targets, (*items)[loop.index]);
    Value handle{.kind = Value::Kind::Loop};
    handle.loop = &loop;
    scope.insert_or_assign("loop", std::move(handle));
    const Flow flow = run_in_scope(statement.branches[0].second, std::move(scope));
    completed = completed || flow == Flow::Normal;
    if (flow == Flow::Break) break;
  }
  return completed || statement.branches.size() < 2 ? Flow::Normal : run_in_scope(statement.branches[1].second);
}

Scope Evaluator::bound(const std::vector<std::string>& targets, const Value& value) {
  budget_.spend(384 + 128 * targets.size());
  expect_kept(value);
  if (targets.size() == 1) return {{targets[0], value}};
  const auto parts = walked(value, budget_);
  if (parts->size() != targets.size()) {
    throw ValueError{std::to_string(parts->size()) + " values for " + std::to_string(targets.size()) + " names"};
  }
  Scope scope;
  for (std::size_t i = 0; i < targets.size(); ++i) scope.insert_or_assign(targets[i], (*parts)[i]);
  return scope;
}

void Evaluator::set(const Statement& statement) {
  for (auto& [name, value] : bound(statement.targets, evaluate(*statement.value))) {
    scopes_.back().insert_or_assign(name, value);
  }
}

void Evaluator::set_attribute(const Statement& statement) {
  const Value value = evaluate(*statement.value);
  const Value* target = find(statement.targets[0]);
  if (target == nullptr || !target->is(Value::Kind::Namespace)) {
    throw ValueError{"'" + statement.targets[0] + "' is no namespace, so its parts cannot be set"};
  }
  budget_.spend(128);
  expect_kept(value);
  target->name_space->values.insert_or_assign(statement.targets[1], value);
}

Evaluator::Flow Evaluator::set_block(const Statement& statement) {
  std::string outer;
  std::swap(outer, output_);
  const Flow flow = run_in_scope(statement.branches[0].second);
  std::swap(outer, output_);
  if (flow == Flow::Normal) scopes_.back().insert_or_assign(statement.targets[0], string(std::move(outer), budget_));
  return flow;
}

}  // namespace kiln::jinja
