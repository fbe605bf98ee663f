// A value or the reason why there is none. Expected failures (a bad file, a bad key, a full KV cache) travel as
// Result; a broken invariant is a bug and throws BugError through check(), in every build.
// An Error is one sentence: what, where (file, byte offset or JSON pointer), what was expected.
#pragma once

#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kiln::base {

struct Error {
  std::string message;
  bool interrupted = false;  ///< a program that this one waited for was ended as Ctrl-C ends programs
  /// The message's lines are sentences of their own: all that is wrong with a config file. Otherwise it is one sentence,
  /// and a line break in it came out of a file.
  bool lines = false;
};

/// The error with more in front of each of its sentences.
Error prefixed(const std::string& before, Error error);

class BugError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_check(std::string_view what, std::source_location where);

/// Throws BugError naming `what` and the call site unless `holds`.
inline void check(bool holds, std::string_view what, std::source_location where = std::source_location::current()) {
  if (!holds) fail_check(what, where);
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; a bug if there is none.
  T& value() & {
    check(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    check(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  T&& value() && {
    check(ok(), "value() of a failed Result");
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const {
    check(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    check(!ok(), "error() of a Result that holds a value");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace kiln::base
