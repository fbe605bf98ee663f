// A check's answer as a table, JSON, JUnit's XML and Markdown.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "gate/check.hpp"

namespace kiln::gate {
namespace {

std::string printed(const json::Value& value) {
  return base::excerpt(base::without_controls(value.is_text() ? value.text() : json::write(value)));
}

std::string change_of(const Row& row) {
  if (!row.change) return "";
  return fmt::format("{:+.3g} %", 100 * *row.change);
}

/// "cycles_total was 797,467 cycles, is 797,468 (+0.00013 %); equal is expected"
std::string sentence_of(const Row& row) {
  const auto& metric = row.metric;
  const auto unit = metric.unit.empty() ? "" : " " + metric.unit;
  if (row.result == Result::Missing)
    return row.why.empty() ? "the document has no such figure any more" : "the command failed: " + row.why;
  if (row.result == Result::New) return fmt::format("is {}{}, and not in the baseline", printed(*row.now), unit);
  std::string text = fmt::format("was {}{}, is {}{}", printed(metric.value), unit, printed(*row.now),
                                 row.change ? " (" + change_of(row) + ")" : "");
  if (row.result == Result::Other) text += "; the same is expected";
  if (row.result == Result::Worse || row.result == Result::Better)
    text += fmt::format("; within {:g} % is expected", 100 * metric.tolerance);
  if (row.result == Result::Better) text += ": better, and the baseline must say so (--update)";
  if (row.other_configs) text += "; the configs are others than when it was recorded";
  return text;
}

std::string xml(std::string_view text) {
  std::string safe;
  for (const char c : base::without_controls(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

/// A cell of a Markdown table.
std::string cell(std::string text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

struct Counts {
  std::size_t same = 0, failed = 0, added = 0;
};

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
  return text;
}

}  // namespace

std::string check_text(const Answer& answer, std::size_t columns) {
  const auto counts = counts_of(answer);
  std::string text;
  std::string command;
  for (const auto& row : answer.rows) {
    if (row.result == Result::Same && row.now && *row.now == row.metric.value) continue;
    if (const auto own = command_of(row.metric); own != command) {
      command = own;
      text += command + "\n";
    }
    std::string line = fmt::format("  {:<8}{}: {}", kResults[row.result], row.metric.path, sentence_of(row));
    // A line that is too long goes on below.
    while (line.size() > columns) {
      const auto cut = line.rfind(' ', columns);
      if (cut == line.npos || cut < 11) break;
      text += line.substr(0, cut) + "\n";
      line = std::string(10, ' ') + line.substr(cut + 1);
    }
    text += line + "\n";
  }
  text += fmt::format("{}: {} of {} metrics as they were", answer.passed() ? "passed" : "FAILED", counts.same,
                      counts.same + counts.failed);
  if (counts.added > 0) text += fmt::format(", {} new", counts.added);
  return text + "\n";
}

std::string check_json(const Answer& answer) {
  json::Array rows;
  for (const auto& row : answer.rows) {
    json::Object entry{{"name", row.metric.name},   {"path", row.metric.path}, {"result", kResults[row.result]},
                       {"value", row.metric.value}, {"unit", row.metric.unit}, {"sentence", sentence_of(row)}};
    if (row.now) entry.emplace("now", *row.now);
    if (row.change) entry.emplace("change", *row.change);
    rows.push_back(std::move(entry));
  }
  return json::write(json::Object{{"command", "check"}, {"passed", answer.passed()}, {"metrics", std::move(rows)}}) +
         "\n";
}

std::string junit_xml(const Answer& answer, const std::string& name) {
  const auto counts = counts_of(answer);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
      xml(name), answer.rows.size(), counts.failed, counts.added);
  for (const auto& row : answer.rows) {
    text += fmt::format("<testcase classname=\"{}\" name=\"{}\"", xml(command_of(row.metric)), xml(row.metric.name));
    if (row.result == Result::Same) {
      text += "/>\n";
    } else if (row.result == Result::New) {
      text += fmt::format("><skipped message=\"{}\"/></testcase>\n", xml(sentence_of(row)));
    } else {
      text += fmt::format("><failure type=\"{}\" message=\"{}\"/></testcase>\n", kResults[row.result],
                          xml(sentence_of(row)));
    }
  }
  return text + "</testsuite>\n</testsuites>\n";
}

std::string markdown(const Answer& answer, const std::string& name) {
  const auto counts = counts_of(answer);
  std::string text = fmt::format("### Kiln: {} {}\n\n{} of {} metrics as they were", name,
                                 answer.passed() ? "passed" : "failed", counts.same, counts.same + counts.failed);
  if (counts.added > 0) text += fmt::format(", {} new", counts.added);
  text += ".\n";
  std::string rows;
  for (const auto& row : answer.rows) {
    if (row.result == Result::Same && row.now && *row.now == row.metric.value) continue;
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", cell(row.metric.name), kResults[row.result],
                        cell(printed(row.metric.value)), row.now ? cell(printed(*row.now)) : "", change_of(row));
  }
  if (rows.empty()) return text;
  return text + "\n| metric | | was | is | change |\n|---|---|--:|--:|--:|\n" + rows;
}

}  // namespace kiln::gate
