#include "sweep/outcome.hpp"

#include "base/text.hpp"
#include "json/read.hpp"

namespace kiln::sweep {

std::string printed(const json::Value& value) {
  return base::excerpt(base::without_controls(value.is_text() ? value.text() : json::write(value)));
}

std::string without_numbers(const std::string& sentence) {
  std::string text;
  for (const char c : sentence) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && text.ends_with('#')) continue;
    text += digit ? '#' : c;
  }
  return text;
}

std::string to_line(const Outcome& outcome) {
  json::Object line{{"number", outcome.number}, {"state", kStates[outcome.state]}};
  if (!outcome.key.empty()) line.emplace("key", outcome.key);
  if (!outcome.reason.empty()) line.emplace("reason", outcome.reason);
  if (!outcome.figures.empty()) line.emplace("figures", outcome.figures);
  if (outcome.verified) line.emplace("verified", true);
  return json::write(line);
}

std::optional<Outcome> from_line(std::string_view line) {
  const auto tree = json::read(line, 8, [](const json::Problem&) { return false; });
  if (!tree) return std::nullopt;
  const auto text = [&](std::string_view key) {
    const auto* found = tree->find(key);
    return found != nullptr && found->is_text() ? found->text() : std::string();
  };
  const auto* number = tree->find("number");
  const auto state = kStates.find(text("state"));
  if (number == nullptr || !number->is_whole() || !state) return std::nullopt;
  Outcome outcome{number->whole(), text("key"), *state, text("reason"), {}, false};
  const auto* verified = tree->find("verified");
  outcome.verified = verified != nullptr && verified->is_boolean() && verified->boolean();
  if (const auto* figures = tree->find("figures"); figures != nullptr && figures->is_object())
    outcome.figures = figures->object();
  return outcome;
}

}  // namespace kiln::sweep
