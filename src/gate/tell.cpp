// A check's answer as a table for people and as JSON.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "gate/words.hpp"

namespace kiln::gate {
namespace {

/// Two long texts, from a few characters before they part.
std::string from_difference(const std::string& text, const std::string& other) {
  constexpr std::size_t kBefore = 20, kShort = 90;
  if (text.size() <= kShort && other.size() <= kShort) return text;
  const auto end = std::ranges::mismatch(text, other).in1 - text.begin();
  auto begin = std::max<std::ptrdiff_t>(0, end - static_cast<std::ptrdiff_t>(kBefore));
  while (begin > 0 && begin < static_cast<std::ptrdiff_t>(text.size()) &&
         base::continues_character(text[static_cast<std::size_t>(begin)]))
    --begin;
  return (begin > 0 ? "..." : "") + text.substr(static_cast<std::size_t>(begin));
}

std::string printed_beside(const json::Value& value, const json::Value& other) {
  if (value.is_text() && other.is_text()) return printed(from_difference(value.text(), other.text()));
  return printed(value);
}

/// A line that is too long goes on below, under its first word.
std::string broken(std::string line, std::size_t columns) {
  std::string text;
  while (line.size() > columns) {
    const auto cut = line.rfind(' ', columns);
    if (cut == line.npos || cut < 11) break;
    text += line.substr(0, cut) + "\n";
    line = std::string(10, ' ') + line.substr(cut + 1);
  }
  return text + line + "\n";
}

}  // namespace

std::string printed(const json::Value& value) {
  return base::excerpt(base::without_controls(value.is_text() ? value.text() : json::write(value)));
}

std::string change_of(const Row& row) { return row.change ? fmt::format("{:+.3g} %", 100 * *row.change) : ""; }

std::string sentence_of(const Row& row) {
  const auto& metric = row.metric;
  const auto unit = metric.unit.empty() ? "" : " " + base::without_controls(metric.unit);
  if (row.result == Result::Missing)
    return row.why.empty() ? "the document has no such figure any more" : "the command failed: " + printed(row.why);
  if (row.result == Result::New) return fmt::format("is {}{}, and not in the baseline", printed(*row.now), unit);
  auto text = fmt::format("was {}{}, is {}{}", printed_beside(metric.value, *row.now), unit,
                          printed_beside(*row.now, metric.value), row.change ? " (" + change_of(row) + ")" : "");
  if (row.result != Result::Same)
    text += metric.tolerance > 0 ? fmt::format("; within {:g} % is expected", 100 * metric.tolerance)
                                 : "; the same is expected";
  if (row.result == Result::Better) text += ", and a baseline that is better too: --update";
  if (row.other_configs()) text += "; the configs are others than when it was recorded";
  return text;
}

Counts counts_of(const Answer& answer) {
  Counts counts;
  for (const auto& row : answer.rows) {
    if (row.result == Result::Same) {
      ++counts.same;
    } else if (row.result == Result::New) {
      ++counts.added;
    } else {
      ++counts.failed;
    }
  }
  return counts;
}

std::string command_of(const Metric& metric) {
  std::string text = "kiln";
  for (const auto& word : metric.command) text += " " + base::shell_word(word);
  return base::without_controls(text);
}

bool worth_telling(const Row& row) { return row.result != Result::Same || !(*row.now == row.metric.value); }

std::string check_text(const Answer& answer, const std::string& file, Update update, std::size_t columns) {
  const auto counts = counts_of(answer);
  std::string text;
  std::string command;
  for (const auto& row : answer.rows) {
    if (!worth_telling(row)) continue;
    if (const auto own = command_of(row.metric); own != command) {
      command = own;
      text += command + "\n";
    }
    text += broken(
        fmt::format("  {:<8}{}: {}", kResults[row.result], base::without_controls(row.metric.path), sentence_of(row)),
        columns);
  }
  text += fmt::format("{}: {} of {} metrics as they were", answer.passed() ? "passed" : "FAILED", counts.same,
                      counts.same + counts.failed);
  if (counts.added > 0) text += fmt::format(", {} new", counts.added);
  text += "\n";
  const auto name = base::shell_word(base::without_controls(file));
  if (update == Update::Done) return text + "these are the figures of " + name + " now\n";
  if (counts.failed + counts.added > 0 && answer.commands_ended_well())
    text += "kiln check " + name + " --update makes them the baseline, if they are wanted\n";
  return text;
}

json::Object check_json(const Answer& answer, Update update) {
  json::Array rows;
  for (const auto& row : answer.rows) {
    json::Object entry{{"name", row.metric.name},   {"path", row.metric.path}, {"result", kResults[row.result]},
                       {"value", row.metric.value}, {"unit", row.metric.unit}, {"sentence", sentence_of(row)}};
    if (row.now) entry.emplace("now", *row.now);
    if (row.change) entry.emplace("change", *row.change);
    rows.push_back(std::move(entry));
  }
  return {{"passed", answer.passed()}, {"updated", update == Update::Done}, {"metrics", std::move(rows)}};
}

}  // namespace kiln::gate
