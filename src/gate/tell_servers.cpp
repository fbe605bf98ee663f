// A check's answer as JUnit's XML and as Markdown.
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "gate/words.hpp"

namespace kiln::gate {
namespace {

/// Well-formed UTF-8 of what XML allows: no control characters, nor U+FFFE and U+FFFF.
std::string characters(std::string_view text) {
  const auto plain = base::without_controls(text);
  std::string safe;
  for (std::string_view rest = plain; !rest.empty();) {
    const auto bytes = base::character_at_start(rest);
    const auto character = rest.substr(0, bytes);
    const bool allowed = bytes > 0 && character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";
    safe += allowed ? character : base::kReplacementCharacter;
    rest.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return safe;
}

/// The text with an entity in place of each of these.
std::string xml(std::string_view text) {
  std::string safe;
  for (const char c : characters(text)) {
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

/// A cell of a Markdown table, in which nothing is markup.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : xml(text)) {
    if (std::string_view("|`*_[]\\").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

std::string testcase(const Row& row) {
  const auto head =
      fmt::format("<testcase classname=\"{}\" name=\"{}\"", xml(command_of(row.metric)), xml(row.metric.name));
  if (row.result == Result::Same) return head + "/>\n";
  const auto kind =
      row.result == Result::New ? std::string("skipped") : fmt::format("failure type=\"{}\"", kResults[row.result]);
  return fmt::format("{}><{} message=\"{}\"/></testcase>\n", head, kind, xml(sentence_of(row)));
}

}  // namespace

std::string junit_xml(const Answer& answer, const std::string& name) {
  const auto counts = counts_of(answer);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
      xml(name), answer.rows.size(), counts.failed, counts.added);
  for (const auto& row : answer.rows) text += testcase(row);
  return text + "</testsuite>\n</testsuites>\n";
}

std::string markdown(const Answer& answer, const std::string& name) {
  const auto counts = counts_of(answer);
  std::string text = fmt::format("### Kiln: {} {}\n\n{} of {} metrics as they were", cell(name),
                                 answer.passed() ? "passed" : "failed", counts.same, counts.same + counts.failed);
  if (counts.added > 0) text += fmt::format(", {} new", counts.added);
  text += ".\n";
  std::string rows;
  for (const auto& row : answer.rows)
    if (worth_telling(row))
      rows += fmt::format("| {} | {} | {} | {} | {} |\n", cell(row.metric.name), kResults[row.result],
                          row.result == Result::New ? "" : cell(printed(row.metric.value)),
                          cell(row.now ? printed(*row.now) : sentence_of(row)), change_of(row));
  if (rows.empty()) return text;
  return text + "\n| metric | | was | is | change |\n|---|---|--:|--:|--:|\n" + rows;
}

}  // namespace kiln::gate
