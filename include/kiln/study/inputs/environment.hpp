// What every question needs besides itself: where configs are, threads, how progress is told and work stopped. One
// environment serves one question after the other.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/progress.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/config/catalogue.hpp"

namespace kiln::study {

class Environment {
 public:
  /// `threads`: 0 is one per core; answers do not depend on it.
  explicit Environment(config::Catalogue configs = {}, std::size_t threads = 0)
      : configs_(std::move(configs)), wanted_threads_(threads) {}

  [[nodiscard]] config::Catalogue& configs() { return configs_; }
  [[nodiscard]] const config::Catalogue& configs() const { return configs_; }
  /// Started when it is first asked for.
  [[nodiscard]] base::ThreadPool& pool();
  /// At work: 1 without a pool.
  [[nodiscard]] std::size_t threads() const { return pool_ ? pool_->threads() : 1; }

  base::Progress progress;
  /// Gets each warning at once, so that a question which then fails has reported it; may be empty. Answers carry their
  /// warnings in any case.
  std::function<void(const std::string& sentence)> on_warning;
  /// Gets sentences that are no part of an answer, about work of before that is taken up or kept for later; may be empty.
  std::function<void(const std::string& sentence)> on_note;

 private:
  config::Catalogue configs_;
  std::size_t wanted_threads_;
  std::optional<base::ThreadPool> pool_;
};

/// Sentences for the reader of the answer: what was done differently from what the question may have meant.
class Warnings {
 public:
  explicit Warnings(const Environment& environment) : told_(environment.on_warning) {}
  void add(std::string sentence) {
    if (told_) told_(sentence);
    sentences_.push_back(std::move(sentence));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(sentences_); }

 private:
  std::function<void(const std::string&)> told_;
  std::vector<std::string> sentences_;
};

}  // namespace kiln::study
