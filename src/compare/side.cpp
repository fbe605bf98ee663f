#include "compare/side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "compare/flat.hpp"
#include "compare/points.hpp"
#include "json/read.hpp"

namespace kiln::compare {
namespace {

constexpr std::ptrdiff_t kDeepest = 8;  ///< no key of a config is deeper
constexpr std::array<std::string_view, 5> kConfigs = {"chip", "model", "recipe", "tech", "economics"};
/// What says who answered, and where: not what was answered.
constexpr std::array<std::string_view, 6> kHead = {"schema_version", "version",   "git_revision",
                                                   "command",        "chip_auto", "host"};

bool among(const auto& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); }

/// `eval` has figures of the chip where others have its config.
const json::Value* config_in(const json::Value& document, std::string_view kind) {
  const auto* found = document.find(kind);
  return found != nullptr && found->find("name") != nullptr ? found : nullptr;
}

std::optional<std::uint64_t> whole_in(const json::Value& document, std::string_view key) {
  const auto* found = document.find(key);
  if (found == nullptr || !found->is_whole()) return std::nullopt;
  return found->whole();
}

/// Of a run in which all users had as many tokens.
void find_design(const json::Value& document, Side& side) {
  const auto why = [&](const std::string& sentence) { side.no_design = side.name + ": " + sentence; };
  if (side.kind != "run" && side.kind != "cost")
    return why("a document of kiln " + side.kind + " is not of a chip at work");
  Design design;
  for (const auto& [kind, into] :
       {std::pair{"chip", &design.chip}, {"model", &design.model}, {"recipe", &design.recipe}}) {
    const auto* config = config_in(document, kind);
    if (config == nullptr) return why(fmt::format("/{} is no config", kind));
    *into = *config;
  }
  if (document.find("workload") != nullptr || document.find("rtl") != nullptr)
    return why("a workload or a run of the RTL is not what the closed form is of");
  const auto users = whole_in(document, "users"), prompt = whole_in(document, "prompt_tokens"),
             answer = whole_in(document, "generated_tokens");
  if (!users || !prompt || !answer || *users == 0 || *prompt % *users != 0 || *answer % *users != 0)
    return why("its users have not all as many tokens");
  design.users = *users;
  design.prompt_tokens = *prompt / *users;
  design.new_tokens = *answer / *users;
  if (design.prompt_tokens < 1 || design.new_tokens < 2) return why("a rate needs two answer tokens");
  if (const auto* automatic = document.find("chip_auto"); automatic != nullptr && automatic->is_array())
    for (const auto& pointer : automatic->array())
      if (pointer.is_text() && pointer.text().starts_with('/')) {
        if (std::ranges::count(pointer.text(), '/') > kDeepest)
          return why("/chip_auto has " + base::excerpt(pointer.text()) + ", which is no key of a chip");
        const json::Value word("auto");
        put(design.chip, pointer.text(), &word);
      }
  side.design = std::move(design);
}

Side of_document(const std::string& name, const json::Value& document, const std::string& command) {
  Side side;
  side.name = name;
  side.kind = command;
  add_figures(
      document,
      [&](std::string_view key) {
        return among(kHead, key) || (among(kConfigs, key) && config_in(document, key) != nullptr);
      },
      side.figures);
  find_design(document, side);
  for (const auto kind : kConfigs) {
    const auto* config = config_in(document, kind);
    if (side.design && kind == "chip") config = &side.design->chip;
    if (config != nullptr) add_keys(std::string(kind), *config, side.keys);
  }
  if (side.design) add_lengths(*side.design, side.keys);
  return side;
}

bool is_database(const std::string& file) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::string begin(kMagic.size(), '\0');
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;  // reading a pipe would take from it
  std::ifstream in(file, std::ios::binary);
  return in.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kMagic;
}

/// What Kiln writes has no longer key; a path to each figure below one would repeat it.
constexpr std::size_t kLongestKey = 1000;

bool has_longer_key(const json::Value& tree) {
  if (tree.is_array()) return std::ranges::any_of(tree.array(), has_longer_key);
  return tree.is_object() && std::ranges::any_of(tree.object(), [](const auto& member) {
           return member.first.size() > kLongestKey || has_longer_key(member.second);
         });
}

base::Result<json::Value> read_document(const std::string& file) {
  const auto text = base::read_text_file(file);
  if (!text) return text.error();
  std::string why = "a document that --json wrote is expected";
  auto tree = json::read(*text, 64, [&](const json::Problem& problem) {
    why += fmt::format(" (byte {}: {})", problem.byte, problem.what);
    return false;
  });
  if (!tree) return base::Error{fmt::format("{} is no JSON; {}", file, why)};
  if (has_longer_key(*tree))
    return base::Error{
        fmt::format("{} has a key of more than {} bytes; a document that --json wrote is expected", file, kLongestKey)};
  return *std::move(tree);
}

struct PointName {
  std::string file;
  std::uint64_t number;
};

/// "R.db:42"
std::optional<PointName> point_in(const std::string& operand) {
  const auto colon = operand.rfind(':');
  if (colon == operand.npos || colon == 0) return std::nullopt;
  const auto digits = operand.substr(colon + 1);
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != digits.npos)
    return std::nullopt;
  return PointName{operand.substr(0, colon), std::stoull(digits)};
}

base::Result<Side> of_export(const PointName& point, const std::string& name) {
  const auto document = read_document(point.file);
  if (!document) return document.error();
  const auto* points = document->find("points");
  if (points == nullptr || !points->is_array())
    return base::Error{point.file + " has no points; a sweep's database or its export is expected before a number"};
  for (const auto& each : points->array())
    if (whole_in(each, "number") == point.number) return of_exported_point(name, each);
  return base::Error{fmt::format("{} has no point {}", point.file, point.number)};
}

}  // namespace

void add_lengths(const Design& design, Values& keys) {
  keys["prompt_tokens"] = design.prompt_tokens;
  keys["new_tokens"] = design.new_tokens;
  keys["users"] = design.users;
}

base::Result<Side> load_side(const std::string& operand, study::Environment& environment) {
  std::error_code ignored;
  const auto point = point_in(operand);
  if (point && !std::filesystem::exists(operand, ignored)) {
    return is_database(point->file) ? of_database_point(point->file, point->number, operand, environment)
                                    : of_export(*point, operand);
  }
  if (is_database(operand))
    return base::Error{fmt::format("{} is a sweep's database; {}:N, its point N, is expected", operand, operand)};
  const auto document = read_document(operand);
  if (!document) return document.error();
  const auto* command = document->find("command");
  if (command == nullptr || !command->is_text())
    return base::Error{operand + " has no /command; a document that --json wrote is expected"};
  return of_document(operand, *document, base::excerpt(base::without_controls(command->text())));
}

}  // namespace kiln::compare
