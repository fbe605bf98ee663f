// A parsed template. Expressions are at most kMostExpressionDepth deep, statements kMostBlocks: evaluating recurses no
// deeper, however hostile the text was.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jinja/value.hpp"

namespace kiln::jinja {

inline constexpr int kMostExpressionDepth = 200;
inline constexpr int kMostBlocks = 60;

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

struct Expression {
  enum class Kind {
    Literal,      ///< literal
    Name,         ///< name
    List,         ///< parts
    Tuple,        ///< parts
    Dict,         ///< parts: key, value, key, value ...
    Attribute,    ///< parts[0].name
    Item,         ///< parts[0][parts[1]]
    Slice,        ///< parts[0][parts[1]:parts[2]:parts[3]], null where left out
    Call,         ///< name(parts), the last of them by `keywords`
    Method,       ///< parts[0].name(parts[1] ...), one part per parameter, null where not given; so Filter and Test
    Filter,       ///< parts[0] | name(...)
    Test,         ///< parts[0] is name(...)
    Not,          ///< parts[0]
    Negate,       ///< parts[0]
    Identity,     ///< +parts[0]
    And,          ///< parts[0], parts[1]
    Or,           ///< parts[0], parts[1]
    Conditional,  ///< parts[1] if parts[0] else parts[2] (or null)
    Compare,      ///< parts[0] keywords[0] parts[1] keywords[1] parts[2] ...
    Concatenate,  ///< parts, as text
    Arithmetic    ///< parts[0] name parts[1]
  };
  Kind kind = Kind::Literal;
  int line = 1;
  int depth = 1;
  std::string name;
  Value literal;
  std::vector<ExpressionPtr> parts;
  std::vector<std::string> keywords;
};

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum class Kind {
    Text,          ///< text
    Print,         ///< value
    If,            ///< branches; the last may have no condition
    For,           ///< targets, value, filter (or null), branches[0]: the body, branches[1]: else
    Set,           ///< targets, value
    SetAttribute,  ///< targets[0].targets[1] = value
    SetBlock,      ///< targets[0], branches[0]
    Scope,         ///< branches[0]: {% generation %}
    Break,
    Continue
  };
  Kind kind = Kind::Text;
  int line = 1;
  std::string text;
  std::vector<std::string> targets;
  ExpressionPtr value;
  ExpressionPtr filter;
  std::vector<std::pair<ExpressionPtr, Block>> branches;
};

}  // namespace kiln::jinja
